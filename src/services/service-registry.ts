// Services with their versions: draft, publish, activate, and what a run of one is. Each change is one transaction: row and audit
// entry, which holds the manifest's hash, so that a manifest exchanged together with its hash still shows in the log.
import type { Recorder, Trail } from '../audit/record.ts'
import type { Clock } from '../base/clock.ts'
import { type Conflict, conflictText } from '../base/conflict-texts.ts'
import { AppError } from '../base/errors.ts'
import type { Ids } from '../base/ids.ts'
import type { ServiceVersionRow } from '../store/services.ts'
import type { Store } from '../store/store.ts'
import { checkForm, checkInputs } from './form.ts'
import {
  checkDrafted,
  type Drafted,
  type Manifest,
  openFields,
  readWritten,
  runParams,
  written,
} from './manifest.ts'
import type { Actor, Services, ServiceVersion, VersionLine } from './services.ts'

export interface ServicesOptions {
  store: Store
  recorder: Recorder
  clock: Clock
  ids: Ids
  /** Whether a job of this kind could be asked for with these parameters. Throws PARAMS_INVALID. */
  check(manifest: Manifest): void
}

/** Semantic versions without build metadata, which would not order. */
const SEMVER =
  /^(?=.{5,64}$)(?:0|[1-9]\d{0,8})(?:\.(?:0|[1-9]\d{0,8})){2}(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*)?$/
const MOST_NAME = 200

function conflict(why: Conflict, semver: string | null = null): AppError {
  const data = { why, semver }
  return new AppError('VERSION_CONFLICT', conflictText('en', data)!, { data })
}

const invalid = (field: string, message: string): AppError =>
  new AppError('PARAMS_INVALID', message, { data: { field } })

