// The list of jobs page by page: each job that was there at the first page comes once, however many were stored in one millisecond.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { AppError } from '../../src/base/errors.ts'
import { startDaemon } from '../support/daemon.ts'
import { createJobHouse, createStillClock, OWNER } from '../support/job-house.ts'
import { runProgram } from '../support/program.ts'

let dataFolder: string
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-pages-'))
})
afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

const osm = (n: number) => ({ kind: 'osm' as const, params: { latitude: -21, radius: n + 1 } })

/** So many jobs of one millisecond that wait, oldest first. */
async function stored(count: number) {
  const house = createJobHouse({ dataFolder, clock: createStillClock(), start: false })
  const ids: string[] = []
  for (let n = 0; n < count; n++) ids.push((await house.jobs.submit(osm(n), OWNER)).job.id)
  return { ...house, ids }
}
type House = Awaited<ReturnType<typeof stored>>

/** The ids of every page of `limit` jobs. */
function pages({ jobs }: House, limit: number): string[] {
  const seen: string[] = []
  for (let next: number | null = null, n = 0; n < 100; n++) {
    const page = jobs.list({ limit, ...(next === null ? {} : { cursor: next }) })
    seen.push(...page.jobs.map(({ id }) => id))
    if (page.next === null) break
    next = page.next
  }
  return seen
}

describe('pages of jobs that were stored in one millisecond', () => {
  it.each([1, 2, 3, 4, 5, 12, 13])('by %i: all of them once, the newest first', async (limit) => {
    const house = await stored(12)
    expect(pages(house, limit)).toEqual(house.ids.toReversed())
    await house.close()
  })

  it('control: by the time of the last one, those of its millisecond are passed over', async () => {
    const house = await stored(12)
    const first = house.jobs.list({ limit: 5 })
    expect(first.next).not.toBeNull()
    expect(house.jobs.list({ before: first.jobs.at(-1)!.createdAt }).jobs).toEqual([])
    // What `before` is for goes on: the millisecond after that one has all of them before it.
    expect(house.jobs.list({ before: first.jobs[0]!.createdAt + 1 }).jobs).toHaveLength(12)
    await house.close()
  })

  it('and go on where they were when jobs come, the cursor’s own job is thrown away, and the clock is set back', async () => {
    const clock = createStillClock()
    const house = createJobHouse({ dataFolder, clock, start: false })
    const ids: string[] = []
    for (let n = 0; n < 12; n++) ids.push((await house.jobs.submit(osm(n), OWNER)).job.id)
    const first = house.jobs.list({ limit: 5 })
    clock.set(clock.now() - 3_600_000)
    await house.jobs.submit(osm(99), OWNER)
    const last = first.jobs.at(-1)!.id
    await house.close()
    const file = new Database(path.join(dataFolder, 'sisrua.db'))
    file.pragma('foreign_keys = OFF')
    file.prepare('DELETE FROM jobs WHERE id = ?').run(last)
    file.close()
    const again = createJobHouse({ dataFolder, clock, start: false })
    const rest = again.jobs.list({ limit: 50, cursor: first.next! })
    expect(rest.jobs.map(({ id }) => id)).toEqual(ids.slice(0, 7).toReversed())
    expect(rest.next).toBeNull()
    await again.close()
  })

  it('are full although damaged rows lie between, and end with the last one', async () => {
    const { close, ids } = await stored(12)
    await close()
    const file = new Database(path.join(dataFolder, 'sisrua.db'))
    const damage = file.prepare("UPDATE jobs SET created_by = 'x' WHERE id = ?")
    for (const n of [11, 8, 7, 6, 0]) damage.run(ids[n])
    file.close()
    const house = createJobHouse({ dataFolder, clock: createStillClock(), start: false })
    const good = [10, 9, 5, 4, 3, 2, 1].map((n) => ids[n]!)
    const first = house.jobs.list({ limit: 3 })
    expect(first.jobs.map(({ id }) => id)).toEqual(good.slice(0, 3))
    const rest = house.jobs.list({ limit: 4, cursor: first.next! })
    expect([rest.jobs.map(({ id }) => id), rest.next]).toEqual([good.slice(3), null])
    await house.close()
  })
})

describe('over the wire', () => {
  test('`next` leads on under the same filter; a cursor that is none is refused', async () => {
    const daemon = await startDaemon({}, { clock: createStillClock() })
    try {
      const ids: string[] = []
      for (let n = 0; n < 7; n++) {
        const geojson = { type: 'Point', coordinates: [-41.3 - n / 100, -21.7] }
        const body = { kind: 'geojson', geojson }
        ids.push((await daemon.call('POST', '/api/v1/jobs/prepare', body)).json.job_id)
        await daemon.finished(ids.at(-1)!)
      }
      const osmBody = { kind: 'osm', latitude: -21.7, longitude: -41.3, radius: 50 }
      await daemon.call('POST', '/api/v1/jobs/prepare', osmBody)
      const list = async (query: string) =>
        (await daemon.call('GET', `/api/v1/jobs?kind=geojson&limit=3${query}`)).json
      const seen: string[] = []
      const sizes: number[] = []
      let next = ''
      do {
        const page = await list(next)
        sizes.push(page.count)
        seen.push(...page.jobs.map((job: { job_id: string }) => job.job_id))
        next = page.next === null ? '' : `&cursor=${page.next}`
      } while (next !== '')
      expect(sizes).toEqual([3, 3, 1])
      expect(seen).toEqual(ids.toReversed())
      // The older way is as it was.
      const [newest] = (await list('')).jobs
      expect((await list(`&before=${newest.created_at}`)).jobs).toEqual([])
      expect((await list(`&before=${newest.created_at + 0.001}`)).count).toBe(3)
      for (const cursor of ['', 'abc', '-1', '1e3', '1.5', '9'.repeat(16), ids[0]!]) {
        const answer = await daemon.call('GET', `/api/v1/jobs?cursor=${cursor}`)
        expect([cursor, answer.status, answer.json.code]).toEqual([cursor, 422, 'PARAMS_INVALID'])
      }
    } finally {
      await daemon.stop()
    }
  })

  test('`sisrua job list` gives the newest hundred, with --all every one of them', async () => {
    const refuse = () => Promise.reject(new AppError('GEOJSON_INVALID'))
    const compute = { run: refuse, async close() {} } as never
    const daemon = await startDaemon({}, { compute, clock: createStillClock() })
    try {
      const made = new Set<string>()
      while (made.size < 1_030) {
        const some = Array.from({ length: 50 }, (_, n) => ({
          kind: 'geojson',
          geojson: { type: 'Point', coordinates: [-41.3 - (made.size + n) / 1e4, -21.7] },
        }))
        const answers = some.map((body) => daemon.call('POST', '/api/v1/jobs/prepare', body))
        for (const { json } of await Promise.all(answers)) made.add(json.job_id)
      }
      const url = ['--url', `http://127.0.0.1:${daemon.port}`, '--token-stdin']
      const list = async (...args: string[]) => {
        const { stdout } = await runProgram(['job', 'list', ...args, ...url], dataFolder, {
          input: 'test-token-123',
        })
        return stdout
      }
      const lines = (await list()).trimEnd().split('\n')
      expect(lines).toHaveLength(100)
      const all = (await list('--all')).trimEnd().split('\n')
      expect(new Set(all.map((line) => line.split('\t')[0]))).toEqual(made)
      expect(all).toHaveLength(made.size)
      const document = JSON.parse(await list('--all', '--json'))
      expect([document.count, document.next]).toEqual([made.size, null])
    } finally {
      await daemon.stop()
    }
  })
})
