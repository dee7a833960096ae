// Rows of services and their versions. Statements only; the rules live in services/.
import type { Connection } from './sqlite.ts'

export interface ServiceRow {
  id: string
  name: string
  createdAt: number
  /** The version that a run uses; null while none is active. */
  active: string | null
}

export interface ServiceVersionRow {
  id: string
  serviceId: string
  semver: string
  /** Canonical JSON. */
  manifest: string
  /** Canonical JSON; null without a form. */
  formSchema: string | null
  /** Of the manifest, 32 bytes. */
  sha256: Buffer
  state: 'draft' | 'published' | 'active' | 'retired'
  createdAt: number
}

const SERVICE = `SELECT s.id, s.name, s.created_at AS createdAt,
  (SELECT semver FROM service_versions WHERE service_id = s.id AND state = 'active') AS active FROM services AS s`
const VERSION = `SELECT id, service_id AS serviceId, semver, manifest, form_schema AS formSchema, sha256, state,
  created_at AS createdAt FROM service_versions`

export function createServiceRows(connection: Connection) {
  const insert = connection.prepare(
    'INSERT INTO services (id, name, created_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING',
  )
  const byId = connection.prepare(`${SERVICE} WHERE s.id = ?`)
  const listAfter = connection.prepare(`${SERVICE} WHERE s.name > ? ORDER BY s.name LIMIT ?`)
  const insertVersion = connection.prepare(
    `INSERT INTO service_versions (id, service_id, semver, manifest, form_schema, sha256, state, created_at)
     VALUES (@id, @serviceId, @semver, @manifest, @formSchema, @sha256, 'draft', @now)
     ON CONFLICT (service_id, semver) DO NOTHING`,
  )
  const versions = connection.prepare(`${VERSION} WHERE service_id = ? ORDER BY created_at, rowid`)
  const version = connection.prepare(`${VERSION} WHERE service_id = ? AND semver = ?`)
  const versionById = connection.prepare(`${VERSION} WHERE id = ?`)
  const activeVersion = connection.prepare(`${VERSION} WHERE service_id = ? AND state = 'active'`)
  const updateDraft = connection.prepare(
    `UPDATE service_versions SET manifest = @manifest, form_schema = @formSchema, sha256 = @sha256
     WHERE id = @id AND state = 'draft'`,
  )
  const publish = connection.prepare(
    `UPDATE service_versions SET state = 'published' WHERE id = ? AND state = 'draft'`,
  )
  const retire = connection.prepare(
    `UPDATE service_versions SET state = 'retired' WHERE service_id = ? AND state = 'active'`,
  )
  const activate = connection.prepare(
    `UPDATE service_versions SET state = 'active' WHERE id = ? AND state IN ('published', 'retired')`,
  )

  return {
    /** False when the name is taken. */
    insert: (id: string, name: string, now: number) => insert.run(id, name, now).changes === 1,
    byId: (id: string) => byId.get(id) as ServiceRow | undefined,
    /** By name, from the one after this. */
    list: (after: string, limit: number) => listAfter.all(after, limit) as ServiceRow[],
    /** A draft; false when the service has this version already. */
    insertVersion: (
      row: Omit<ServiceVersionRow, 'state' | 'createdAt'> & { now: number },
    ): boolean => insertVersion.run(row).changes === 1,
    versions: (serviceId: string) => versions.all(serviceId) as ServiceVersionRow[],
    version: (serviceId: string, semver: string) =>
      version.get(serviceId, semver) as ServiceVersionRow | undefined,
    versionById: (id: string) => versionById.get(id) as ServiceVersionRow | undefined,
    activeVersion: (serviceId: string) =>
      activeVersion.get(serviceId) as ServiceVersionRow | undefined,
    /** These three: false when the version is in no state for it. */
    updateDraft: (
      row: Pick<ServiceVersionRow, 'id' | 'manifest' | 'formSchema' | 'sha256'>,
    ): boolean => updateDraft.run(row).changes === 1,
    publish: (id: string) => publish.run(id).changes === 1,
    /** Retires the version that was active: there is one at most. Call in one transaction with what names both. */
    activate(id: string, serviceId: string): boolean {
      retire.run(serviceId)
      return activate.run(id).changes === 1
    },
  }
}
