// kill -9 under load: every acknowledged job is there afterwards, done exactly once, one per payload, and the audit
// chain is whole. The list of acknowledgements is kept here, outside the process that dies.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it } from 'vitest'
import { createAudit } from '../../src/audit/audit-service.ts'
import { systemClock } from '../../src/base/clock.ts'
import { createJobHouse } from '../support/job-house.ts'

const ROUNDS = 10
/** A client's pause before its next job: all rounds together stay below 10,000, beyond which the oldest are thrown away by the rules. */
const PAUSE_MS = 6
const CHILD = path.join(import.meta.dirname, 'kill-child.ts')
const folders: string[] = []
const children: ChildProcessWithoutNullStreams[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

interface Run {
  dataFolder: string
  /** Acknowledged keys and the id that was told; several when a key was posted again. */
  acknowledged: Map<string, Set<string>>
}

function start(dataFolder: string, mode: string): Promise<ChildProcessWithoutNullStreams> {
  const child = spawn(process.execPath, [CHILD, dataFolder, mode])
  children.push(child)
  return new Promise((resolve, reject) => {
    let errors = ''
    child.stderr.on('data', (chunk) => {
      errors += chunk
    })
    child.stdout.once('data', () => resolve(child))
    child.once('exit', (code) => reject(new Error(`child ended with ${code}: ${errors}`)))
    child.stdin.on('error', () => {})
  })
}

async function killLoop(rounds: number, mode: string): Promise<Run> {
  const dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-kill-'))
  folders.push(dataFolder)
  const run: Run = { dataFolder, acknowledged: new Map() }
  let n = 0
  /** Posted, but the answer was lost in the kill: posted again, as a client would. */
  const unanswered = new Set<string>()
  for (let round = 0; round < rounds; round++) {
    const child = await start(dataFolder, mode)
    const post = (key: string) => {
      if (child.killed) return
      unanswered.add(key)
      child.stdin.write(`${key}\n`)
    }
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [word, key = '', id = ''] = line.split(' ')
      if (word !== 'ack') return
      unanswered.delete(key)
      run.acknowledged.set(key, (run.acknowledged.get(key) ?? new Set()).add(id))
      setTimeout(() => post(`k${n++}`), PAUSE_MS)
    })
    for (const key of [...unanswered]) post(key)
    for (let client = 0; client < 16; client++) post(`k${n++}`)
    await new Promise((resolve) => setTimeout(resolve, 60 + Math.random() * 300))
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
  const child = await start(dataFolder, 'honest')
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.stdin.write('drain\n')
  await ended
  return run
}

/** What the data folder holds once everything has come to rest. */
function inspect(run: Run) {
  const house = createJobHouse({ dataFolder: run.dataFolder, start: false })
  const everything = { state: null, kind: null, before: null, limit: 1_000_000 }
  const jobs = house.store.jobs.list(everything)
  const completed = new Map<string, number>()
  for (const event of house.store.jobs.eventsSince(0, 10_000_000)) {
    if (event.type === 'job.completed')
      completed.set(event.jobId, (completed.get(event.jobId) ?? 0) + 1)
  }
  return { house, jobs, completed }
}

describe('kill -9 under load', () => {
  it(`${ROUNDS} times loses nothing that was acknowledged and does nothing twice`, async () => {
    const run = await killLoop(ROUNDS, 'honest')
    const { house, jobs, completed } = inspect(run)
    const keyOf = (payload: string) => (JSON.parse(payload) as { key: string }).key
    const byId = new Map(jobs.map((job) => [job.id, job]))
    expect(run.acknowledged.size).toBeGreaterThan(ROUNDS)
    expect(jobs.length).toBeLessThan(10_000)
    for (const [key, ids] of run.acknowledged) {
      expect(
        [...ids].map((id) => [keyOf(byId.get(id)?.payload ?? '{}'), byId.get(id)?.state]),
      ).toEqual([[key, 'succeeded']])
    }
    expect(new Set(jobs.map((job) => keyOf(job.payload))).size).toBe(jobs.length)
    expect([...completed.values()].filter((times) => times !== 1)).toEqual([])
    expect(completed.size).toBe(jobs.length)
    expect(house.store.check()).toBe('ok')
    const audit = createAudit({ store: house.store, recorder: house.recorder, clock: systemClock })
    expect(await audit.verifyAll(null)).toMatchObject({ chainOk: true, invalid: 0, firstBad: null })
    await house.close()
  })

  it('control: a program that acknowledges before the commit is caught', async () => {
    const run = await killLoop(1, 'liar')
    const { house, jobs } = inspect(run)
    const stored = new Set(jobs.map((job) => (JSON.parse(job.payload) as { key: string }).key))
    const lost = [...run.acknowledged.keys()].filter((key) => !stored.has(key))
    expect(lost.length).toBeGreaterThan(0)
    await house.close()
  })
})
