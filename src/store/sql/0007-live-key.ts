// The key of a job that is over is held in memory (live-jobs.ts): keys lie anywhere in an index, so that nearly every job of a
// commit wrote a page of its own. What must never be stored twice, the key of two live jobs, SQLite still refuses: that index is as
// small as what lives.

export const LIVE_KEY_SQL = `
DROP INDEX jobs_idempotency;
CREATE UNIQUE INDEX jobs_live_key ON jobs (idempotency_key) WHERE finished_at IS NULL AND idempotency_key IS NOT NULL;
`
