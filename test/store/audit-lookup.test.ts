// Looking entries up must give the same answer however far the tables behind it lag; the control is a table that was tampered with.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type AuditHouse, createAuditHouse } from '../support/audit-house.ts'
import { OWNER } from '../support/job-house.ts'

let dataFolder: string
let house: AuditHouse

beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-audit-'))
  house = createAuditHouse({ dataFolder })
  house.recorder.record((trail) => {
    for (let i = 0; i < 40; i++) {
      trail.audit({
        eventType: i % 5 === 0 ? 'road.closed' : 'road.opened',
        entityType: i % 2 === 0 ? 'road' : 'bridge',
        entityId: i % 8 === 7 ? null : `r${i % 3}`,
        actor: OWNER,
      })
    }
  })
})
afterEach(async () => {
  await house.close()
  rmSync(dataFolder, { recursive: true, force: true })
})

const EVERYTHING = { entityType: null, entityId: null, eventType: null, before: null, limit: 1000 }
const FILTERS = [null, 'road', 'bridge'].flatMap((entityType) =>
  [null, 'r0', 'r1', 'nobody'].flatMap((entityId) =>
    [null, 'road.closed', 'never'].flatMap((eventType) =>
      [null, 33, 12, 0].flatMap((before) =>
        [1, 4, 1000].map((limit) => ({ entityType, entityId, eventType, before, limit })),
      ),
    ),
  ),
)

/** What a filter means, said by going through all entries. */
function expected(filter: (typeof FILTERS)[number]): number[] {
  return house.store.audit
    .list(EVERYTHING)
    .filter(
      (row) =>
        (filter.entityType === null || row.entityType === filter.entityType) &&
        (filter.entityId === null || row.entityId === filter.entityId) &&
        (filter.eventType === null || row.eventType === filter.eventType) &&
        (filter.before === null || row.seq < filter.before),
    )
    .slice(0, filter.limit)
    .map((row) => row.seq)
}

const found = (filter: (typeof FILTERS)[number]) =>
  house.store.audit.list(filter).map((row) => row.seq)

it.each([0, 1, 17, 39, 40])('finds and counts the same when %i entries are taken in', (taken) => {
  const { audit } = house.store
  const counts = [audit.byEntity(), audit.byEvent()]
  expect(counts).toMatchObject([
    [
      { name: 'bridge', count: 20 },
      { name: 'road', count: 20 },
    ],
    [
      { name: 'road.closed', count: 8 },
      { name: 'road.opened', count: 32 },
    ],
  ])
  const wanted = FILTERS.map(expected)
  house.store.transaction(() => audit.advanceLookup(taken))
  expect(audit.lookupLag()).toBe(40 - taken)
  expect(FILTERS.map(found)).toEqual(wanted)
  expect([audit.byEntity(), audit.byEvent()]).toEqual(counts)
})

it('goes on where it stopped, never twice over the same entries', () => {
  const { audit } = house.store
  for (let i = 0; i < 10; i++) house.store.transaction(() => audit.advanceLookup(7))
  expect(audit.lookupLag()).toBe(0)
  house.add(3)
  expect(audit.lookupLag()).toBe(3)
  expect(audit.byEvent()).toContainEqual({ name: 'test.made', count: 3 })
  house.store.transaction(() => audit.advanceLookup(7))
  expect(audit.byEvent()).toContainEqual({ name: 'test.made', count: 3 })
})

it('control: what is missing from the tables is missing from the answer', () => {
  house.store.transaction(() => house.store.audit.advanceLookup(40))
  const filter = { ...EVERYTHING, entityId: 'r1' }
  const before = found(filter).length
  const file = new Database(path.join(dataFolder, 'sisrua.db'))
  file.exec("DELETE FROM audit_of_entity WHERE entity_id = 'r1' AND seq = 4")
  file.close()
  expect(found(filter).length).toBe(before - 1)
})
