// The table of jobs as text: a step that must copy it says what differs. Released steps use these words: they are never edited.

const COLUMNS = `
  n, id, kind, pipeline, service_version_id, state, priority, payload, input_sha256, idempotency_key, retry_of,
  attempt, max_attempts, crash_count, lease_token, lease_until, boot_id, run_after, aged_at, soft_ms, hard_ms,
  cancel_by, progress, step, error_code, error_message, error_data, result_sha256, result_size, trace_id, created_by,
  project_id, created_at, started_at, finished_at, updated_at, seal`

/** Makes the table anew under another name, with these rules for two columns, and moves all rows into it. */
export const copyOfJobs = (name: string, id: string, result: string): string => `
CREATE TABLE ${name} (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL${id},
  kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
  pipeline TEXT NOT NULL,
  service_version_id TEXT REFERENCES service_versions (id),
  state TEXT NOT NULL,
  priority INTEGER NOT NULL DEFAULT 5 CHECK (priority BETWEEN 0 AND 9),
  payload TEXT NOT NULL CHECK (length(payload) <= 65536),
  input_sha256 BLOB REFERENCES blobs (sha256),
  -- SHA-256 of what was asked for; null once the key is free again.
  idempotency_key BLOB CHECK (idempotency_key IS NULL OR length(idempotency_key) = 32),
  retry_of TEXT,
  attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
  max_attempts INTEGER NOT NULL CHECK (max_attempts BETWEEN 1 AND 20),
  crash_count INTEGER NOT NULL DEFAULT 0 CHECK (crash_count >= 0),
  lease_token TEXT,
  lease_until INTEGER,
  boot_id TEXT,
  run_after INTEGER NOT NULL,
  -- When the priority was last raised for waiting, or the creation time.
  aged_at INTEGER NOT NULL,
  soft_ms INTEGER NOT NULL CHECK (soft_ms > 0),
  hard_ms INTEGER NOT NULL CHECK (hard_ms >= soft_ms),
  cancel_by TEXT,
  progress REAL NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
  step TEXT NOT NULL DEFAULT 'created',
  error_code TEXT,
  error_message TEXT CHECK (error_message IS NULL OR length(error_message) <= 2000),
  error_data TEXT,
  result_sha256 BLOB${result},
  result_size INTEGER CHECK ((result_size IS NULL) = (result_sha256 IS NULL)),
  trace_id TEXT,
  created_by TEXT NOT NULL,
  project_id TEXT,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  updated_at INTEGER NOT NULL,
  seal INTEGER NOT NULL DEFAULT -1,
  CHECK (CASE state
    WHEN 'running' THEN finished_at IS NULL AND lease_token IS NOT NULL AND result_sha256 IS NULL
    WHEN 'succeeded' THEN finished_at IS NOT NULL AND lease_token IS NULL
    WHEN 'queued' THEN finished_at IS NULL AND lease_token IS NULL AND result_sha256 IS NULL
    WHEN 'cancelling' THEN finished_at IS NULL AND lease_token IS NOT NULL AND result_sha256 IS NULL
    WHEN 'retry_wait' THEN finished_at IS NULL AND lease_token IS NULL AND result_sha256 IS NULL
    WHEN 'failed' THEN finished_at IS NOT NULL AND lease_token IS NULL AND result_sha256 IS NULL
    WHEN 'cancelled' THEN finished_at IS NOT NULL AND lease_token IS NULL AND result_sha256 IS NULL AND idempotency_key IS NULL
    WHEN 'dead' THEN finished_at IS NOT NULL AND lease_token IS NULL AND result_sha256 IS NULL AND idempotency_key IS NULL
    ELSE FALSE END),
  CHECK ((lease_token IS NULL) = (lease_until IS NULL))
) STRICT;
INSERT INTO ${name} (${COLUMNS})
SELECT ${COLUMNS}
FROM jobs ORDER BY n;
DROP TABLE jobs;
ALTER TABLE ${name} RENAME TO jobs;
CREATE INDEX jobs_by_input ON jobs (input_sha256) WHERE input_sha256 IS NOT NULL;
`

export const TERMINAL_IS_FINAL = `CREATE TRIGGER jobs_terminal_is_final BEFORE UPDATE OF state, lease_token, result_sha256, finished_at ON jobs
WHEN OLD.finished_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a finished job does not change'); END;
`
