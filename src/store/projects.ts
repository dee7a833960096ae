// Rows of projects, their features in chunks, and their history. Statements only; the rules live in projects/.
import type { Connection } from './sqlite.ts'

export interface ProjectRow {
  id: string
  name: string
  crsOut: string | null
  version: number
  featureSet: number
  featureCount: number
  createdAt: number
  updatedAt: number
}

interface ProjectVersionRow {
  version: number
  at: number
  by: string
  change: 'created' | 'updated' | 'features' | 'deleted' | 'imported'
  name: string
  crsOut: string | null
  featureCount: number
}

const COLUMNS = `id, name, crs_out AS crsOut, version, feature_set AS featureSet, feature_count AS featureCount,
  created_at AS createdAt, updated_at AS updatedAt`

export function createProjectRows(connection: Connection) {
  const insert = connection.prepare(
    `INSERT INTO projects (id, name, crs_out, created_at, updated_at) VALUES (@id, @name, @crsOut, @now, @now)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, crs_out = excluded.crs_out, version = version + 1,
       feature_set = feature_set + 1, feature_count = 0, deleted_at = NULL, updated_at = excluded.updated_at
       WHERE deleted_at IS NOT NULL
     RETURNING ${COLUMNS}`,
  )
  const byId = connection.prepare(
    `SELECT ${COLUMNS} FROM projects WHERE id = ? AND deleted_at IS NULL`,
  )
  const list = connection.prepare(
    `SELECT ${COLUMNS} FROM projects WHERE deleted_at IS NULL ORDER BY updated_at DESC, id LIMIT ? OFFSET ?`,
  )
  const update = connection.prepare(
    `UPDATE projects SET name = @name, crs_out = @crsOut, feature_set = @featureSet, feature_count = @featureCount,
       version = version + 1, updated_at = @now
     WHERE id = @id AND version = @version AND deleted_at IS NULL RETURNING ${COLUMNS}`,
  )
  const remove = connection.prepare(
    `UPDATE projects SET deleted_at = @now, updated_at = @now, version = version + 1, feature_count = 0
     WHERE id = @id AND deleted_at IS NULL RETURNING ${COLUMNS}`,
  )
  const addVersion = connection.prepare(
    `INSERT INTO project_versions (project_id, version, at, by, change, name, crs_out, feature_count)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const versions = connection.prepare(
    `SELECT version, at, by, change, name, crs_out AS crsOut, feature_count AS featureCount
     FROM project_versions WHERE project_id = ? ORDER BY version`,
  )
  const addChunk = connection.prepare(
    `INSERT INTO project_features (project_id, feature_set, chunk, count, features, sha256) VALUES (?, ?, ?, ?, ?, ?)`,
  )
  const chunk = connection.prepare(
    'SELECT features, sha256 FROM project_features WHERE project_id = ? AND feature_set = ? AND chunk = ?',
  )
  const newestSet = connection
    .prepare('SELECT coalesce(max(feature_set), 0) FROM project_features WHERE project_id = ?')
    .pluck()
  const dropOtherSets = connection.prepare(
    'DELETE FROM project_features WHERE project_id = ? AND feature_set <> ?',
  )
  const dropSet = connection.prepare(
    'DELETE FROM project_features WHERE project_id = ? AND feature_set = ?',
  )
  return {
    /** Undefined when a living project has this id. */
    insert: (row: { id: string; name: string; crsOut: string | null; now: number }) =>
      insert.get(row) as ProjectRow | undefined,
    byId: (id: string) => byId.get(id) as ProjectRow | undefined,
    list: (limit: number, offset: number) => list.all(limit, offset) as ProjectRow[],
    /** Undefined when the version is not the stored one. */
    update: (change: {
      id: string
      version: number
      name: string
      crsOut: string | null
      featureSet: number
      featureCount: number
      now: number
    }) => update.get(change) as ProjectRow | undefined,
    remove: (id: string, now: number) => remove.get({ id, now }) as ProjectRow | undefined,
    addVersion: (row: ProjectRow, change: string, by: string) =>
      void addVersion.run(
        row.id,
        row.version,
        row.updatedAt,
        by,
        change,
        row.name,
        row.crsOut,
        row.featureCount,
      ),
    versions: (id: string) => versions.all(id) as ProjectVersionRow[],
    addChunk: (
      id: string,
      featureSet: number,
      n: number,
      count: number,
      features: string,
      sha256: Buffer,
    ) => void addChunk.run(id, featureSet, n, count, features, sha256),
    chunk: (id: string, featureSet: number, n: number) =>
      chunk.get(id, featureSet, n) as { features: string; sha256: Buffer } | undefined,
    newestSet: (id: string) => newestSet.get(id) as number,
    dropOtherSets: (id: string, featureSet: number) => void dropOtherSets.run(id, featureSet),
    dropSet: (id: string, featureSet: number) => void dropSet.run(id, featureSet),
  }
}
