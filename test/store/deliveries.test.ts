// What each endpoint is to be told next: the same that a look at every row finds, without such a look.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FIRST_PER_ENDPOINT } from '../../src/store/deliveries.ts'
import { openStore } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'
import { openOlderStore } from '../support/older-schema.ts'

const SEED = 20261121
/** The last schema without the index. */
const BEFORE = 8
let dataFolder: string
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-deliveries-'))
})
afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

const open = (schema?: number) => {
  const clock = createStillClock()
  return schema === undefined
    ? openStore({ dataFolder, clock })
    : openOlderStore(dataFolder, clock, schema)
}

interface Row {
  endpoint: string
  nextAt: number
  state: string
}
const ENDPOINTS = [
  { id: 'plain', strict: 0, state: 'enabled' },
  { id: 'strict', strict: 1, state: 'enabled' },
  { id: 'off', strict: 0, state: 'disabled' },
]

/** Writes these rows, numbered as they come, in place of all that were there. */
function fill(rows: readonly Row[]): void {
  const file = new Database(path.join(dataFolder, 'sisrua.db'))
  file.exec('DELETE FROM webhook_messages; DELETE FROM webhook_endpoints')
  const endpoint = file.prepare(
    `INSERT INTO webhook_endpoints (id, url, secret, state, strict_order, created_at, updated_at)
     VALUES (@id, 'http://127.0.0.1:9/' || @id, 'whsec_x', @state, @strict, 1, 1)`,
  )
  for (const one of ENDPOINTS) endpoint.run(one)
  const message = file.prepare("INSERT INTO webhook_messages VALUES (?, 'x', '{}', 1)")
  const delivery = file.prepare(
    `INSERT INTO webhook_deliveries (message_id, endpoint_id, n, state, next_at, updated_at) VALUES (?, ?, ?, ?, ?, 1)`,
  )
  rows.forEach((row, i) => {
    // Ids in another order than numbers.
    const id = `m${(i * 7) % 101}`
    message.run(id)
    delivery.run(id, row.endpoint, i + 1, row.state, row.nextAt)
  })
  file.close()
}

/** By a look at every row. */
function firstOf(rows: readonly Row[], id: string, strict: number): number | undefined {
  const waiting = rows
    .map((row, i) => ({ ...row, n: i + 1 }))
    .filter((row) => row.endpoint === id && row.state === 'waiting')
    .sort((a, b) => (strict === 1 ? 0 : a.nextAt - b.nextAt) || a.n - b.n)
  return waiting[0]?.n
}

describe('the first of each endpoint', () => {
  it(`is due first or, in strict order, was written first (seed ${SEED})`, async () => {
    const store = open()
    const row = fc.record({
      endpoint: fc.constantFrom(...ENDPOINTS.map(({ id }) => id)),
      nextAt: fc.integer({ min: 1, max: 4 }),
      state: fc.constantFrom('waiting', 'waiting', 'delivered', 'given_up'),
    })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), (rows) => {
        fill(rows)
        const wanted = ENDPOINTS.filter(({ state }) => state === 'enabled')
          .map(({ id, strict }) => [id, firstOf(rows, id, strict)])
          .filter(([, n]) => n !== undefined)
        const found = store.deliveries
          .firstPerEndpoint()
          .map(({ endpointId, n }) => [endpointId, n])
        expect(found.sort()).toEqual(wanted.sort())
      }),
      { numRuns: 150, seed: SEED },
    )
    await store.close()
  })

  it('is found without a look at all that waits; control: the schema before needs one', async () => {
    const plan = (): string => {
      const file = new Database(path.join(dataFolder, 'sisrua.db'), { readonly: true })
      // The older schema lacks one column that the statement names.
      const known = FIRST_PER_ENDPOINT.replace('e.paused_until', 'NULL')
      const steps = file.prepare(`EXPLAIN QUERY PLAN ${known}`).all()
      file.close()
      return steps.map((step) => (step as { detail: string }).detail).join('\n')
    }
    const LOOK = /SCAN (d|webhook_deliveries)|webhook_deliveries_due/
    await open(BEFORE).close()
    expect(plan()).toMatch(LOOK)
    await open().close()
    expect(plan()).not.toMatch(LOOK)
    expect(plan()).toContain('COVERING INDEX webhook_deliveries_next (endpoint_id=?)')
  })

  it('is the same in an older database, which is kept as a backup', async () => {
    const before = open(BEFORE)
    fill([
      { endpoint: 'plain', nextAt: 2, state: 'waiting' },
      { endpoint: 'plain', nextAt: 1, state: 'waiting' },
      { endpoint: 'strict', nextAt: 9, state: 'waiting' },
      { endpoint: 'strict', nextAt: 1, state: 'waiting' },
    ])
    const wanted = before.deliveries.firstPerEndpoint()
    expect(wanted.map(({ n }) => n).sort()).toEqual([2, 3])
    await before.close()
    const after = open()
    expect(after.deliveries.firstPerEndpoint()).toEqual(wanted)
    expect(after.backups().map(({ reason }) => reason)).toEqual([`pre-${BEFORE + 1}`])
    await after.close()
  })
})
