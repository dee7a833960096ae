// A thread inside a call that never ends, in the real program: the job is given back in time, the program goes on with one
// such thread, leaves with 71 at the second one although the threads are still there, and the next start has every job.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
const TOKEN = 'worn-out-token-0123456789'
/** Longer than the hung calls are waited for anywhere, much shorter than they last. */
const LEAVES_WITHIN_MS = 15_000

let folder: string
const started: ChildProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sisrua-worn-'))
})
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** The program with threads that hear nothing, or as it is. */
async function start(threads: 'deaf' | 'sound') {
  const preload = threads === 'deaf' ? ['--import', './test/support/deaf-threads.ts'] : []
  const child = spawn(process.execPath, [...preload, 'bin/sisrua.ts', '--port', '0'], {
    cwd: root,
    env: {
      ...process.env,
      SISRUA_DATA_DIR: path.join(folder, 'data'),
      DEAF_FOLDER: folder,
      SISRUA_OVERPASS_URLS: ',',
      SISRUA_AUTH_TOKEN: TOKEN,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.push(child)
  const exit = new Promise<number | null>((resolve) => child.on('exit', resolve))
  const line = await new Promise<string>((resolve) =>
    child.stdout!.on('data', (chunk) => resolve(String(chunk))),
  )
  const { port } = JSON.parse(line)
  const call = async (method: string, target: string, body?: object) => {
    const response = await fetch(`http://127.0.0.1:${port}${target}`, {
      method,
      headers: { 'X-SisRua-Token': TOKEN, 'Content-Type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    return (await response.json()) as Record<string, never>
  }
  return { exit, call }
}

type Program = Awaited<ReturnType<typeof start>>

async function newJob({ call }: Program, longitude: number): Promise<string> {
  const geojson = { type: 'Point', coordinates: [longitude, -21.7] }
  return (await call('POST', '/api/v1/jobs/prepare', { kind: 'geojson', geojson })).job_id!
}

async function until({ call }: Program, id: string, isSo: (job: never) => boolean) {
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    const job = await call('GET', `/api/v1/jobs/${id}`)
    if (isSo(job as never)) return job
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`job ${id} never came so far`)
}

/** Waits until one more thread is inside the deaf call, cancels the job, and waits until it is given back. */
async function cancelInTheMiddle(program: Program, id: string, deaf: number): Promise<void> {
  const isDeaf = () => readdirSync(folder).filter((name) => name.startsWith('thread-')).length
  await until(program, id, () => isDeaf() === deaf)
  await program.call('DELETE', `/api/v1/jobs/${id}`)
  const job = await until(program, id, ({ status }: { status: string }) => status === 'failed')
  expect(job).toMatchObject({ state: 'cancelled', error: 'CANCELLED' })
}

const isLeft = (exit: Promise<unknown>, withinMs: number): Promise<unknown> =>
  Promise.race([exit, new Promise((resolve) => setTimeout(() => resolve('still there'), withinMs))])

test('two threads that never end: both jobs given back, exit 71, and the next start has all three jobs', async () => {
  const worn = await start('deaf')
  const ids = [await newJob(worn, -41.1), await newJob(worn, -41.2), await newJob(worn, -41.3)]
  await cancelInTheMiddle(worn, ids[0]!, 1)
  await cancelInTheMiddle(worn, ids[1]!, 2)
  expect(await isLeft(worn.exit, LEAVES_WITHIN_MS)).toBe(71)
  const next = await start('sound')
  const last = await until(next, ids[2]!, ({ status }: { status: string }) => status !== 'pending')
  expect(last.error).toBeNull()
  await until(next, ids[2]!, ({ status }: { status: string }) => status === 'completed')
  for (const id of ids.slice(0, 2)) {
    expect(await next.call('GET', `/api/v1/jobs/${id}`)).toMatchObject({ error: 'CANCELLED' })
  }
  await next.call('POST', '/api/v1/management/shutdown')
  expect(await next.exit).toBe(0)
})

test('one such thread: the program goes on and says so, and still leaves within 3 s when told', async () => {
  const program = await start('deaf')
  await cancelInTheMiddle(program, await newJob(program, -41.1), 1)
  expect(await isLeft(program.exit, 7_000)).toBe('still there')
  const { components } = (await program.call('GET', '/api/v1/health/detailed')) as unknown as {
    components: Record<string, { status: string; details: string }>
  }
  expect(components.workers!.details).toMatch(/1 written off/)
  await program.call('POST', '/api/v1/management/shutdown')
  expect(await isLeft(program.exit, 3_000)).toBe(0)
})
