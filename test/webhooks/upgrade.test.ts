// A database of the program before strict order and Ed25519: its endpoints and what waits for them go on as they were.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { migrate } from '../../src/store/migrate.ts'
import { MIGRATIONS } from '../../src/store/sql/migrations.ts'
import { prepareEmptyFile } from '../../src/store/sqlite.ts'
import { openStore } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'

test('endpoints of an older database stay, in loose order and with their secret alone', async () => {
  const dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  const clock = createStillClock()
  try {
    const file = path.join(dataFolder, 'sisrua.db')
    const old = new Database(file)
    prepareEmptyFile(old)
    migrate(old, MIGRATIONS.slice(0, 4), () => {})
    old.exec(`
      INSERT INTO webhook_endpoints (id, url, secret, created_at, updated_at) VALUES ('e', 'https://a.example/', 'whsec_AAAA', 1, 1);
      INSERT INTO webhook_messages (id, event, payload, created_at) VALUES ('m', 'job_failed', '{}', 1);
      INSERT INTO webhook_deliveries (message_id, endpoint_id, n, state, next_at, updated_at) VALUES ('m', 'e', 1, 'waiting', 5, 1);
    `)
    old.close()
    const store = openStore({ dataFolder, clock })
    expect(store.webhooks.all()).toMatchObject([
      {
        id: 'e',
        secret: 'whsec_AAAA',
        strictOrder: 0,
        signingSeed: null,
        bodyVersion: 1,
        state: 'enabled',
      },
    ])
    expect(store.deliveries.firstPerEndpoint()).toMatchObject([{ messageId: 'm', nextAt: 5 }])
    expect(store.backups().map((backup) => backup.reason)).toEqual(['pre-5'])
    await store.close()
  } finally {
    rmSync(dataFolder, { recursive: true, force: true })
  }
})
