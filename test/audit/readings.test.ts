// Checks and exports of a long log beside the work: others are answered meanwhile, what nobody waits for ends, few run at once.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Worker } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { bundleFiles } from '../../src/audit/bundle.ts'
import { verifyBundle } from '../../src/audit/bundle-verify.ts'
import { openLogReader } from '../../src/audit/log-reader.ts'
import { verifyLog } from '../../src/audit/log-verify.ts'
import { createReadingsAside, type ReadingAnswer } from '../../src/audit/readings-aside.ts'
import { writeBundle } from '../experiments/support/bundle.ts'
import { createAuditHouse } from '../support/audit-house.ts'
import { startDaemon, type TestDaemon, TOKEN } from '../support/daemon.ts'
import { OWNER } from '../support/job-house.ts'
import { describeWithJudge } from '../support/judge.ts'

const ENTRIES = 60_000
/** Bytes of data an entry that nothing makes smaller: the archive is more than all buffers on the way hold. */
const DATA_BYTES = 400
const PYTHON = '/usr/bin/python3'

let home: string
/** A log of many entries, closed. */
let long: string
beforeAll(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'sisrua-readings-'))
  long = path.join(home, 'long')
  const house = createAuditHouse({ dataFolder: long, epochEntries: 1e9 })
  const bytes = randomBytes(ENTRIES * DATA_BYTES)
  for (let done = 0; done < ENTRIES; done += 5_000) {
    house.add(5_000, (i) => {
      const at = (done + i) * DATA_BYTES
      return bytes.toString('latin1', at, at + DATA_BYTES)
    })
  }
  await house.close()
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** The threads that read the log from here on, and how each ended: whether it had done its work. */
function watchThreads() {
  const begun: Worker[] = []
  const ends: ('done' | 'ended')[] = []
  const note = (thread: Worker): void => {
    begun.push(thread)
    let done = false
    thread.on('message', (answer: ReadingAnswer) => {
      done ||= 'report' in answer || 'done' in answer
    })
    thread.once('exit', () => ends.push(done ? 'done' : 'ended'))
  }
  process.on('worker', note)
  return { begun, ends, [Symbol.dispose]: () => void process.off('worker', note) }
}

describeWithJudge('python3', [PYTHON, '-c', '0'], 'over HTTP', () => {
  let daemon: TestDaemon
  beforeAll(async () => {
    daemon = await startDaemon({ dataDir: long })
  })
  afterAll(() => daemon.stop())

  const entry = { event_type: 'test.told', entity_type: 'thing' }
  const checkAll = () => daemon.call('POST', '/api/v1/audit/verify-all', { limit: 1e9 })

  /** A request whose answer is not read until somebody does. */
  async function ask(method: string, target: string, body?: unknown) {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const request = http.request({
      ...{ host: '127.0.0.1', port: daemon.port, method, path: target, agent: false },
      headers: {
        'X-SisRua-Token': TOKEN,
        ...(text && { 'Content-Type': 'application/json', 'Content-Length': text.length }),
      },
    })
    request.on('error', () => {})
    request.end(text)
    return request
  }
  async function beginExport() {
    const request = await ask('GET', '/api/v1/audit/export')
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    response.on('error', () => {})
    return response
  }
  async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10))
  }

  /** Commits acknowledged, one after the other, before the work was done. */
  async function committedDuring(work: () => Promise<unknown>): Promise<number> {
    let done = false
    let committed = 0
    const working = work().finally(() => {
      done = true
    })
    while (!done) {
      expect((await daemon.call('POST', '/api/audit', entry)).status).toBe(201)
      if (!done) committed++
    }
    await working
    return committed
  }

  test('commits go on while all entries are checked; checked between them they would not', async () => {
    using threads = watchThreads()
    let report: Record<string, unknown> = {}
    const committed = await committedDuring(async () => {
      report = (await checkAll()).json
    })
    expect(report).toMatchObject({ invalid: 0, chain_ok: true, root_ok: true, state: 'ok' })
    expect(report.total).toBeGreaterThanOrEqual(ENTRIES)
    expect(threads.ends).toEqual(['done'])
    expect(committed).toBeGreaterThan(3)
    // The control: the same work on the thread that answers.
    const held = await committedDuring(
      () =>
        new Promise<void>((resolve) => {
          setImmediate(() => {
            const log = openLogReader(long)
            verifyLog(log, [])
            log.close()
            resolve()
          })
        }),
    )
    expect(held).toBeLessThanOrEqual(1)
  })

  test('a few entries are checked at once, without a thread', async () => {
    using threads = watchThreads()
    expect((await daemon.call('POST', '/api/audit/verify-all', {})).json.total).toBe(1000)
    expect(threads.begun).toHaveLength(0)
  })

  test('a whole job is done while an export waits for its reader, and the export is sound', async () => {
    const response = await beginExport()
    expect(response.statusCode).toBe(200)
    const geojson = {
      type: 'Feature',
      properties: {},
      geometry: { type: 'Point', coordinates: [-41.3, -21.7] },
    }
    const job = await daemon.call('POST', '/api/v1/jobs/prepare', { kind: 'geojson', geojson })
    expect((await daemon.finished(job.json.job_id)).json.status).toBe('completed')
    // Nothing has come to its end before somebody reads.
    expect(response.readableEnded).toBe(false)
    const pieces: Buffer[] = []
    for await (const piece of response) pieces.push(piece as Buffer)
    const file = path.join(home, 'export.zip')
    const bundle = path.join(home, 'export')
    writeFileSync(file, Buffer.concat(pieces))
    execFileSync(PYTHON, ['-m', 'zipfile', '-e', file, bundle])
    expect(verifyBundle(bundle)).toMatchObject({ code: 0, firstBad: null })
  })

  test('two at once are enough; who leaves makes room', async () => {
    using threads = watchThreads()
    const [first, second] = await Promise.all([beginExport(), beginExport()])
    for (const refused of [await checkAll(), await daemon.call('GET', '/api/audit/export')]) {
      expect(refused.status).toBe(503)
      expect(refused.json).toMatchObject({ code: 'QUEUE_FULL', retryable: true })
      expect(refused.headers['retry-after']).toBe('5')
    }
    expect(threads.ends).toEqual([])
    // Nobody reads them, so neither would ever end by itself.
    first.destroy()
    await until(() => threads.ends.length === 1)
    expect((await checkAll()).status).toBe(200)
    second.destroy()
    await until(() => threads.ends.length === 3)
    expect(threads.ends).toEqual(['ended', 'done', 'ended'])
  })

  test('a check that nobody waits for any more is ended', async () => {
    using threads = watchThreads()
    const request = await ask('POST', '/api/audit/verify-all', { limit: 1e9 })
    await until(() => threads.begun.length === 1)
    request.destroy()
    await until(() => threads.ends.length === 1)
    expect(threads.ends).toEqual(['ended'])
  })

  test('a stop waits for none of them', async () => {
    using threads = watchThreads()
    const stuck = await beginExport()
    const request = await ask('POST', '/api/audit/verify-all', { limit: 1e9 })
    await until(() => threads.begun.length === 2)
    await daemon.daemon.stop('test')
    expect(threads.ends).toEqual(['ended', 'ended'])
    expect(daemon.daemon.hasHungThread()).toBe(false)
    expect(stuck.readableEnded).toBe(false)
    request.destroy()
  })
})

