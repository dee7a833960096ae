// A schema step that no program has yet, so that the step after the newest one can be tried as well.
import { MIGRATIONS, type Migration } from '../../../src/store/sql/migrations.ts'

export const FIRST =
  'CREATE TABLE later_a (id INTEGER PRIMARY KEY) STRICT; INSERT INTO later_a SELECT n FROM jobs;'
export const SECOND =
  'ALTER TABLE projects ADD COLUMN later TEXT; CREATE INDEX later_b ON jobs (created_at, n);'

export const LATER: Migration = step(FIRST + SECOND)

export function step(sql: string): Migration {
  return { version: MIGRATIONS.length + 1, name: 'later', sql }
}
