// The later stock plugin: no token handed over; zero-byte probes until the pipe is there, GET_TOKEN, one read.
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { freePort } from '../../scripts/free-port.ts'
import { healthy, type Run, run, status, TOKEN } from './support.ts'

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua-pipe-'))
const data = path.join(home, 'data')
const place = path.join(data, 'sisrua_backend.sock')
let started: Run | null = null

afterEach(async () => {
  started?.child.kill('SIGKILL')
  await started?.exit
})

/** Connects; says `words` unless there are none; answers all that comes back until the other side closes. */
function ask(words: string | null): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(place)
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('connect', () => (words === null ? socket.destroy() : socket.write(words)))
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

async function start(env: Record<string, string> = {}): Promise<number> {
  const port = await freePort()
  started = run(
    home,
    [
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--log-level',
      'warning',
      '--compat-pipe',
      '--data-dir',
      data,
    ],
    env,
  )
  expect(await healthy(port)).toBe(true)
  return port
}

;(process.platform === 'win32' ? describe.skip : describe)('the token pipe', () => {
  test('survives 50 zero-byte probes, then hands over a token that the server accepts', async () => {
    const port = await start()
    for (let i = 0; i < 50; i++) expect(await ask(null)).toBe('')
    const token = await ask('GET_TOKEN')
    expect(token).toMatch(/^[0-9a-f]{32}$/)
    expect(await status(port, '/api/v1/auth/check', token)).toBe(200)
    expect(await ask('GET_TOKEN')).toBe(token)
  })

  test('other words get nothing; words in pieces are understood', async () => {
    await start()
    for (const words of ['GET_TOKENS', 'get_token', '\0', 'x'.repeat(5000)])
      expect(await ask(words)).toBe('')
    const socket = net.connect(place)
    const answer = new Promise<string>((resolve) =>
      socket.on('data', (chunk) => resolve(String(chunk))),
    )
    socket.write('GET_')
    await sleep(50)
    socket.write('TOKEN')
    expect(await answer).toMatch(/^[0-9a-f]{32}$/)
  })

  test('a token from the environment is the one on the pipe, also after a kill that left the socket behind', async () => {
    await start({ SISRUA_AUTH_TOKEN: TOKEN })
    started!.child.kill('SIGKILL')
    await started!.exit
    expect(fs.existsSync(place)).toBe(true)
    await start({ SISRUA_AUTH_TOKEN: TOKEN })
    expect(await ask('GET_TOKEN')).toBe(TOKEN)
  })

  test('without the flag there is no pipe', async () => {
    const port = await freePort()
    started = run(home, ['--port', String(port), '--data-dir', path.join(home, 'other')], {
      SISRUA_AUTH_TOKEN: TOKEN,
    })
    expect(await healthy(port)).toBe(true)
    expect(fs.existsSync(path.join(home, 'other', 'sisrua_backend.sock'))).toBe(false)
  })
})
