// A job is found by the number in its id (job-id.ts), which is its row's: an index over ids is kept for those that older programs gave.
// Which job holds a key is known in memory, live or over (live-jobs.ts), and which results are still named is asked of the table
// itself, which holds 10,000 jobs at most. Three indexes that nearly every commit wrote pages of are gone, and with the last one the
// reference from a result to its bytes, which would look through all jobs for every result that is thrown away.
// `sisrua db check` looks for what these would have refused.
import { copyOfJobs, TERMINAL_IS_FINAL } from './job-table.ts'

export const JOB_NUMBER_SQL = `${copyOfJobs('jobs_10', '', ' CHECK (result_sha256 IS NULL OR length(result_sha256) = 32)').trimEnd()}
CREATE UNIQUE INDEX jobs_older_id ON jobs (id) WHERE id >= '001';
${TERMINAL_IS_FINAL}`
