// Jobs that are not over are kept in memory (live-jobs.ts), so no commit needs to keep them in order on the disk as well.

export const LIVE_JOBS_SQL = 'DROP INDEX jobs_live;'
