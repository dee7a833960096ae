// Where a webhook may go: classes of addresses, what a URL may say, and what a connection may reach.
import { describe, expect, test } from 'vitest'
import { classifyAddress } from '../../src/base/address.ts'
import { createTargets } from '../../src/webhooks/targets.ts'
import { d6 } from '../experiments/d6.ts'

const OWN_PORT = 5050
const targets = createTargets({
  ownPort: () => OWN_PORT,
  trusted: ['192.168.0.10:5678', 'n8n.test:443', '169.254.1.1:80'],
  loopback: true,
})
const owner = { owner: true, allowInsecure: false }

describe('addresses', () => {
  test.each([
    ['8.8.8.8', 'public'],
    ['2606:4700::1111', 'public'],
    ['64:ff9b::808:808', 'public'],
    ['127.0.0.1', 'loopback'],
    ['127.255.0.9', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['64:ff9b::7f00:1', 'loopback'],
    ['10.1.2.3', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.0', 'public'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['fd12::1', 'private'],
    ['::ffff:10.0.0.1', 'private'],
    ['0.0.0.0', 'never'],
    ['169.254.169.254', 'never'],
    ['::ffff:169.254.169.254', 'never'],
    ['100.100.100.200', 'never'],
    ['fd00:ec2::254', 'never'],
    ['224.0.0.1', 'never'],
    ['255.255.255.255', 'never'],
    ['::', 'never'],
    ['::127.0.0.1', 'never'],
    ['fe80::1', 'never'],
    ['fe80::1%lo', 'never'],
    ['ff02::1', 'never'],
    ['2002:7f00:1::', 'never'],
    ['2001:0:7f00:1::1', 'never'],
    ['64:ff9b:1::1', 'never'],
    ['localhost', 'never'],
  ])('%s is %s', (address, kind) => {
    expect(classifyAddress(address)).toBe(kind)
  })
})

describe('targets', () => {
  test.each([
    'https://example.com/hook',
    'http://localhost:8080/webhook',
    'http://127.0.0.1:8080/',
    'http://[::1]:8080/',
    'http://192.168.0.10:5678/hook',
  ])('the owner may register %s', (url) => {
    expect(targets.check(url, owner).href).toContain('//')
  })

  test.each([
    'http://example.com/hook',
    'ftp://example.com/',
    'file:///etc/passwd',
    'https://user:word@example.com/',
    'https://user@example.com/',
    'http://192.168.0.10:5679/hook',
    'http://192.168.0.11:5678/hook',
    'https://10.0.0.1/',
    'https://[fd00::1]/',
    'http://169.254.169.254/latest',
    'http://169.254.1.1/',
    'http://[::ffff:a9fe:a9fe]/',
    `http://localhost:${OWN_PORT}/api`,
    `http://127.1:${OWN_PORT}/`,
    `http://[::1]:${OWN_PORT}/`,
    `http://2130706433:${OWN_PORT}/`,
    'http://0:8080/',
    'nonsense',
    'http://./',
  ])('nobody may register %s', (url) => {
    expect(() => targets.check(url, owner)).toThrow(
      expect.objectContaining({ code: 'WEBHOOK_TARGET_REFUSED' }),
    )
  })

  test('only the owner may name this machine; http to the Internet must be said', () => {
    const other = { owner: false, allowInsecure: false }
    expect(() => targets.check('http://localhost:8080/', other)).toThrow('owner token')
    expect(() => targets.check('http://127.0.0.1:8080/', other)).toThrow('owner token')
    const plain = 'http://example.com/hook'
    expect(() => targets.check(plain, other)).toThrow('allow_insecure')
    expect(targets.check(plain, { ...other, allowInsecure: true }).href).toBe(plain)
  })

  test('a name of the Internet may not turn into this machine or the local network later', () => {
    const url = new URL('https://example.com/hook')
    const may = (address: string): boolean => targets.mayConnect(url, address, true)
    expect(['93.184.216.34', '127.0.0.1', '::1', '10.0.0.1', '169.254.1.1'].map(may)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ])
    const named = new URL('https://n8n.test/hook')
    expect(targets.mayConnect(named, '10.0.0.1', false)).toBe(true)
    expect(targets.mayConnect(named, '169.254.1.1', false)).toBe(false)
    const own = new URL(`http://localhost:${OWN_PORT}/`)
    expect(targets.mayConnect(own, '127.0.0.1', true)).toBe(false)
  })

  test('D6: no spelling reaches a listener; a resolver hook alone lets some through', async () => {
    const outcome = await d6.run({ seed: 1, quick: true })
    expect(outcome.trials).toBeGreaterThanOrEqual(60)
    expect([outcome.failures, outcome.control.ok]).toEqual([0, true])
  })
})
