// The real program beyond its real limit of 3 GiB: it stops in order, leaves with 71 to be started anew, and the next start has
// everything that was told. Below the limits it stays.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
const TOKEN = 'hungry-token-0123456789'
const LEAVES_WITHIN_MS = 30_000
const STAYS_MS = 5_000

let folder: string
const started: ChildProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sisrua-hungry-'))
})
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** `mebibytes`: by which `grow` makes it larger. */
async function start(mebibytes: number) {
  const preload = ['--import', './test/support/hungry.ts']
  const child = spawn(process.execPath, [...preload, 'bin/sisrua.ts', '--port', '0'], {
    cwd: root,
    env: {
      ...process.env,
      SISRUA_DATA_DIR: folder,
      HUNGRY_MIB: String(mebibytes),
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
  const ready = JSON.parse(line)
  const call = async (method: string, target: string, body?: object) => {
    const response = await fetch(`http://127.0.0.1:${ready.port}${target}`, {
      method,
      headers: { 'X-SisRua-Token': TOKEN, 'Content-Type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    return (await response.json()) as Record<string, unknown>
  }
  return { ready, exit, call, grow: () => child.kill('SIGUSR2') }
}

type Program = Awaited<ReturnType<typeof start>>

const newJob = async ({ call }: Program, longitude: number) => {
  const geojson = { type: 'Point', coordinates: [longitude, -21.7] }
  return (await call('POST', '/api/v1/jobs/prepare', { kind: 'geojson', geojson })).job_id as string
}

/** How the job ended: `completed`, or the code of its error. */
async function endOf({ call }: Program, id: string): Promise<unknown> {
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    const { status, error_code } = await call('GET', `/api/v1/jobs/${id}`)
    if (status === 'completed') return status
    if (status === 'failed') return error_code
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`job ${id} never ended`)
}

const within = (exit: Promise<unknown>, ms: number): Promise<unknown> =>
  Promise.race([exit, new Promise((resolve) => setTimeout(() => resolve('still there'), ms))])

/** Messages of the program's own log. */
const logged = (): { msg: string; reason?: string }[] =>
  readFileSync(path.join(folder, 'logs', 'sisrua.log'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

test('3.2 GiB of buffers: stopped in order with 71, and the next start has every job', async () => {
  const full = await start(3_200)
  const done = await newJob(full, -41.1)
  expect(await endOf(full, done)).toBe('completed')
  full.grow()
  // Posted while it grows: taken before or not at all.
  const late = await newJob(full, -41.2).catch(() => null)
  expect(await within(full.exit, LEAVES_WITHIN_MS)).toBe(71)
  const messages = logged()
  expect(messages).toContainEqual(expect.objectContaining({ msg: 'Stopping.', reason: 'memory' }))
  expect(messages.at(-1)!.msg).toBe('Stopped.')
  const next = await start(0)
  expect(next.ready).toMatchObject({ storage: 'ok', audit: { state: 'ok' } })
  expect(await endOf(next, done)).toBe('completed')
  // Beyond 2.5 GiB the youngest job ends first, for its memory; one that still waited is done now.
  if (late !== null) expect(['completed', 'MEMORY_LIMIT']).toContain(await endOf(next, late))
  expect(await endOf(next, await newJob(next, -41.3))).toBe('completed')
  await next.call('POST', '/api/v1/management/shutdown')
  expect(await within(next.exit, LEAVES_WITHIN_MS)).toBe(0)
})

test('1 GiB of buffers is no reason: it works on', async () => {
  const program = await start(1_024)
  program.grow()
  expect(await within(program.exit, STAYS_MS)).toBe('still there')
  expect(await endOf(program, await newJob(program, -41.1))).toBe('completed')
  await program.call('POST', '/api/v1/management/shutdown')
  expect(await within(program.exit, LEAVES_WITHIN_MS)).toBe(0)
})
