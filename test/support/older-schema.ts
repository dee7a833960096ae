// A store of today's program over an older schema: the later step that its statements cannot do without is run as if it came next,
// and taken back when the store is closed.
import { rmSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import type { Clock } from '../../src/base/clock.ts'
import { MIGRATIONS } from '../../src/store/sql/migrations.ts'
import { openStore, type Store } from '../../src/store/store.ts'

const NEEDED = MIGRATIONS.find(({ name }) => name === 'webhook-body')!

/** `schema`: its last step. Backups made meanwhile are thrown away. */
export function openOlderStore(dataFolder: string, clock: Clock, schema: number): Store {
  const next = schema + 1
  const migrations = [...MIGRATIONS.slice(0, schema), { ...NEEDED, version: next }]
  const store = openStore({ dataFolder, clock, migrations })
  return {
    ...store,
    async close() {
      await store.close()
      const file = new Database(path.join(dataFolder, 'sisrua.db'))
      file.exec(`ALTER TABLE webhook_endpoints DROP COLUMN body_version;
        DELETE FROM meta WHERE key = 'migration.${next}'; PRAGMA user_version = ${schema}`)
      file.close()
      rmSync(path.join(dataFolder, 'backups'), { recursive: true, force: true })
    },
  }
}
