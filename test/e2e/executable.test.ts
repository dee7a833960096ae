// One executable, the plugin's way: main job, kill -9 and go on, first starts under bad conditions.
import { execFile, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../../scripts/free-port.ts'
import { EXECUTABLE, healthy, type Run, readyLine, run, status, TOKEN } from './support.ts'

const exec = promisify(execFile)
const describeHere = process.platform === 'win32' ? describe.skip : describe
let home: string
const running: Run[] = []

beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua João Ávila '))
})
afterEach(async () => {
  for (const { child, exit } of running.splice(0)) {
    child.kill('SIGKILL')
    await exit
  }
  fs.rmSync(home, { recursive: true, force: true })
})

function start(args: string[], env: Record<string, string> = {}): Run {
  const started = run(home, args, env)
  running.push(started)
  return started
}

const runtimeFolder = (): string => {
  const root = path.join(home, '.cache', 'sisrua', 'runtime')
  return path.join(root, fs.readdirSync(root)[0]!)
}

describeHere('the executable', () => {
  test('start, main job, WebSocket, kill -9 and go on, ordered stop, from an empty folder with an empty PATH', async () => {
    const script = path.resolve('scripts/smoke-exe.ts')
    const { stdout } = await exec(process.execPath, [script, EXECUTABLE], { timeout: 120_000 })
    expect(stdout).toMatch(/main job: \d+ features/)
    expect(stdout).toMatch(/the other one went on/)
    expect(stdout).toMatch(/stopped \d\.\d+ s after being asked/)
  })

  test('24 simultaneous first starts all answer, and leave one set of files', async () => {
    const starts = Array.from({ length: 24 }, () => start(['--version']))
    const codes = await Promise.all(starts.map(({ exit }) => exit))
    expect(codes).toEqual(codes.map(() => 0))
    for (const started of starts) expect(started.stdout()).toMatch(/^\d+\.\d+\.\d+ \([0-9a-f]{12}/)
    expect(fs.readdirSync(runtimeFolder()).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  test('a corrupted addon is repaired', async () => {
    await start(['--version']).exit
    const addon = path.join(runtimeFolder(), 'better_sqlite3.node')
    fs.writeFileSync(addon, 'garbage')
    const port = await freePort()
    start(['--port', String(port)], { SISRUA_AUTH_TOKEN: TOKEN })
    expect(await healthy(port)).toBe(true)
    expect(fs.statSync(addon).size).toBeGreaterThan(1_000_000)
  })

  test('a cache folder that cannot be written: the temporary folder serves, or one line says what to do', async () => {
    // A file where the folder should be cannot be written by anybody, root included.
    fs.writeFileSync(path.join(home, '.cache'), '')
    const fallback = start(['--version'], { TMPDIR: home })
    expect([await fallback.exit, fallback.stderr()]).toEqual([0, ''])
    const stuck = start(['--version'], { SISRUA_RUNTIME_DIR: path.join(home, '.cache', 'x') })
    expect(await stuck.exit).toBe(74)
    expect(stuck.stderr().trim().split('\n')).toHaveLength(1)
    expect(stuck.stderr()).toMatch(/cannot unpack.*SISRUA_RUNTIME_DIR/)
  })

  test('much that is written is moved by its thread, and a stop leaves one file', async () => {
    const data = path.join(home, 'data')
    const port = await freePort()
    const { child, exit } = start(['--port', String(port), '--data-dir', data], {
      SISRUA_AUTH_TOKEN: TOKEN,
    })
    expect(await healthy(port)).toBe(true)
    const handles = (): number =>
      fs.readdirSync(`/proc/${child.pid}/fd`).filter((name) => {
        try {
          return fs.readlinkSync(`/proc/${child.pid}/fd/${name}`).endsWith('/sisrua.db-wal')
        } catch {
          return false
        }
      }).length
    expect(handles()).toBe(1)
    const send = async (method: string, target: string, body: unknown): Promise<void> => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/projects${target}`, {
        method,
        headers: { 'X-SisRua-Token': TOKEN, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect([200, 201, 202]).toContain(answer.status)
      await answer.arrayBuffer()
    }
    await send('POST', '', { project_id: 'much', project_name: 'much' })
    const features = Array.from({ length: 4000 }, (_, n) => ({
      type: 'Feature',
      properties: { name: `${n}`, note: 'x'.repeat(2000) },
      geometry: { type: 'Point', coordinates: [-41.3 + n * 1e-6, -21.7] },
    }))
    for (let version = 1; version < 9 && handles() === 1; version++) {
      await send('PUT', '/much/features', { version, features })
    }
    // The program has the log open, and so has its thread.
    expect(handles()).toBe(2)
    child.kill('SIGTERM')
    expect(await exit).toBe(0)
    expect(fs.readdirSync(data).filter((name) => /^sisrua\.db-/.test(name))).toEqual([])
  })

  test('it tells how it was built, and the licences of what it carries', async () => {
    const version = start(['--version'])
    expect(await version.exit).toBe(0)
    expect(version.stdout()).toMatch(
      /^\d+\.\d+\.\d+ \([0-9a-f]{12}, linux-x64, Node 22\.\d+\.\d+\)\n$/,
    )
    const licenses = start(['licenses'])
    expect(await licenses.exit).toBe(0)
    for (const name of ['hono', 'better-sqlite3', 'proj4', 'clipper2-ts', 'Node.js']) {
      expect(licenses.stdout()).toMatch(new RegExp(`^${name} \\d`, 'm'))
    }
  })

  test('hostile NODE_OPTIONS change nothing', async () => {
    const started = start(['--version'], {
      NODE_OPTIONS: '--require /nonexistent/evil.js --inspect',
    })
    expect([await started.exit, started.stderr()]).toEqual([0, ''])
  })

  test('without a token it fails closed: health answers, everything else is 500', async () => {
    const port = await freePort()
    start(['--port', String(port)])
    expect(await healthy(port)).toBe(true)
    expect(await status(port, '/api/v1/auth/check')).toBe(500)
  })

  test("the stock plugin's order: port of its choosing, health, auth check, reuse, watchdog, shutdown, taskkill survived", async () => {
    const port = await freePort()
    const words = ['--host', '127.0.0.1', '--port', String(port), '--log-level', 'warning']
    const first = start(words, { SISRUA_AUTH_TOKEN: TOKEN })
    expect(await healthy(port)).toBe(true)
    expect(await status(port, '/api/v1/auth/check')).toBe(200)
    expect(await status(port, '/api/v1/auth/check', 'another-token-0123')).toBe(401)
    // Reuse: the same port and token answer again; then taskkill, and the watchdog starts it anew.
    expect(await status(port, '/api/v1/auth/check')).toBe(200)
    first.child.kill('SIGKILL')
    await first.exit
    const second = start(words, { SISRUA_AUTH_TOKEN: TOKEN })
    expect(await healthy(port)).toBe(true)
    const asked = performance.now()
    expect(await status(port, '/api/v1/management/shutdown', TOKEN, 'POST')).toBe(200)
    expect(await second.exit).toBe(0)
    expect(performance.now() - asked).toBeLessThan(3000)
  })

  test('a port in use is told in one line', async () => {
    const port = await freePort()
    start(['--port', String(port), '--data-dir', path.join(home, 'one')], {
      SISRUA_AUTH_TOKEN: TOKEN,
    })
    expect(await healthy(port)).toBe(true)
    const late = start(['--port', String(port), '--data-dir', path.join(home, 'two')], {
      SISRUA_AUTH_TOKEN: TOKEN,
    })
    expect(await late.exit).not.toBe(0)
    expect(late.stderr()).toMatch(new RegExp(`port ${port} is in use`))
  })

  test('two AutoCADs at once: the second program says so and leaves with 11', async () => {
    const first = start(['--port', '0'], { SISRUA_AUTH_TOKEN: TOKEN })
    expect(await readyLine(first)).toMatchObject({ ready: true })
    const second = start(['--port', '0'], { SISRUA_AUTH_TOKEN: TOKEN })
    expect(await second.exit).toBe(11)
    expect(JSON.parse(second.stdout())).toMatchObject({ ready: false, reason: 'already_running' })
  })

  test('a parent that dies takes it along, also when standard input stays open', async () => {
    const parent = spawn('sleep', ['60'])
    const started = start(['--port', '0', '--parent-pid', String(parent.pid)], {
      SISRUA_AUTH_TOKEN: TOKEN,
    })
    expect(await readyLine(started)).toMatchObject({ ready: true })
    parent.kill('SIGKILL')
    expect(await started.exit).toBe(0)
  })

  test('the bootstrap line: token on standard input, and the end of it ends the program', async () => {
    const started = start(['--port', '0', '--bootstrap-stdin'])
    started.child.stdin!.write(`${JSON.stringify({ v: 1, token: TOKEN })}\n`)
    const ready = await readyLine(started)
    expect(await status(ready.port as number, '/api/v1/auth/check')).toBe(200)
    started.child.stdin!.end()
    expect(await started.exit).toBe(0)
  })
})