describe('data that is erased while the log is exported', () => {
  it('ends the export: without the entry that tells of it the bundle would accuse somebody', async () => {
    const folder = path.join(home, 'erased')
    const house = createAuditHouse({ dataFolder: folder })
    house.add(2_000)
    house.ledger.checkpoint('request')
    const log = openLogReader(folder)
    const blind = { ...log, audit: { ...log.audit, isErasedSince: () => false } }
    const [guarded, control] = [bundleFiles(log), bundleFiles(blind)]
    house.ledger.erase([1_990], 'asked for', OWNER)
    expect(() => writeBundle(path.join(folder, 'a'), guarded)).toThrow(
      expect.objectContaining({ code: 'STORE_UNAVAILABLE' }),
    )
    const accused = verifyBundle(writeBundle(path.join(folder, 'b'), control))
    expect(accused).toMatchObject({ code: 2, firstBad: 1_989 })
    // Begun afterwards it holds both.
    expect(verifyBundle(writeBundle(path.join(folder, 'c'), bundleFiles(log)))).toMatchObject({
      code: 0,
    })
    log.close()
    await house.close()
  })
})

describe('a reading of a house', () => {
  it('is given up when its reader takes nothing for long; one that reads gets all', async () => {
    const place = { dataFolder: long, nativeBinding: undefined }
    const none = { state: 'none' as const, notes: [] }
    const hasty = createReadingsAside(place, 100)
    const stuck = await hasty.archive(none)
    // Everything else is waited for, so this happens by itself or never.
    const [error] = await once(stuck, 'error')
    expect(error).toMatchObject({ code: 'CANCELLED' })
    expect(hasty.running()).toBe(0)
    const patient = createReadingsAside(place)
    let bytes = 0
    for await (const piece of await patient.archive(none)) bytes += (piece as Buffer).length
    expect(bytes).toBeGreaterThan(ENTRIES * DATA_BYTES)
    expect(patient.running()).toBe(0)
  })

  it('tells what is wrong with the log, and what it was ended for', async () => {
    const folder = path.join(home, 'house')
    const house = createAuditHouse({ dataFolder: folder })
    house.add(5_000)
    const leaving = new AbortController()
    const left = house.audit.verifyAll(null, leaving.signal)
    leaving.abort()
    await expect(left).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(house.audit.verifyAll(null, leaving.signal)).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    await expect(house.audit.verifyAll(null)).resolves.toMatchObject({ total: 5_001, invalid: 0 })
    const file = new Database(path.join(folder, 'sisrua.db'))
    file.exec('DROP TRIGGER audit_only_erase')
    file.exec(`UPDATE audit_log SET entry = replace(entry, 't20"', 't21"') WHERE seq = 20`)
    file.close()
    await expect(house.audit.verifyAll(null)).resolves.toMatchObject({
      ...{ invalid: 1, firstBad: 21, state: 'broken' },
    })
    // It does not lie among the newest, which are checked without a thread.
    await expect(house.audit.verifyAll(1000)).resolves.toMatchObject({ invalid: 0, state: 'ok' })
    const archive = await house.ledger.archive()
    await house.readings.stop(5_000)
    await expect(archive.toArray()).rejects.toMatchObject({ code: 'SHUTDOWN' })
    await expect(house.audit.verifyAll(null)).rejects.toMatchObject({ code: 'SHUTDOWN' })
    await house.close()
  })
})
