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

test('clients of the WebSocket that answer nothing, not even the close frame, are cut off by the stop', async () => {
  const house = await startDaemon()
  const upgrade = `GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1:${house.port}\r\nX-SisRua-Token: ${TOKEN}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
  const clients = Array.from({ length: 3 }, () => {
    const socket = net.connect({ port: house.port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => {})
    socket.write(upgrade)
    return socket
  })
  await Promise.all(clients.map((socket) => new Promise((resolve) => socket.once('data', resolve))))
  const stopped = house.stop()
  // Their own end stays open; only one that is gone resets what is written to it.
  const gone = clients.map(
    (socket) =>
      new Promise<true>((resolve) => {
        const writing = setInterval(() => socket.write('x'), 50)
        socket.on('close', () => {
          clearInterval(writing)
          resolve(true)
        })
      }),
  )
  const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), 5_000))
  expect(await Promise.race([Promise.all(gone), late])).toEqual([true, true, true])
  await stopped
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
