// The daemon as the plugin meets it: a process that says one line, keeps its token to itself, and stops when told or left.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
const TOKEN = 'process-token-0123456789'

interface Running {
  child: ChildProcess
  // biome-ignore lint/suspicious/noExplicitAny: the ready line, or why there is none
  ready: Promise<any>
  exit: Promise<number | null>
  output(): string
}

let folder: string
const started: ChildProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sisrua-process-'))
})
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

function start(args: string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, ['bin/sisrua.ts', ...args], {
    cwd: root,
    env: { ...process.env, SISRUA_DATA_DIR: folder, SISRUA_OVERPASS_URLS: '', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  started.push(child)
  let text = ''
  const ready = new Promise((resolve, reject) => {
    child.stdout!.on('data', (chunk) => {
      text += chunk
      if (text.includes('\n')) resolve(JSON.parse(text.split('\n')[0]!))
    })
    child.on('exit', (code) => reject(new Error(`exit ${code}`)))
  })
  ready.catch(() => {})
  child.stdin!.on('error', () => {})
  return {
    child,
    ready,
    exit: new Promise((resolve) => child.on('exit', resolve)),
    output: () => text,
  }
}

const statusOf = (port: number, method: string, target: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port, method, path: target, headers: { 'X-SisRua-Token': TOKEN } },
      (response) => {
        response.resume()
        resolve(response.statusCode!)
      },
    )
    request.on('error', reject)
    request.end()
  })

describe('the daemon as a process', () => {
  test('ends with its own code although something was left open', async () => {
    // Stands for a handle that nobody closed: it would keep the process for ever.
    const left = '--import data:text/javascript,setInterval(()=>{},1e6)'
    const run = start(['serve', '--port', '0'], { SISRUA_AUTH_TOKEN: TOKEN, NODE_OPTIONS: left })
    const { port } = await run.ready
    expect(await statusOf(port, 'POST', '/api/v1/management/shutdown')).toBe(200)
    const late = new Promise<string>((resolve) => setTimeout(() => resolve('late'), 10_000))
    expect(await Promise.race([run.exit, late])).toBe(0)
  })

  test('token on standard input: one line on stdout, nothing in /proc, gone when standard input closes', async () => {
    const run = start(['--bootstrap-stdin', '--port', '0'])
    run.child.stdin!.write(`{"v":1,"token":"${TOKEN}"}\n`)
    const ready = await run.ready
    expect(ready).toMatchObject({
      v: 1,
      ready: true,
      api: ['v1'],
      storage: 'new',
      pid: run.child.pid,
    })
    expect(await statusOf(ready.port, 'GET', '/api/v1/auth/check')).toBe(200)
    if (process.platform === 'linux') {
      for (const name of ['cmdline', 'environ']) {
        expect(readFileSync(`/proc/${run.child.pid}/${name}`, 'latin1')).not.toContain(TOKEN)
      }
    }
    run.child.stdin!.end()
    expect(await run.exit).toBe(0)
    expect(run.output().trim().split('\n')).toHaveLength(1)
  })

  test('as the stock plugin starts it, and stopped by its shutdown call within three seconds', async () => {
    const run = start(['--host', '127.0.0.1', '--port', '0', '--log-level', 'warning'], {
      SISRUA_AUTH_TOKEN: TOKEN,
    })
    const { port } = await run.ready
    const begun = Date.now()
    expect(await statusOf(port, 'POST', '/api/v1/management/shutdown')).toBe(200)
    expect(await run.exit).toBe(0)
    expect(Date.now() - begun).toBeLessThan(3_000)
  })

  test('a second one on the same data folder says so and leaves with 11; SIGTERM ends the first with 0', async () => {
    const first = start([], { SISRUA_AUTH_TOKEN: TOKEN })
    await first.ready
    const second = start([], { SISRUA_AUTH_TOKEN: TOKEN })
    expect(await second.ready).toMatchObject({ ready: false, reason: 'already_running' })
    expect(await second.exit).toBe(11)
    first.child.kill('SIGTERM')
    expect(await first.exit).toBe(0)
  })

  test('a bad start-up line is 64; a parent that is gone ends it', async () => {
    const bad = start(['--bootstrap-stdin'])
    bad.child.stdin!.write('not json\n')
    expect(await bad.exit).toBe(64)
    const parent = spawn('sleep', ['1'])
    const run = start(['--parent-pid', String(parent.pid)], { SISRUA_AUTH_TOKEN: TOKEN })
    await run.ready
    expect(await run.exit).toBe(0)
  })
})
