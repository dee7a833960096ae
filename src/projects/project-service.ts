// Projects with optimistic locking: every change names the version it saw, adds one to it, a line to the history and an
// entry to the audit log, all in one transaction. Features are kept in chunks and switched to as a whole.
import type { Change, Recorder, Trail } from '../audit/record.ts'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import type { Ids } from '../base/ids.ts'
import type { ProjectRow } from '../store/projects.ts'
import type { Store } from '../store/store.ts'
import type { Project, ProjectFeature, Projects, ProjectVersion } from './projects.ts'

type Actor = Change['actor']

/** Features per chunk: about a quarter of a megabyte of JSON, a few milliseconds to write. */
const CHUNK = 500
const ID = /^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/

export interface ProjectsOptions {
  store: Store
  recorder: Recorder
  clock: Clock
  ids: Ids
}

export function createProjects({ store, recorder, clock, ids }: ProjectsOptions): Projects {
  const rows = store.projects
  /** The highest number given to a set of features since the start. */
  let newestSet = 0

  function rowOf(id: string): ProjectRow {
    const row = rows.byId(id)
    if (row === undefined) throw new AppError('PROJECT_NOT_FOUND', 'Project not found')
    return row
  }

  /** History, audit and webhooks of one change; call in its transaction. */
  function leaveTrail(
    trail: Trail,
    row: ProjectRow,
    change: ProjectVersion['change'],
    actor: Actor,
    data: Record<string, unknown> = {},
  ): void {
    rows.addVersion(row, change, actor.id)
    trail.audit({
      eventType: `project.${change}`,
      entityType: 'project',
      entityId: row.id,
      actor,
      data: { version: row.version, ...data },
    })
    trail.notify(change === 'created' ? 'project_saved' : 'project_updated', () => ({
      project_id: row.id,
      version: row.version,
      change,
    }))
  }

  function conflict(expected: number, found: number): AppError {
    return new AppError(
      'VERSION_CONFLICT',
      `Version mismatch. Expected ${expected}, but found ${found}.`,
      {
        data: { expected, found },
      },
    )
  }

  return {
    async create(input, actor) {
      const id = input.id ?? ids.uuid()
      checkText('id', id, ID.test(id))
      checkText('name', input.name, isName(input.name))
      return recorder.recordGrouped((trail) => {
        const row = rows.insert({
          id,
          name: input.name,
          crsOut: input.crsOut ?? null,
          now: clock.now(),
        })
        if (row === undefined) {
          throw new AppError(
            'REQUEST_INVALID',
            'A project with this id exists already. Choose another id.',
          )
        }
        leaveTrail(trail, row, 'created', actor)
        return toProject(row)
      })
    },

    get: (id) => toProject(rowOf(id)),

    list: ({ limit = 100, offset = 0 } = {}) =>
      rows.list(Math.min(Math.max(limit, 1), 1000), Math.max(offset, 0)).map(toProject),

    async update(id, change, actor) {
      if (change.name !== undefined) checkText('name', change.name, isName(change.name))
      return recorder.recordGrouped((trail) => {
        const found = rowOf(id)
        const row = rows.update({
          ...found,
          version: change.version,
          name: change.name ?? found.name,
          crsOut: change.crsOut === undefined ? found.crsOut : change.crsOut,
          now: clock.now(),
        })
        if (row === undefined) throw conflict(change.version, found.version)
        leaveTrail(trail, row, 'updated', actor)
        return toProject(row)
      })
    },

    async remove(id, actor) {
      await recorder.recordGrouped((trail) => {
        rowOf(id)
        const row = rows.remove(id, clock.now())
        if (row === undefined) throw new AppError('PROJECT_NOT_FOUND', 'Project not found')
        rows.dropOtherSets(id, -1)
        leaveTrail(trail, row, 'deleted', actor)
      })
    },

    async replaceFeatures(id, version, features, actor) {
      const before = rowOf(id)
      if (before.version !== version) throw conflict(version, before.version)
      // A number that neither a stored set has (one may be left behind by a crash) nor a rival being written right now.
      const featureSet = Math.max(rows.newestSet(id), before.featureSet, newestSet) + 1
      newestSet = featureSet
      let count = 0
      let n = 0
      try {
        for (const chunk of chunksOf(features)) {
          const text = JSON.stringify(chunk)
          const at = n++
          count += chunk.length
          // One commit a chunk, so that other writers and the event loop get their turn.
          await store.group(() =>
            rows.addChunk(id, featureSet, at, chunk.length, text, sha256(text)),
          )
        }
        return await recorder.recordGrouped((trail) => {
          const found = rowOf(id)
          const row = rows.update({
            ...found,
            version,
            featureSet,
            featureCount: count,
            now: clock.now(),
          })
          if (row === undefined) throw conflict(version, found.version)
          rows.dropOtherSets(id, featureSet)
          leaveTrail(trail, row, 'features', actor, { features: count })
          return toProject(row)
        })
      } catch (error) {
        await store.group(() => rows.dropSet(id, featureSet)).catch(() => {})
        throw error
      }
    },

    *features(id) {
      const { featureSet } = rowOf(id)
      for (let n = 0; ; n++) {
        const chunk = rows.chunk(id, featureSet, n)
        if (chunk === undefined) return
        if (!sha256(chunk.features).equals(chunk.sha256)) {
          throw new AppError(
            'RESULT_CORRUPT',
            'Stored features of this project do not match their SHA-256. Restore a backup.',
          )
        }
        yield JSON.parse(chunk.features) as ProjectFeature[]
      }
    },

    history(id) {
      const versions = rows.versions(id)
      if (versions.length === 0) throw new AppError('PROJECT_NOT_FOUND', 'Project not found')
      return versions
    },
  }
}

function toProject({ featureSet: _, ...row }: ProjectRow): Project {
  return row
}

function isName(name: string): boolean {
  return name.trim().length > 0 && name.length <= 500
}

function checkText(field: string, value: string, isValid: boolean): void {
  if (isValid && !/\p{Cs}/u.test(value)) return
  throw new AppError(
    'PARAMS_INVALID',
    `The project's ${field} is not valid: ids are 1 to 128 printable ASCII characters, names 1 to 500 characters.`,
    { data: { field } },
  )
}

function* chunksOf(features: Iterable<ProjectFeature>): Generator<ProjectFeature[]> {
  let chunk: ProjectFeature[] = []
  for (const feature of features) {
    chunk.push(feature)
    if (chunk.length < CHUNK) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
