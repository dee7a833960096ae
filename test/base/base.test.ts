// Settings, log, lifecycle, start-up line: what everything else stands on.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readBootstrapLine } from '../../src/base/bootstrap.ts'
import { createEvents } from '../../src/base/events.ts'
import { createLifecycle } from '../../src/base/lifecycle.ts'
import { createLog } from '../../src/base/log.ts'
import { openRotatingFile } from '../../src/base/rotating-file.ts'
import { loadConfig } from '../../src/config.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sisrua-base-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('settings', () => {
  const file = () => path.join(folder, 'config.json')

  test('flag beats environment beats file beats default', () => {
    writeFileSync(file(), JSON.stringify({ port: 1, threads: 2, language: 'en' }))
    const config = loadConfig({
      flags: { dataDir: folder, port: 3 },
      env: { SISRUA_PORT: '4', SISRUA_THREADS: '5' },
    })
    expect([config.port, config.threads, config.language, config.logLevel]).toEqual([
      3,
      5,
      'en',
      'info',
    ])
    expect(config.origins).toMatchObject({
      port: 'flag',
      threads: 'environment',
      language: 'file',
      logLevel: 'default',
    })
    expect(Object.isFrozen(config)).toBe(true)
  })

  test('a value that does not fit, an unknown name and a broken file are refused with their name', () => {
    expect(() => loadConfig({ flags: { port: 70_000 } })).toThrow(/port/)
    expect(() => loadConfig({ env: { SISRUA_JOB_RATE: 'many' } })).toThrow(/jobRate/)
    expect(() => loadConfig({ flags: { host: '0.0.0.0' } })).toThrow(/host/)
    writeFileSync(file(), '{"prot":1}')
    expect(() => loadConfig({ flags: { dataDir: folder } })).toThrow(/prot/)
    writeFileSync(file(), '{')
    expect(() => loadConfig({ flags: { dataDir: folder } })).toThrow(/JSON/)
  })

  test('folders on Windows, with XDG, and with one root', () => {
    const windows = loadConfig({
      platform: 'win32',
      home: 'C:\\Users\\ana',
      env: { LOCALAPPDATA: 'C:\\L' },
    })
    expect(windows.folders.data).toBe('C:\\L\\sisRUA')
    const xdg = loadConfig({ platform: 'linux', home: '/home/ana', env: { XDG_CACHE_HOME: '/c' } })
    expect(xdg.folders).toMatchObject({ data: '/home/ana/.local/share/sisrua', cache: '/c/sisrua' })
    expect(loadConfig({ flags: { dataDir: '/d' } }).folders.logs).toBe('/d/logs')
  })
})

describe('log', () => {
  test('secrets, query strings and exact places do not reach the file', () => {
    const log = createLog(folder, 'warning')
    const token = 'A'.repeat(43)
    log.warn(`Token ${token} came`, {
      headers: { 'X-SisRua-Token': token, authorization: 'Bearer abc' },
      url: 'https://x.example/a?key=hidden1',
      latitude: -21.76341,
      note: 'sess_abcdef and whsec_abcdef',
      error: new Error(`bearer ${token}`),
    })
    log.info('too quiet for this level')
    log.close()
    const text = readFileSync(path.join(folder, 'sisrua.log'), 'utf8')
    for (const secret of [token, 'abcdef', 'hidden1', 'Bearer abc', '21.76341', 'too quiet']) {
      expect(text).not.toContain(secret)
    }
    expect(JSON.parse(text)).toMatchObject({ level: 'warn', latitude: -21.76 })
  })

  test('the file rotates at its size and only a few are kept', () => {
    const file = openRotatingFile(path.join(folder, 'x.log'), 100, 3)
    for (let i = 0; i < 20; i++) file.write(`${String(i).padStart(2, '0')}${'.'.repeat(47)}\n`)
    file.close()
    expect(readdirSync(folder).sort()).toEqual(['x.log', 'x.log.1', 'x.log.2'])
    expect(readFileSync(path.join(folder, 'x.log'), 'utf8').slice(0, 2)).toBe('18')
    expect(readFileSync(path.join(folder, 'x.log.2'), 'utf8').slice(0, 2)).toBe('14')
  })
})

describe('lifecycle', () => {
  test('stops in the reverse order, goes on past one that hangs or fails, and stops once', async () => {
    const stopped: string[] = []
    const life = createLifecycle()
    const part = (name: string, stop: () => void | Promise<void>) =>
      life.add({
        name,
        limitMs: 30,
        stop() {
          stopped.push(name)
          return stop()
        },
      })
    await part('a', () => {})
    await part('b', () => new Promise(() => {}))
    await part('c', () => {
      throw new Error('c')
    })
    const [first, second] = await Promise.all([life.stop(), life.stop()])
    expect(stopped).toEqual(['c', 'b', 'a'])
    expect(first.map((report) => report.outcome)).toEqual(['failed', 'late', 'stopped'])
    expect(second).toBe(first)
  })

  test('a part that does not start stops those before it', async () => {
    const stopped: string[] = []
    const life = createLifecycle()
    await life.add({ name: 'a', limitMs: 10, stop: () => void stopped.push('a') })
    await expect(
      life.add({ name: 'b', limitMs: 10, start: () => Promise.reject(new Error('no')) }),
    ).rejects.toThrow('no')
    expect(stopped).toEqual(['a'])
  })
})

describe('events and the start-up line', () => {
  test('a listener that throws is reported and does not stop the others', () => {
    const errors: unknown[] = []
    const heard: number[] = []
    const events = createEvents((error) => errors.push(error))
    events.on('outbox.ready', () => {
      throw new Error('x')
    })
    const off = events.on('outbox.ready', () => heard.push(1))
    events.emit('outbox.ready', {})
    off()
    events.emit('outbox.ready', {})
    expect([heard.length, errors.length]).toEqual([1, 2])
  })

  test.each([
    ['in pieces', ['{"v":1,"token":"abcdefgh', 'ijklmnop"}\n'], 'abcdefghijklmnop'],
    ['no JSON', ['hello\n'], null],
    ['no token', ['{"v":1}\n'], null],
    ['never ends', ['x'.repeat(9_000)], null],
  ])('start-up line: %s', async (_name, pieces, token) => {
    const input = new PassThrough()
    const line = readBootstrapLine(input, 500)
    for (const piece of pieces) input.write(piece)
    if (token === null) await expect(line).rejects.toThrow(/start-up line/)
    else expect((await line).token).toBe(token)
  })

  test('start-up line: late, or closed', async () => {
    await expect(readBootstrapLine(new PassThrough(), 20)).rejects.toThrow(/in time/)
    const closed = new PassThrough()
    closed.end()
    await expect(readBootstrapLine(closed, 500)).rejects.toThrow(/closed/)
  })
})
