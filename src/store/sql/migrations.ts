// Every step from an empty file to today's schema, in order. A released step is never edited: a test fixes its checksum.
import { INITIAL_SQL } from './0001-initial.ts'

export interface Migration {
  /** `user_version` after this step. */
  version: number
  name: string
  sql: string
}

export const MIGRATIONS: readonly Migration[] = [{ version: 1, name: 'initial', sql: INITIAL_SQL }]
