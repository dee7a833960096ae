// The first schema. Over 300 lines because it is one document: every table of the house, with its checks and triggers;
// the rooms that use some of them are named in house order (projects, services, jobs, audit, webhooks).
// Times are INTEGER milliseconds since 1970 UTC; ids are text; hashes are 32-byte BLOBs. Never edited once released.

export const INITIAL_SQL = `
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Bytes named by their SHA-256: small ones here, large ones in a file blobs/aa/<sha256>.
CREATE TABLE blobs (
  sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
  size INTEGER NOT NULL CHECK (size >= 0),
  bytes BLOB CHECK (bytes IS NULL OR (length(bytes) = size AND size <= 65536)),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE projects (
  id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
  name TEXT NOT NULL CHECK (length(name) <= 500),
  crs_out TEXT,
  version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  -- Which set of project_features is the current one.
  feature_set INTEGER NOT NULL DEFAULT 0,
  feature_count INTEGER NOT NULL DEFAULT 0 CHECK (feature_count >= 0),
  settings TEXT NOT NULL DEFAULT '{}',
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;
CREATE INDEX projects_recent ON projects (updated_at) WHERE deleted_at IS NULL;

-- Features in chunks of JSON text; a new set is written beside the old one and switched to in one step.
CREATE TABLE project_features (
  project_id TEXT NOT NULL REFERENCES projects (id),
  feature_set INTEGER NOT NULL,
  chunk INTEGER NOT NULL CHECK (chunk >= 0),
  count INTEGER NOT NULL CHECK (count > 0),
  features TEXT NOT NULL,
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  PRIMARY KEY (project_id, feature_set, chunk)
) STRICT, WITHOUT ROWID;

CREATE TABLE project_versions (
  project_id TEXT NOT NULL REFERENCES projects (id),
  version INTEGER NOT NULL,
  at INTEGER NOT NULL,
  by TEXT NOT NULL,
  change TEXT NOT NULL CHECK (change IN ('created', 'updated', 'features', 'deleted', 'imported')),
  name TEXT NOT NULL,
  crs_out TEXT,
  feature_count INTEGER NOT NULL,
  PRIMARY KEY (project_id, version)
) STRICT, WITHOUT ROWID;

-- Registry of saved services (recipes): a published manifest never changes.
CREATE TABLE services (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE service_versions (
  id TEXT PRIMARY KEY,
  service_id TEXT NOT NULL REFERENCES services (id),
  semver TEXT NOT NULL,
  manifest TEXT NOT NULL,
  form_schema TEXT,
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  state TEXT NOT NULL CHECK (state IN ('draft', 'published', 'active', 'retired')),
  created_at INTEGER NOT NULL,
  UNIQUE (service_id, semver)
) STRICT;
CREATE UNIQUE INDEX service_versions_active ON service_versions (service_id) WHERE state = 'active';
CREATE TRIGGER service_versions_frozen BEFORE UPDATE ON service_versions
WHEN OLD.state <> 'draft' AND (NEW.manifest IS NOT OLD.manifest OR NEW.sha256 IS NOT OLD.sha256 OR NEW.semver IS NOT OLD.semver)
BEGIN SELECT RAISE(ABORT, 'a published service version is frozen'); END;

CREATE TABLE jobs (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
  pipeline TEXT NOT NULL,
  service_version_id TEXT REFERENCES service_versions (id),
  state TEXT NOT NULL CHECK (state IN
    ('queued', 'running', 'cancelling', 'retry_wait', 'succeeded', 'failed', 'cancelled', 'dead')),
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
  result_sha256 BLOB REFERENCES blobs (sha256),
  result_size INTEGER CHECK ((result_size IS NULL) = (result_sha256 IS NULL)),
  trace_id TEXT,
  created_by TEXT NOT NULL,
  project_id TEXT,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  updated_at INTEGER NOT NULL,
  CHECK ((finished_at IS NOT NULL) = (state IN ('succeeded', 'failed', 'cancelled', 'dead'))),
  CHECK ((lease_token IS NOT NULL) = (state IN ('running', 'cancelling'))),
  CHECK ((lease_token IS NULL) = (lease_until IS NULL)),
  CHECK ((state = 'succeeded') OR (result_sha256 IS NULL)),
  CHECK (idempotency_key IS NULL OR state NOT IN ('cancelled', 'dead'))
) STRICT;
-- One index for all that is not over: a claim changes none of its columns, and only a handful of its rows are running.
CREATE INDEX jobs_live ON jobs (kind, priority, run_after, n) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX jobs_idempotency ON jobs (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_by_input ON jobs (input_sha256) WHERE input_sha256 IS NOT NULL;
CREATE INDEX jobs_by_result ON jobs (result_sha256) WHERE result_sha256 IS NOT NULL;
CREATE TRIGGER jobs_terminal_is_final BEFORE UPDATE OF state, lease_token, result_sha256, finished_at ON jobs
WHEN OLD.finished_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a finished job does not change'); END;

CREATE TABLE job_attempts (
  job_id TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  lease_token TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT CHECK (outcome IS NULL OR outcome IN
    ('succeeded', 'failed', 'retry', 'cancelled', 'crashed', 'expired', 'released')),
  error_code TEXT,
  PRIMARY KEY (job_id, attempt)
) STRICT, WITHOUT ROWID;

-- seq grows without end: pruning always leaves the newest row, so max(rowid) + 1 is never used twice.
CREATE TABLE job_events (
  seq INTEGER PRIMARY KEY,
  job_id TEXT NOT NULL,
  type TEXT NOT NULL,
  state TEXT NOT NULL,
  progress REAL NOT NULL,
  step TEXT NOT NULL,
  error_code TEXT,
  at INTEGER NOT NULL
) STRICT;

CREATE TABLE job_logs (
  job_id TEXT NOT NULL,
  n INTEGER NOT NULL CHECK (n BETWEEN 1 AND 10001),
  at INTEGER NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('info', 'warning', 'error')),
  line TEXT NOT NULL CHECK (length(line) <= 4096),
  PRIMARY KEY (job_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts (
  job_id TEXT NOT NULL,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
  media_type TEXT NOT NULL,
  sha256 BLOB NOT NULL REFERENCES blobs (sha256),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (job_id, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX artifacts_by_bytes ON artifacts (sha256);

-- Idempotency-Key headers: what a key stands for, per principal and route.
CREATE TABLE idempotency (
  principal TEXT NOT NULL,
  route TEXT NOT NULL,
  key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
  job_id TEXT,
  status INTEGER,
  response BLOB,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (principal, route, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_expiry ON idempotency (expires_at);
CREATE INDEX idempotency_by_job ON idempotency (job_id);

-- The audit log. seq counts from 0 without gaps; entry is RFC 8785 text; data lives beside it so that it can be erased.
CREATE TABLE audit_log (
  seq INTEGER PRIMARY KEY CHECK (seq >= 0),
  at INTEGER NOT NULL,
  event_type TEXT NOT NULL,
  entity_type TEXT NOT NULL,
  entity_id TEXT,
  user_id TEXT,
  entry TEXT NOT NULL,
  data TEXT,
  salt BLOB,
  leaf BLOB NOT NULL CHECK (length(leaf) = 32),
  chain BLOB NOT NULL CHECK (length(chain) = 32),
  signature BLOB NOT NULL CHECK (length(signature) = 32),
  key_id TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_entity ON audit_log (entity_type, entity_id, seq);
CREATE INDEX audit_by_event ON audit_log (event_type, seq);
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;
CREATE TRIGGER audit_only_erase BEFORE UPDATE ON audit_log
WHEN NEW.seq IS NOT OLD.seq OR NEW.at IS NOT OLD.at OR NEW.event_type IS NOT OLD.event_type
  OR NEW.entity_type IS NOT OLD.entity_type OR NEW.entity_id IS NOT OLD.entity_id OR NEW.user_id IS NOT OLD.user_id
  OR NEW.entry IS NOT OLD.entry OR NEW.leaf IS NOT OLD.leaf OR NEW.chain IS NOT OLD.chain
  OR NEW.signature IS NOT OLD.signature OR NEW.key_id IS NOT OLD.key_id
  OR NEW.data IS NOT NULL OR NEW.salt IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'audit entries change only by erasing their data'); END;

-- Full RFC 6962 tiles of 256 hashes, signed checkpoints, what was anchored outside, and the keys' public halves.
CREATE TABLE audit_tiles (
  level INTEGER NOT NULL CHECK (level >= 0),
  n INTEGER NOT NULL CHECK (n >= 0),
  hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
  PRIMARY KEY (level, n)
) STRICT, WITHOUT ROWID;
-- Digest over the bytes of a run of entries: lets a whole log be read through at the speed of SHA-256.
CREATE TABLE audit_segments (
  n INTEGER PRIMARY KEY CHECK (n >= 0),
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL CHECK (last_seq >= first_seq),
  digest BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;
CREATE TABLE audit_checkpoints (
  size INTEGER PRIMARY KEY CHECK (size >= 0),
  epoch INTEGER NOT NULL,
  root BLOB NOT NULL CHECK (length(root) = 32),
  note TEXT NOT NULL,
  reason TEXT NOT NULL,
  signed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE audit_anchors (
  id TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  root BLOB NOT NULL CHECK (length(root) = 32),
  sink TEXT NOT NULL,
  reference TEXT,
  at INTEGER NOT NULL
) STRICT;
CREATE TABLE audit_keys (
  key_id TEXT PRIMARY KEY,
  epoch INTEGER NOT NULL,
  algorithm TEXT NOT NULL CHECK (algorithm IN ('ed25519', 'hmac-sha256')),
  public_key BLOB,
  from_size INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  retired_at INTEGER
) STRICT;

-- Webhooks: who wants to hear, what is to be told, and each delivery.
CREATE TABLE webhook_endpoints (
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL UNIQUE,
  -- JSON array of event names; null = all.
  events TEXT,
  secret TEXT NOT NULL,
  previous_secret TEXT,
  previous_secret_until INTEGER,
  allow_insecure INTEGER NOT NULL DEFAULT 0 CHECK (allow_insecure IN (0, 1)),
  state TEXT NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled')),
  failing_since INTEGER,
  failures INTEGER NOT NULL DEFAULT 0,
  next_n INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE TABLE webhook_messages (
  id TEXT PRIMARY KEY,
  event TEXT NOT NULL,
  payload TEXT NOT NULL CHECK (length(payload) <= 20480),
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE webhook_deliveries (
  message_id TEXT NOT NULL REFERENCES webhook_messages (id) ON DELETE CASCADE,
  endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up')),
  attempt INTEGER NOT NULL DEFAULT 0,
  next_at INTEGER NOT NULL,
  status INTEGER,
  response TEXT CHECK (response IS NULL OR length(response) <= 1024),
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (message_id, endpoint_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at) WHERE state = 'waiting';
CREATE TABLE webhook_attempts (
  message_id TEXT NOT NULL,
  endpoint_id TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  at INTEGER NOT NULL,
  status INTEGER,
  duration_ms INTEGER NOT NULL,
  error TEXT,
  response TEXT CHECK (response IS NULL OR length(response) <= 1024),
  PRIMARY KEY (message_id, endpoint_id, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE webhook_inbound_seen (
  source TEXT NOT NULL,
  message_id TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (source, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_inbound_expiry ON webhook_inbound_seen (expires_at);
`
