// Projects with optimistic locking: every change names the version it saw, adds one to it, a line to the history and an
// entry to the audit log, all in one transaction. Features are kept in chunks and switched to as a whole.
// Over 300 lines because every way to change a project is here, so that each is seen to leave the same trail.
import type { Change, Recorder, Trail } from '../audit/record.ts'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import type { Ids } from '../base/ids.ts'
import type { Origin, Outcome } from '../kernel/formats/change-set.ts'
import type { ProjectRow } from '../store/projects.ts'
import type { Store } from '../store/store.ts'
import type { Compute } from '../workers/compute.ts'
import type { MergeOutput, MergeTask } from '../workers/merge-task.ts'
import { createPatcher, type StoredPart } from './feature-patch.ts'
import { createFeatureSets, type NewSet } from './feature-sets.ts'
import type {
  ChangeSet,
  LegacyProject,
  LegacyReport,
  Project,
  Projects,
  ProjectVersion,
} from './projects.ts'

type Actor = Change['actor']

/** Printable ASCII that can stand in an address: no slash or backslash, and neither `.` nor `..`, not even encoded. */
const ID =
  /^(?!\.{1,2}$)[\x21-\x2e\x30-\x5b\x5d-\x7e](?:[\x20-\x2e\x30-\x5b\x5d-\x7e]{0,126}[\x21-\x2e\x30-\x5b\x5d-\x7e])?$/

export interface ProjectsOptions {
  store: Store
  recorder: Recorder
  clock: Clock
  ids: Ids
  compute: Compute
}

