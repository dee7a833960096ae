// Signatures judged by the reference library and by openssl; every altered message is refused.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { systemIds } from '../../src/base/ids.ts'
import {
  isSigned,
  signedHeaders,
  TOLERANCE_SECONDS,
  writePublicKey,
  writeSecret,
} from '../../src/webhooks/signature.ts'
import { e3 } from '../experiments/e3.ts'

const secret = writeSecret(systemIds.secret())
const former = writeSecret(systemIds.secret())
const body = Buffer.from('{"event":"job_completed","data":{"name":"São João"}}')
const now = (): number => Math.floor(Date.now() / 1000)

describe('signature', () => {
  test('is accepted by the standardwebhooks package, under either secret while one replaces the other', () => {
    const headers = signedHeaders([secret, former], 'msg_1', now(), body)
    for (const key of [secret, former]) {
      expect(new Webhook(key).verify(body.toString(), headers)).toMatchObject({
        event: 'job_completed',
      })
    }
    const stranger = new Webhook(writeSecret(systemIds.secret()))
    expect(() => stranger.verify(body.toString(), headers)).toThrow()
  })

  test('in hexadecimal is what openssl computes', () => {
    const headers = signedHeaders([secret], 'msg_1', now(), body)
    const printed = execFileSync('openssl', ['dgst', '-sha256', '-hmac', secret], { input: body })
    expect(printed.toString().trim().split(' ').at(-1)).toBe(headers['X-Webhook-Signature'])
  })

  test('of the v1a kind is accepted by openssl with the public key alone, and follows the v1 ones', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
    try {
      const seed = Buffer.from(systemIds.secret(32), 'base64url')
      const at = now()
      const headers = signedHeaders([secret], 'msg_1', at, body, seed)
      const [shared, own] = headers['webhook-signature']!.split(' ') as [string, string]
      expect(new Webhook(secret).verify(body.toString(), headers)).toBeTruthy()
      expect([shared.slice(0, 3), own.slice(0, 4)]).toEqual(['v1,', 'v1a,'])
      // Nothing of ours from here on: the key as RFC 8410 wraps it, the content as the specification says.
      const key = Buffer.from(writePublicKey(seed).replace(/^whpk_/, ''), 'base64')
      const wrapped = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key])
      const accepts = (content: string): boolean => {
        writeFileSync(`${folder}/key.der`, wrapped)
        writeFileSync(`${folder}/content`, content)
        writeFileSync(`${folder}/signature`, Buffer.from(own.slice(4), 'base64'))
        const words = ['pkeyutl', '-verify', '-pubin', '-keyform', 'DER', '-rawin']
        const files = ['-inkey', 'key.der', '-in', 'content', '-sigfile', 'signature']
        return spawnSync('openssl', [...words, ...files], { cwd: folder }).status === 0
      }
      expect(accepts(`msg_1.${at}.${body}`)).toBe(true)
      for (const altered of [
        `msg_2.${at}.${body}`,
        `msg_1.${at + 1}.${body}`,
        `msg_1.${at}.${body} `,
      ])
        expect(accepts(altered)).toBe(false)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('of the package is accepted here, within 300 seconds either way', () => {
    const at = now()
    const signature = new Webhook(secret).sign('msg_2', new Date(at * 1000), body.toString())
    const message = { id: 'msg_2', timestamp: String(at), signature, body }
    const accepted = (offset: number): boolean =>
      isSigned(message, [former, secret], (at + offset) * 1000)
    expect([0, TOLERANCE_SECONDS, -TOLERANCE_SECONDS].map(accepted)).toEqual([true, true, true])
    expect([TOLERANCE_SECONDS + 1, -TOLERANCE_SECONDS - 1].map(accepted)).toEqual([false, false])
    expect(isSigned(message, [former], at * 1000)).toBe(false)
    expect(isSigned({ ...message, signature: undefined }, [secret], at * 1000)).toBe(false)
  })

  test('E3: no altered message is accepted, and a verifier that forgets the body shows that it would be', async () => {
    const outcome = await e3.run({ seed: 1, quick: true })
    expect(outcome.trials).toBeGreaterThanOrEqual(1_000)
    expect([outcome.failures, outcome.control.ok]).toEqual([0, true])
  })
})
