// Signatures judged by the reference library and by openssl; every altered message is refused.
import { execFileSync } from 'node:child_process'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { systemIds } from '../../src/base/ids.ts'
import {
  isSigned,
  signedHeaders,
  TOLERANCE_SECONDS,
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
