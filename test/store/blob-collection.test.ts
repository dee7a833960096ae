// Stored bytes that jobs share: whatever is thrown away, all that a job names stays, and nothing else. No reference in the database
// keeps a result's bytes (schema step 10), so this is what does.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { sha256, sha256Hex } from '../../src/base/hash.ts'
import { systemIds } from '../../src/base/ids.ts'
import { DEFAULT_POLICY } from '../../src/jobs/policy.ts'
import { createQueue } from '../../src/jobs/queue.ts'
import { createJobHouse, createStillClock, OWNER } from '../support/job-house.ts'

const SEED = 20261122
const DAY = 86_400_000
/** Small enough that jobs share them: the even ones lie in the database, the odd ones are files. */
const bytesOf = (k: number): Buffer => Buffer.alloc(k % 2 === 0 ? 100 : 70_000, String(k))
const COUNT = 6
const names = new Map(Array.from({ length: COUNT }, (_, k) => [sha256Hex(bytesOf(k)), k] as const))

let dataFolder: string
const clock = createStillClock()
let house: ReturnType<typeof createJobHouse>
let queue: ReturnType<typeof createQueue>
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  house = createJobHouse({ dataFolder, clock, start: false })
  const { store, bootId } = house
  queue = createQueue({
    ...{ store, clock, ids: systemIds, bootId, policy: DEFAULT_POLICY, chance: Math.random },
  })
})
afterEach(async () => {
  await house.close()
  rmSync(dataFolder, { recursive: true, force: true })
})

let keys = 0
async function job(input: number | null, result: number, artifact: number | null): Promise<string> {
  const { store, recorder } = house
  const prepared = async (k: number | null) =>
    k === null ? null : await store.blobs.prepare(bytesOf(k))
  const given = await prepared(input)
  const row = recorder.record((trail) => {
    const key = sha256(`key ${keys++}`)
    const asked = { kind: 'osm', pipeline: 'osm-site@1', payload: '{}', key, input: given } as const
    const rest = { priority: 5, force: false, idempotencyKey: null, projectId: null }
    queue.add(trail, { ...asked, ...rest, traceId: null, retryOf: null }, OWNER)
    return queue.claim(trail, 'osm')!
  })
  const made = (await prepared(result))!
  const file = await prepared(artifact)
  const artifacts =
    file === null ? [] : [{ name: 'drawing.dxf', mediaType: 'text/plain', blob: file }]
  recorder.record((trail) => queue.succeed(trail, row, { result: made, artifacts }))
  return row.id
}

/** Which of the bytes are stored, and which of these are whole. */
async function stored(): Promise<number[]> {
  const whole: number[] = []
  for (const [name, k] of names) {
    try {
      const opened = await house.store.blobs.open(name)
      if (Buffer.from(await opened.bytes()).equals(bytesOf(k))) whole.push(k)
    } catch {
      // Not stored.
    }
  }
  return whole
}

const one = fc.nat({ max: COUNT - 1 })
const step = fc.oneof(
  fc.record({ input: fc.option(one), result: one, artifact: fc.option(one) }),
  fc.record({ days: fc.integer({ min: 1, max: 5 }) }),
)

it(`keeps what jobs name, and nothing else (seed ${SEED})`, async () => {
  let collected = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const jobs: { at: number; uses: number[] }[] = []
      for (const one of steps) {
        if ('days' in one) clock.advance(one.days * DAY)
        else {
          await job(one.input, one.result, one.artifact)
          const uses = [one.input, one.result, one.artifact].filter((k) => k !== null)
          jobs.push({ at: clock.now(), uses })
        }
        house.store.transaction(() => house.store.retention.prune(clock.now()))
        collected += house.store.blobs.collect()
        const kept = jobs.filter(({ at }) => clock.now() - at <= 7 * DAY)
        expect(await stored()).toEqual([...new Set(kept.flatMap(({ uses }) => uses))].sort())
      }
      clock.advance(8 * DAY)
      house.store.transaction(() => house.store.retention.prune(clock.now()))
      collected += house.store.blobs.collect()
      expect(await stored()).toEqual([])
    }),
    { numRuns: 40, seed: SEED },
  )
  expect(collected).toBeGreaterThan(50)
})

it('control: a collection that does not ask for results loses them, and it is seen', async () => {
  await job(0, 1, 2)
  await job(3, 4, null)
  expect(await stored()).toEqual([0, 1, 2, 3, 4])
  const file = new Database(path.join(dataFolder, 'sisrua.db'))
  file.exec(`DELETE FROM blobs WHERE sha256 NOT IN (SELECT input_sha256 FROM jobs)
    AND sha256 NOT IN (SELECT sha256 FROM artifacts)`)
  file.close()
  expect(await stored()).toEqual([0, 2, 3])
})
