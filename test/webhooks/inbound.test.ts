// Messages from outside: each once, also two at once, and none is lost because the program was killed while it worked on it.
import { afterEach, expect, test } from 'vitest'
import { openStore } from '../../src/store/store.ts'
import { createInbound } from '../../src/webhooks/inbound.ts'
import { signatureOf, writeSecret } from '../../src/webhooks/signature.ts'
import { createStillClock } from '../support/job-house.ts'

const SECRET = writeSecret(Buffer.alloc(32, 1).toString('base64url'))
const clock = createStillClock()
const store = openStore({ dataFolder: ':memory:', clock })
const newRun = () => createInbound({ store, clock, sources: { crm: [SECRET] } })
afterEach(() => clock.advance(1_000))

function messageOf(id: string) {
  const seconds = Math.floor(clock.now() / 1000)
  const body = Buffer.from('{}')
  return { id, timestamp: String(seconds), signature: signatureOf(SECRET, id, seconds, body), body }
}
const outcome = (work: Promise<unknown>) =>
  work.then(
    (value) => value,
    (error) => error.code,
  )

test('killed while it works on a message, the next run takes the same again; done, it is refused', async () => {
  const message = messageOf('m1')
  let started = 0
  const never = new Promise<never>(() => {})
  void newRun().accept('crm', message, () => {
    started++
    return never
  })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(started).toBe(1)
  const run = newRun()
  expect(await outcome(run.accept('crm', message, async () => 'job'))).toBe('job')
  expect(await outcome(run.accept('crm', message, async () => 'job'))).toBe('AUTH_INVALID')
  expect(await outcome(newRun().accept('crm', message, async () => 'job'))).toBe('AUTH_INVALID')
})

test('of the same message eight times at once one starts something; failed, it may come again', async () => {
  const run = newRun()
  const message = messageOf('m2')
  const start = async () => {
    await new Promise((resolve) => setTimeout(resolve, 10))
    return 'job'
  }
  const all = Array.from({ length: 8 }, () => outcome(run.accept('crm', message, start)))
  expect((await Promise.all(all)).sort()).toEqual([...Array(7).fill('AUTH_INVALID'), 'job'])
  const other = messageOf('m3')
  const fail = () => Promise.reject(Object.assign(new Error('full'), { code: 'DISK_LOW' }))
  expect(await outcome(run.accept('crm', other, fail))).toBe('DISK_LOW')
  expect(await outcome(run.accept('crm', other, start))).toBe('job')
})