export function createProjects({
  store,
  recorder,
  clock,
  ids,
  compute,
}: ProjectsOptions): Projects {
  const rows = store.projects
  const sets = createFeatureSets(store)

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

  /** The project as the client saw it. */
  function seen(id: string, version: number): ProjectRow {
    const row = rowOf(id)
    if (row.version !== version) throw conflict(version, row.version)
    return row
  }

  /** The one step in which a set becomes the current one, with history, audit and event. */
  async function switchTo(
    before: ProjectRow,
    set: NewSet,
    deletions: string,
    change: ProjectVersion['change'],
    data: Record<string, unknown>,
    actor: Actor,
    crsOut: string | null = before.crsOut,
  ): Promise<Project> {
    const { id, version } = before
    const project = await recorder.recordGrouped((trail) => {
      const found = rowOf(id)
      const { featureSet } = set
      const next = { ...found, crsOut, version, featureSet, featureCount: set.count() }
      const row = rows.update({ ...next, now: clock.now() })
      if (row === undefined) throw conflict(version, found.version)
      if (deletions !== '[]') rows.setDeletions(id, featureSet, deletions)
      leaveTrail(trail, row, change, actor, { features: row.featureCount, ...data })
      return toProject(row)
    })
    await sets.dropBefore(id, set.featureSet)
    return project
  }

  interface Incoming extends Pick<MergeTask, 'mode' | 'document' | 'dryRun'> {
    jobId?: string | null
    /** The document has to say which version its sender saw. */
    mustSay?: boolean
  }

  async function merge(before: ProjectRow, incoming: Incoming, actor: Actor): Promise<ChangeSet> {
    const { mode, document, dryRun, jobId = null } = incoming
    const chunks = await sets.forMerge(before)
    const deleted = rows.deletions(before.id, before.featureSet)
    const whole = document.byteLength === document.buffer.byteLength
    const merged = await compute.run(
      'mergeFeatures',
      { mode, document, chunks, deleted, version: before.version + 1, dryRun },
      { transfer: whole ? [document.buffer as ArrayBuffer] : [] },
    )
    const { counts, lines: changes, truncated, seenVersion } = merged
    if (incoming.mustSay && seenVersion === null) {
      throw new AppError(
        'PARAMS_INVALID',
        'Say which version you saw: the header If-Match or the field `version`.',
      )
    }
    if (seenVersion !== null && seenVersion !== before.version) {
      throw conflict(seenVersion, before.version)
    }
    if (before.crsOut !== null && merged.crsOut !== null && before.crsOut !== merged.crsOut) {
      throw new AppError(
        'CRS_REFUSED',
        `The project is in ${before.crsOut}, the features are in ${merged.crsOut}. Run the job with the project's system.`,
      )
    }
    const answer = { counts, changes, truncated }
    const same = mode === 'import' && isNothing(counts) && merged.count === before.featureCount
    const isStored = counts.edited === 0 || sameBooks(merged, { chunks, deleted })
    if (merged.dryRun || (same && isStored)) {
      const project = toProject(seen(before.id, before.version))
      return { ...answer, project, applied: !merged.dryRun }
    }
    const set = sets.begin(before)
    try {
      for (const chunk of merged.chunks) await set.add(chunk)
      const change = mode === 'import' ? 'imported' : 'features'
      const data = { ...counts, ...(jobId === null ? {} : { job_id: jobId }) }
      const crsOut = merged.crsOut ?? before.crsOut
      const project = await switchTo(before, set, merged.deleted, change, data, actor, crsOut)
      return { ...answer, project, applied: true }
    } catch (error) {
      await set.drop()
      throw error
    }
  }

  /** What became of a project of the plugin that was taken over before, from this file or from a copy of it. */
  const takenBefore = (origin: string, { id }: LegacyProject, digest: Buffer) =>
    rows.legacyImport(origin, id) ?? rows.legacyTwin(id, digest)

  /**
   * One project of the plugin with all its features, in one transaction with its mark of being taken over. Null: somebody else took
   * it over meanwhile.
   */
  async function takeOver(
    origin: string,
    project: LegacyProject,
    digest: Buffer,
    actor: Actor,
  ): Promise<Project | null> {
    const merged = await compute.run('mergeFeatures', {
      mode: 'edit',
      document: project.document,
      chunks: [],
      deleted: '[]',
      version: 1,
      dryRun: false,
    })
    return recorder.recordGrouped((trail) => {
      if (takenBefore(origin, project, digest) !== undefined) return null
      const isFree = ID.test(project.id) && rows.byId(project.id) === undefined
      const id = isFree ? project.id : ids.uuid()
      const name = isName(project.name) ? project.name : id
      const now = clock.now()
      const made = rows.insert({ id, name, crsOut: project.crsOut, now })
      if (made === undefined) throw new AppError('STORE_UNAVAILABLE', 'The id was just taken.')
      const featureSet = sets.nextNumber(made)
      merged.chunks.forEach(({ sha256: hex, ...chunk }, n) => {
        rows.addChunk({ ...chunk, id, featureSet, n, sha256: Buffer.from(hex, 'hex') })
      })
      const createdAt = project.createdAt ?? now
      const row = rows.adopt({ id, featureSet, featureCount: merged.count, createdAt })
      rows.setLegacyImport({ origin, legacyId: project.id, projectId: id, sha256: digest, at: now })
      const { unreadable } = project
      const data = { features: merged.count, legacy_id: project.id, unreadable }
      leaveTrail(trail, row, 'imported', actor, data)
      return toProject(row)
    })
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

    page({ limit = 100, cursor = Number.MAX_SAFE_INTEGER } = {}) {
      const most = Math.min(Math.max(limit, 1), 1000)
      // One more than is shown tells whether there is another page.
      const found = rows.listBelow(cursor, most + 1)
      const shown = found.slice(0, most)
      const next = found.length > most ? shown.at(-1)!.n : null
      return { projects: shown.map(({ n: _, ...row }) => toProject(row)), next }
    },

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

    async remove(id, actor, version) {
      const removed = await recorder.recordGrouped((trail) => {
        const found = rowOf(id)
        if (version !== undefined && found.version !== version) {
          throw conflict(version, found.version)
        }
        const row = rows.remove(id, clock.now())
        if (row === undefined) throw new AppError('PROJECT_NOT_FOUND', 'Project not found')
        leaveTrail(trail, row, 'deleted', actor)
        return row
      })
      await sets.dropAll(removed)
    },

    async replaceFeatures(id, version, document, actor) {
      const before = seen(id, version ?? rowOf(id).version)
      const incoming = { mode: 'edit', document, dryRun: false, mustSay: version === null } as const
      const { project } = await merge(before, incoming, actor)
      return project
    },

    async patchFeatures(id, version, patch, actor) {
      const before = seen(id, version)
      const gone = JSON.parse(rows.deletions(id, before.featureSet)) as Origin[]
      const patcher = createPatcher(patch, version + 1, gone)
      const set = sets.begin(before)
      try {
        let seen = 0
        let last: StoredPart = { features: [], origins: [] }
        for (const { n, features, origins } of sets.chunks(before)) {
          const known = origins as Origin[] | null
          if (known === null) {
            throw new AppError(
              'PARAMS_INVALID',
              'The features of this project were stored by an older program. Store them as a whole once.',
            )
          }
          patcher.note(known)
          seen += known.length
          if (seen === before.featureCount && patcher.hasRoom(known.length)) {
            last = { features, origins: known }
          } else if (!patcher.touches(known)) {
            await set.copy(before.featureSet, n, known.length)
          } else {
            const chunk = patcher.apply({ features, origins: known })
            if (chunk !== null) await set.add(chunk)
          }
        }
        const rest = patcher.rest(last)
        if (rest !== null) await set.add(rest)
        const deletions = JSON.stringify(patcher.deleted)
        const data = { set: patch.set.length, removed: patch.remove.length }
        return await switchTo(before, set, deletions, 'features', data, actor)
      } catch (error) {
        await set.drop()
        throw error
      }
    },

    async reimport(id, { version, dryRun, document, jobId }, actor) {
      const found = rowOf(id)
      const before = seen(id, version ?? found.version)
      return merge(before, { mode: 'import', document, dryRun, jobId }, actor)
    },

    *features(id) {
      for (const { features, origins } of sets.chunks(rowOf(id))) {
        yield features.map((feature, i) => ({
          ...feature,
          feature_id: origins === null ? null : origins[i]!.id,
        }))
      }
    },

    async importLegacy(origin, projects, actor) {
      const report: LegacyReport = { imported: [], known: [] }
      for (const project of projects) {
        const digest = sha256(
          Buffer.concat([Buffer.from(`${project.name}\n${project.crsOut}\n`), project.document]),
        )
        const isKnown = takenBefore(origin, project, digest) !== undefined
        const made = isKnown ? null : await takeOver(origin, project, digest, actor)
        if (made === null) {
          const { projectId, sha256: seen } = takenBefore(origin, project, digest)!
          report.known.push({ id: projectId, changed: !seen.equals(digest) })
          continue
        }
        const { id, name, featureCount: features } = made
        report.imported.push({ id, name, features, unreadable: project.unreadable })
      }
      return report
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
    `The project's ${field} is not valid: ids are 1 to 128 printable ASCII characters without slash and backslash, and neither . nor .., names 1 to 500 characters.`,
    { data: { field } },
  )
}

type Books = Pick<MergeOutput, 'deleted'> & { chunks: { origins: string | null }[] }

/** Whether the same is remembered of the same features; how they lie in chunks does not matter. */
function sameBooks(one: Books, other: Books): boolean {
  const text = ({ chunks }: Books) => chunks.map(({ origins }) => origins?.slice(1, -1)).join()
  return one.deleted === other.deleted && text(one) === text(other)
}

function isNothing({ added, changed, removed }: Record<Outcome, number>): boolean {
  return added + changed + removed === 0
}
