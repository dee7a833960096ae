// The table of jobs with the same columns and the same promises in other words. A list of more than two in `IN` makes SQLite build a
// small table of its own every time a statement runs, and two of the checks had one: a tenth of a whole job cycle.
import { copyOfJobs, TERMINAL_IS_FINAL } from './job-table.ts'

export const JOB_CHECKS_SQL = `${copyOfJobs('jobs_8', ' UNIQUE', ' REFERENCES blobs (sha256)').trimEnd()}
CREATE INDEX jobs_by_result ON jobs (result_sha256) WHERE result_sha256 IS NOT NULL;
CREATE UNIQUE INDEX jobs_live_key ON jobs (idempotency_key) WHERE finished_at IS NULL AND idempotency_key IS NOT NULL;
${TERMINAL_IS_FINAL}`
