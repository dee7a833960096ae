// A store of today's program over an older schema: the later steps that its statements cannot do without are run as if they came next,
// and taken back when the store is closed.
import { rmSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import type { Clock } from '../../src/base/clock.ts'
import { MIGRATIONS } from '../../src/store/sql/migrations.ts'
import { openStore, type Store } from '../../src/store/store.ts'

const NEEDED = MIGRATIONS.filter(({ name }) =>
  ['webhook-body', 'job-event-batches', 'webhook-pause'].includes(name),
)
const TAKE_BACK = `
  ALTER TABLE webhook_endpoints DROP COLUMN body_version;
  ALTER TABLE webhook_endpoints DROP COLUMN paused_until;
  ALTER TABLE job_event_batches RENAME TO batches;
  CREATE TABLE events AS SELECT * FROM job_events;
  DROP VIEW job_events;
  DROP TABLE batches;
  ${/CREATE TABLE job_events \(.*?\) STRICT;/s.exec(MIGRATIONS[0]!.sql)![0]}
  INSERT INTO job_events SELECT * FROM events;
  DROP TABLE events;`

/** `schema`: its last step. Backups made meanwhile are thrown away. */
export function openOlderStore(dataFolder: string, clock: Clock, schema: number): Store {
  const needed = NEEDED.map((step, i) => ({ ...step, version: schema + 1 + i }))
  const migrations = [...MIGRATIONS.slice(0, schema), ...needed]
  const store = openStore({ dataFolder, clock, migrations })
  return {
    ...store,
    async close() {
      await store.close()
      const file = new Database(path.join(dataFolder, 'sisrua.db'))
      file.exec(TAKE_BACK)
      for (const { version } of needed) {
        file.prepare('DELETE FROM meta WHERE key = ?').run(`migration.${version}`)
      }
      file.pragma(`user_version = ${schema}`)
      file.close()
      rmSync(path.join(dataFolder, 'backups'), { recursive: true, force: true })
    },
  }
}
