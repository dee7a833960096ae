// A request that was on its way when the server began to close is answered as what it is.
import net from 'node:net'
import { expect, test } from 'vitest'
import { startDaemon, TOKEN } from '../support/daemon.ts'

test('while the server closes, a request for this host is not taken for one to another host', async () => {
  const house = await startDaemon()
  const socket = net.connect(house.port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  const ended = new Promise((resolve) => socket.once('close', resolve))
  // Half a request holds the connection open.
  socket.write(
    `GET /api/v1/auth/check HTTP/1.1\r\nHost: 127.0.0.1:${house.port}\r\nX-SisRua-Token: ${TOKEN}\r\n`,
  )
  await house.call('GET', '/api/v1/health')
  const stopped = house.stop()
  // The server takes no more connections from here on.
  while (await connects(house.port)) await new Promise(setImmediate)
  socket.write('\r\n')
  await ended
  await stopped
  expect(text).toMatch(/^HTTP\/1\.1 (200|503) /)
})

const connects = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
