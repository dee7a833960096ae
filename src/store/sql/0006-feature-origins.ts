// Where each feature of a project came from, beside its chunk: ids and hashes for the next import of the same area. Sets written
// before have none and are given them the first time they are read.
export const FEATURE_ORIGINS_SQL = `
-- JSON list, one entry a feature; null for chunks written by an older program.
ALTER TABLE project_features ADD COLUMN origins TEXT;
-- How many of the chunk's features are not as their source last gave them.
ALTER TABLE project_features ADD COLUMN edited INTEGER NOT NULL DEFAULT 0 CHECK (edited BETWEEN 0 AND count);
-- JSON list of what the drafter took away: not drawn again by the next import.
CREATE TABLE project_deletions (
  project_id TEXT NOT NULL REFERENCES projects (id),
  feature_set INTEGER NOT NULL,
  origins TEXT NOT NULL,
  PRIMARY KEY (project_id, feature_set)
) STRICT, WITHOUT ROWID;
-- Projects taken over from a database of the plugin: which file, which project, what it held.
CREATE TABLE project_imports (
  origin TEXT NOT NULL,
  legacy_id TEXT NOT NULL,
  project_id TEXT NOT NULL,
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  at INTEGER NOT NULL,
  PRIMARY KEY (origin, legacy_id)
) STRICT, WITHOUT ROWID;
`
