// Over TLS: a certificate nobody vouches for is refused, one for another name too, a good one is told.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postVetted } from '../../src/base/vetted-post.ts'

let folder: string
let server: https.Server
let asked = 0
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sisrua-tls-'))
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const files = ['-keyout', 'key.pem', '-out', 'cert.pem']
  execFileSync('openssl', [...words.split(' '), ...names, ...files], { cwd: folder, stdio: 'pipe' })
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(path.join(folder, name)))
  server = https.createServer({ key: key!, cert: cert! }, (_request, response) => {
    asked++
    response.end('secret place')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true, force: true })
})

const post = (host: string) =>
  postVetted(
    {
      url: new URL(`https://${host}:${(server.address() as AddressInfo).port}/`),
      headers: {},
      body: Buffer.from('{}'),
      connectMs: 5_000,
      timeoutMs: 5_000,
      maxBytes: 1_000,
      allow: () => true,
    },
    async () => [{ address: '127.0.0.1', family: 4 }],
  )

test('only a certificate for this name, by somebody who is trusted, is told anything', async () => {
  const refused = expect.objectContaining({ data: expect.objectContaining({ reason: 'network' }) })
  await expect(post('localhost')).rejects.toEqual(refused)
  const usual = tls.getCACertificates('default')
  tls.setDefaultCACertificates([...usual, readFileSync(path.join(folder, 'cert.pem'), 'utf8')])
  try {
    expect((await post('localhost')).status).toBe(200)
    // The same machine and certificate under its address, which the certificate does not name.
    await expect(post('127.0.0.1')).rejects.toEqual(refused)
    expect(asked).toBe(1)
  } finally {
    tls.setDefaultCACertificates(usual)
  }
})
