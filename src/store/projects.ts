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

/** One line of a project's history. */
export interface ProjectVersion {
  version: number
  at: number
  by: string
  change: 'created' | 'updated' | 'features' | 'deleted' | 'imported'
  name: string
  crsOut: string | null
  featureCount: number
}

/** Features as JSON text with its SHA-256, and where each came from. */
interface ChunkRow {
  id: string
  featureSet: number
  n: number
  count: number
  features: string
  sha256: Buffer
  origins: string
  edited: number
}

const COLUMNS = `id, name, crs_out AS crsOut, version, feature_set AS featureSet, feature_count AS featureCount,
  created_at AS createdAt, updated_at AS updatedAt`

export function createProjectRows(connection: Connection) {
  const insert = connection.prepare(
    `INSERT INTO projects (id, name, crs_out, created_at, updated_at) VALUES (@id, @name, @crsOut, @now, @now)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, crs_out = excluded.crs_out, version = version + 1,
       feature_set = feature_set + 1, feature_count = 0, deleted_at = NULL, created_at = excluded.created_at,
       updated_at = excluded.updated_at
       WHERE deleted_at IS NOT NULL
     RETURNING ${COLUMNS}`,
  )
  const byId = connection.prepare(
    `SELECT ${COLUMNS} FROM projects WHERE id = ? AND deleted_at IS NULL`,
  )
  const list = connection.prepare(
    `SELECT ${COLUMNS} FROM projects WHERE deleted_at IS NULL ORDER BY updated_at DESC, id LIMIT ? OFFSET ?`,
  )
  // A row is never deleted, so its number stays as it is.
  const listBelow = connection.prepare(
    `SELECT ${COLUMNS}, rowid AS n FROM projects WHERE deleted_at IS NULL AND rowid < ? ORDER BY rowid DESC LIMIT ?`,
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
    `INSERT INTO project_features (project_id, feature_set, chunk, count, features, sha256, origins, edited)
     VALUES (@id, @featureSet, @n, @count, @features, @sha256, @origins, @edited)`,
  )
  const copyChunk = connection.prepare(
    `INSERT INTO project_features (project_id, feature_set, chunk, count, features, sha256, origins, edited)
     SELECT project_id, @toSet, @toChunk, count, features, sha256, origins, edited FROM project_features
     WHERE project_id = @id AND feature_set = @fromSet AND chunk = @fromChunk`,
  )
  const chunk = connection.prepare(
    'SELECT features, sha256, origins FROM project_features WHERE project_id = ? AND feature_set = ? AND chunk = ?',
  )
  // The features themselves only where they are needed: they are a hundred times larger than the rest.
  const chunkOrigins = connection.prepare(
    `SELECT origins, iif(edited > 0 OR origins IS NULL, features, NULL) AS features, sha256, count
     FROM project_features WHERE project_id = ? AND feature_set = ? AND chunk = ?`,
  )
  const setDeletions = connection.prepare(
    'INSERT INTO project_deletions (project_id, feature_set, origins) VALUES (?, ?, ?)',
  )
  const deletions = connection
    .prepare('SELECT origins FROM project_deletions WHERE project_id = ? AND feature_set = ?')
    .pluck()
  const adopt = connection.prepare(
    `UPDATE projects SET feature_set = @featureSet, feature_count = @featureCount, created_at = @createdAt
     WHERE id = @id RETURNING ${COLUMNS}`,
  )
  const legacyImport = connection.prepare(
    'SELECT project_id AS projectId, sha256 FROM project_imports WHERE origin = ? AND legacy_id = ?',
  )
  const legacyTwin = connection.prepare(
    `SELECT project_id AS projectId, sha256 FROM project_imports WHERE legacy_id = ? AND sha256 = ? LIMIT 1`,
  )
  const setLegacyImport = connection.prepare(
    `INSERT INTO project_imports (origin, legacy_id, project_id, sha256, at)
     VALUES (@origin, @legacyId, @projectId, @sha256, @at)`,
  )
  const newestSet = connection
    .prepare('SELECT coalesce(max(feature_set), 0) FROM project_features WHERE project_id = ?')
    .pluck()
  // Freeing a chunk means to walk through all its pages: a few at a time.
  const dropChunks = connection.prepare(
    `DELETE FROM project_features WHERE (project_id, feature_set, chunk) IN (SELECT project_id, feature_set, chunk
       FROM project_features WHERE project_id = ? AND feature_set BETWEEN ? AND ? LIMIT 8)`,
  )
  const dropDeletions = connection.prepare(
    'DELETE FROM project_deletions WHERE project_id = ? AND feature_set BETWEEN ? AND ?',
  )
  return {
    /** Undefined when a living project has this id. */
    insert: (row: { id: string; name: string; crsOut: string | null; now: number }) =>
      insert.get(row) as ProjectRow | undefined,
    byId: (id: string) => byId.get(id) as ProjectRow | undefined,
    list: (limit: number, offset: number) => list.all(limit, offset) as ProjectRow[],
    /** Newest first by the number `n` that each row got when it was stored and keeps; only those below this number. */
    listBelow: (below: number, limit: number) =>
      listBelow.all(below, limit) as (ProjectRow & { n: number })[],
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
    versions: (id: string) => versions.all(id) as ProjectVersion[],
    addChunk: (row: ChunkRow) => void addChunk.run(row),
    /** The same bytes in another set. */
    copyChunk: (place: {
      id: string
      fromSet: number
      fromChunk: number
      toSet: number
      toChunk: number
    }) => void copyChunk.run(place),
    chunk: (id: string, featureSet: number, n: number) =>
      chunk.get(id, featureSet, n) as
        | { features: string; sha256: Buffer; origins: string | null }
        | undefined,
    /** Features are null where none was edited. */
    chunkOrigins: (id: string, featureSet: number, n: number) =>
      chunkOrigins.get(id, featureSet, n) as
        | { origins: string | null; features: string | null; sha256: Buffer; count: number }
        | undefined,
    setDeletions: (id: string, featureSet: number, origins: string) =>
      void setDeletions.run(id, featureSet, origins),
    /** JSON list of what the drafter took away from this set. */
    deletions: (id: string, featureSet: number) =>
      (deletions.get(id, featureSet) as string | undefined) ?? '[]',
    /** Gives a project made in this transaction its features and its age. */
    adopt: (row: { id: string; featureSet: number; featureCount: number; createdAt: number }) =>
      adopt.get(row) as ProjectRow,
    /** What a project of the plugin's database became here. */
    legacyImport: (origin: string, legacyId: string) =>
      legacyImport.get(origin, legacyId) as { projectId: string; sha256: Buffer } | undefined,
    /** The same from a copy of the file elsewhere. */
    legacyTwin: (legacyId: string, sha256: Buffer) =>
      legacyTwin.get(legacyId, sha256) as { projectId: string; sha256: Buffer } | undefined,
    setLegacyImport: (row: {
      origin: string
      legacyId: string
      projectId: string
      sha256: Buffer
      at: number
    }) => void setLegacyImport.run(row),
    newestSet: (id: string) => newestSet.get(id) as number,
    /** Throws some chunks of these sets away; answers false when none was left. */
    dropSome(id: string, firstSet: number, lastSet: number): boolean {
      dropDeletions.run(id, firstSet, lastSet)
      return dropChunks.run(id, firstSet, lastSet).changes > 0
    },
  }
}
