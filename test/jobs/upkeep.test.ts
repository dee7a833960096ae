// The housekeeping of the store on a still clock: backups by the day, copies of erased data, rotten blobs, trouble that is told.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eraseData } from '../../src/audit/erase.ts'
import { createStorageWatch } from '../../src/jobs/storage-watch.ts'
import { createUpkeep } from '../../src/jobs/upkeep.ts'
import { isSoundBackup } from '../../src/store/backup.ts'
import { openStore } from '../../src/store/store.ts'
import { createJobHouse, createStillClock, OWNER, osm } from '../support/job-house.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

let dataFolder: string
let clock: ReturnType<typeof createStillClock>
let free: number
let house: ReturnType<typeof createJobHouse>
let errors: unknown[]
let upkeep: ReturnType<typeof createUpkeep>
let watch: ReturnType<typeof createStorageWatch>

const onError = (error: unknown): void => void errors.push(error)
const openUpkeep = () => createUpkeep({ store: house.store, clock, watch, onError })

beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  clock = createStillClock()
  free = 2 ** 34
  errors = []
  const store = openStore({ dataFolder, clock, freeBytes: () => free })
  house = createJobHouse({ store, clock, start: false })
  watch = createStorageWatch({ store, recorder: house.recorder, onError })
  upkeep = openUpkeep()
})
afterEach(async () => {
  await house.close()
  rmSync(dataFolder, { recursive: true, force: true })
  expect(errors).toEqual([])
})

const daily = () => house.store.backups().filter((one) => one.reason === 'daily')
async function pass(milliseconds: number, isIdle = true): Promise<void> {
  clock.advance(milliseconds)
  house.store.disk.refresh()
  await upkeep.turn(isIdle)
  await house.store.drained()
}
const told = () =>
  house.store.audit
    .list({
      eventType: 'storage.degraded',
      entityType: null,
      entityId: null,
      before: null,
      limit: 10,
    })
    .map((row) => JSON.parse(row.data!).troubles)

describe('a backup', () => {
  it('is made some minutes after the start and then every day, seven are kept, each sound', async () => {
    await pass(4 * MINUTE)
    expect(daily()).toHaveLength(0)
    await pass(MINUTE)
    expect(daily()).toHaveLength(1)
    await pass(DAY - 1)
    expect(daily()).toHaveLength(1)
    for (let day = 0; day < 9; day++) await pass(DAY)
    expect(daily()).toHaveLength(7)
    for (const one of daily()) {
      expect(isSoundBackup(house.store.folders.backups, one)).toBe(true)
    }
  })

  it('waits for a quiet moment, but not for ever, and comes after a clock that was set back', async () => {
    await pass(DAY, true)
    await pass(DAY + MINUTE, false)
    expect(daily()).toHaveLength(1)
    await pass(DAY / 2, false)
    expect(daily()).toHaveLength(2)
    clock.set(clock.now() - 30 * DAY)
    await pass(MINUTE)
    expect(daily()).toHaveLength(3)
  })

  it('that holds data which was erased since is replaced by one without it', async () => {
    const secret = 'Maria da Silva, 123.456.789-00'
    const seq = house.recorder.record((trail) =>
      trail.audit({
        eventType: 'seen',
        entityType: 'project',
        entityId: 'p',
        actor: OWNER,
        data: { name: secret },
      }),
    )
    await pass(DAY)
    const { backups } = house.store.folders
    const holding = (): string[] =>
      readdirSync(backups).filter((name) => readFileSync(path.join(backups, name)).includes(secret))
    expect(holding()).toHaveLength(1)
    eraseData(house.store, house.recorder, [seq + 1], 'asked for', OWNER)
    await pass(MINUTE, false)
    expect(holding()).toHaveLength(1)
    await pass(MINUTE)
    expect(holding()).toEqual([])
    expect(daily()).toHaveLength(1)
    expect(house.store.backupsWithErased()).toEqual([])
  })
})

describe('trouble', () => {
  it('is told once, when it is new: a disk that runs full', async () => {
    await pass(0)
    expect(told()).toEqual([])
    free = 150 * 2 ** 20
    await pass(MINUTE)
    await pass(MINUTE)
    expect(told()).toEqual([['disk_low']])
    free = 2 ** 34
    await pass(MINUTE)
    free = 2 ** 20
    await pass(MINUTE)
    expect(told()).toEqual([['disk_read_only'], ['disk_low']])
  })

  it('a stored result that rotted is found within a day, put aside and told', async () => {
    const { blobs } = house.store
    const bytes = Buffer.alloc(100_000, 'sound')
    const blob = await blobs.prepare(bytes)
    house.store.transaction(() => blobs.link(blob))
    // Something refers to it, or it would be collected.
    expect(await blobs.sample(50)).toBe(0)
    const file = path.join(house.store.folders.blobs, blob.sha256.slice(0, 2), blob.sha256)
    bytes[5] = 0
    writeFileSync(file, bytes)
    expect(await blobs.sample(50)).toBe(1)
    watch.note('blobs_damaged')
    await pass(0)
    expect(told()).toEqual([['blobs_damaged']])
    expect(readdirSync(house.store.folders.quarantine)).toHaveLength(1)
  })
})

it('an idle program empties its write-ahead log', async () => {
  await pass(0)
  house.store.transaction(() => house.store.meta.set('note', 'kept'))
  expect(house.store.walBytes()).toBeGreaterThan(0)
  await pass(MINUTE)
  expect(house.store.walBytes()).toBeGreaterThan(0)
  await pass(4 * MINUTE, false)
  expect(house.store.walBytes()).toBeGreaterThan(0)
  await pass(0)
  expect(house.store.walBytes()).toBe(0)
})

describe('what is kept for so many days', () => {
  const HOUR = 60 * MINUTE
  const finish = async (): Promise<string> => {
    const { job } = await house.jobs.submit(osm(500), OWNER)
    await house.jobs.cancel(job.id, OWNER)
    return job.id
  }
  const isKept = (id: string): boolean => house.store.jobs.byId(id) !== undefined

  it('goes when they are over', async () => {
    const id = await finish()
    await pass(DAY - HOUR)
    expect(isKept(id)).toBe(true)
    await pass(2 * HOUR)
    expect(isKept(id)).toBe(false)
  })

  it('stays when it is only the clock that was set a month forward, and goes in its time', async () => {
    const id = await finish()
    clock.set(clock.now() + 30 * DAY)
    await pass(HOUR)
    expect(isKept(id)).toBe(true)
    await pass(DAY)
    expect(isKept(id)).toBe(false)
  })

  it('is not taken for old by a clock that was a month ahead at the start and was put right', async () => {
    clock.set(clock.now() - 30 * DAY)
    const id = await finish()
    await pass(HOUR)
    expect(isKept(id)).toBe(true)
  })

  it('does not lose a file that is being written while the clock is set', async () => {
    const folder = path.join(dataFolder, 'blobs/ab')
    mkdirSync(folder, { recursive: true })
    const file = path.join(folder, `${'ab'.repeat(32)}.1.1.tmp`)
    writeFileSync(file, 'half')
    // As the file's times are the real ones.
    clock.set(Date.now())
    const now = openUpkeep()
    clock.set(Date.now() + 2 * DAY)
    clock.advance(HOUR)
    await now.turn(true)
    expect(existsSync(file)).toBe(true)
    utimesSync(file, 0, 0)
    clock.advance(2 * HOUR)
    await now.turn(true)
    expect(existsSync(file)).toBe(false)
  })
})