export function createServices({ store, recorder, clock, ids, check }: ServicesOptions): Services {
  const rows = store.services

  function serviceOf(id: string) {
    const row = rows.byId(id)
    if (row === undefined) throw new AppError('NOT_FOUND', 'There is no such service.')
    return row
  }

  function versionOf(id: string, semver: string): ServiceVersionRow {
    const row = rows.version(serviceOf(id).id, semver)
    if (row === undefined) throw new AppError('NOT_FOUND', 'The service has no such version.')
    return row
  }

  /** The same, when it is what the client saw. Throws VERSION_CONFLICT. */
  function seenVersion(id: string, semver: string, seen: string | null): ServiceVersionRow {
    const row = versionOf(id, semver)
    if (seen !== null && tagOf(row) !== seen) throw conflict('service_version_changed', semver)
    return row
  }

  async function refuseUnfit(drafted: Drafted): Promise<void> {
    checkDrafted(drafted)
    if (drafted.formSchema !== null) await checkForm(drafted.formSchema)
    check(drafted)
  }

  function leaveTrail(
    trail: Trail,
    what: string,
    row: ServiceVersionRow,
    actor: Actor,
    more: Record<string, unknown> = {},
  ): void {
    trail.audit({
      eventType: `service.${what}`,
      entityType: 'service',
      entityId: row.serviceId,
      actor,
      data: { semver: row.semver, sha256: row.sha256.toString('hex'), ...more },
    })
  }

  return {
    create(name, actor) {
      if (
        name.trim() !== name ||
        name === '' ||
        name.length > MOST_NAME ||
        /[\p{Cc}\p{Cs}]/u.test(name)
      ) {
        throw invalid(
          'name',
          'A service’s name has 1 to 200 characters, none of them for control, and no space around it.',
        )
      }
      return recorder.recordGrouped((trail) => {
        const id = ids.uuid()
        if (!rows.insert(id, name, clock.now())) {
          throw conflict('service_name_taken')
        }
        trail.audit({
          eventType: 'service.created',
          entityType: 'service',
          entityId: id,
          actor,
          data: { name },
        })
        return serviceOf(id)
      })
    },

    list({ limit = 100, after = '' } = {}) {
      const most = Math.min(Math.max(limit, 1), 1000)
      // One more than is shown tells whether there is another page.
      const found = rows.list(after, most + 1)
      const services = found.slice(0, most)
      return { services, next: found.length > most ? services.at(-1)!.name : null }
    },

    get: serviceOf,

    versions: (id) => rows.versions(serviceOf(id).id).map(toLine),

    version: (id, semver) => toVersion(versionOf(id, semver)),

    async draft(id, semver, drafted, actor) {
      if (!SEMVER.test(semver)) {
        throw invalid('semver', 'A version is three numbers with dots, e.g. 1.0.0 or 2.1.0-rc.1.')
      }
      const service = serviceOf(id)
      await refuseUnfit(drafted)
      return recorder.recordGrouped((trail) => {
        const row = { id: ids.uuid(), serviceId: service.id, semver, ...written(drafted) }
        if (!rows.insertVersion({ ...row, now: clock.now() })) {
          throw conflict('service_version_taken', semver)
        }
        const made = versionOf(id, semver)
        leaveTrail(trail, 'drafted', made, actor)
        return toVersion(made)
      })
    },

    tagOf: (id, semver) => tagOf(versionOf(id, semver)),

    async redraft(id, semver, drafted, actor, seen = null) {
      versionOf(id, semver)
      await refuseUnfit(drafted)
      return recorder.recordGrouped((trail) => {
        const { id: versionId } = seenVersion(id, semver, seen)
        if (!rows.updateDraft({ id: versionId, ...written(drafted) })) {
          throw conflict('service_version_frozen', semver)
        }
        const changed = versionOf(id, semver)
        leaveTrail(trail, 'drafted', changed, actor)
        return toVersion(changed)
      })
    },

    publish: (id, semver, actor, seen = null) =>
      recorder.recordGrouped((trail) => {
        const found = seenVersion(id, semver, seen)
        const version = toVersion(found)
        if (!rows.publish(found.id)) return version
        leaveTrail(trail, 'published', found, actor)
        return toVersion(versionOf(id, semver))
      }),

    activate: (id, semver, actor, seen = null) =>
      recorder.recordGrouped((trail) => {
        const found = seenVersion(id, semver, seen)
        const version = toVersion(found)
        if (found.state === 'active') return version
        if (found.state === 'draft') {
          throw conflict('service_version_draft', semver)
        }
        const retired = rows.activeVersion(found.serviceId)?.semver ?? null
        rows.activate(found.id, found.serviceId)
        leaveTrail(trail, 'activated', found, actor, { retired })
        return toVersion(versionOf(id, semver))
      }),

    async run(id, semver, inputs, hasDocument) {
      const service = serviceOf(id)
      const row = semver === null ? rows.activeVersion(service.id) : versionOf(id, semver)
      if (row === undefined) {
        throw conflict('service_inactive')
      }
      if (row.state === 'draft') throw conflict('service_version_draft', row.semver)
      const drafted = readWritten(row)
      const params = runParams(drafted, inputs, hasDocument)
      if (drafted.formSchema !== null) await checkInputs(drafted.formSchema, inputs, hasDocument)
      return { kind: drafted.kind, params, version: toLine(row) }
    },

    origin(versionId) {
      const row = rows.versionById(versionId)
      const service = row === undefined ? undefined : rows.byId(row.serviceId)
      return row === undefined || service === undefined ? null : { service, semver: row.semver }
    },
  }
}

const tagOf = ({ sha256, state }: ServiceVersionRow): string => `${sha256.toString('hex')}-${state}`

function toLine(row: ServiceVersionRow): VersionLine {
  const { id, serviceId, semver, state, sha256, createdAt } = row
  const hex = sha256.toString('hex')
  return { id, serviceId, semver, state, sha256: hex, createdAt, tag: tagOf(row) }
}

function toVersion(row: ServiceVersionRow): ServiceVersion {
  const drafted = readWritten(row)
  return { ...toLine(row), ...drafted, open: openFields(drafted) }
}
