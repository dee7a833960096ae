// D6: spellings of this machine and names that stand for it, posted to by our own connector under a policy that forbids
// loopback, with listeners on 127.0.0.1, 127.0.0.2 and ::1. The control is the usual half measure: only a resolver hook.
import { lookup as systemLookup } from 'node:dns'
import http from 'node:http'
import type { LookupFunction } from 'node:net'
import { classifyAddress } from '../../src/base/address.ts'
import { postVetted, type Resolve } from '../../src/base/vetted-post.ts'
import { createTargets, type Targets } from '../../src/webhooks/targets.ts'
import { OK, type Receiver, startReceiver } from '../support/webhook-receiver.ts'
import { complain, type Experiment } from './support/experiment.ts'

/** Hosts as an attacker writes them; `%` stands for the listener's port where it is part of the trick. */
export const SPELLINGS: readonly string[] = [
  // IPv4: plain, shortened, decimal, octal, hexadecimal, mixed, trailing dot, full width digits, percent-encoded.
  ...[
    '127.0.0.1',
    '127.0.0.1.',
    '127.1',
    '127.0.1',
    '127.0.0.2',
    '127.255.255.254',
    '127.00.00.01',
  ],
  ...['2130706433', '2130706433.', '017700000001', '0x7f000001', '0x7f.1', '0x7f.0x0.0x0.0x1'],
  ...[
    '0177.0.0.1',
    '0177.0x0.0.1',
    '0177.1',
    '127.0.0.0x1',
    '127.0.0.01',
    '0x7F.0.1',
    '0x7f000001.',
  ],
  ...['１２７.０.０.１', '127。0。0。1', '127%2e0%2e0%2e1', '%31%32%37.0.0.1', '①②⑦.0.0.1'],
  // The unspecified address reaches this machine on Linux.
  ...['0', '0.0.0.0', '0x0', '0.0', '00000000'],
  // IPv6: loopback in long and short, IPv4 in mapped, compatible, NAT64, 6to4 and Teredo clothes.
  ...['[::1]', '[0:0:0:0:0:0:0:1]', '[0000::0001]', '[::0:1]', '[::]', '[::ffff:127.0.0.1]'],
  ...['[::ffff:7f00:1]', '[0:0:0:0:0:ffff:127.0.0.1]', '[::FFFF:127.0.0.2]', '[::127.0.0.1]'],
  ...['[::7f00:1]', '[64:ff9b::127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b:1::7f00:1]'],
  ...['[2002:7f00:1::]', '[2002:7f00:1::1]', '[2001:0:7f00:1::1]', '[::ffff:0:127.0.0.1]'],
  // Link-local, metadata, multicast, carriers' metadata.
  ...[
    '169.254.169.254',
    '0xa9fea9fe',
    '2852039166',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '100.100.100.200',
  ],
  ...['[::ffff:169.254.169.254]', '224.0.0.1', '255.255.255.255'],
  // Names: this machine's own, and what a hostile resolver answers (see ANSWERS).
  ...[
    'localhost',
    'localhost.',
    'LOCALHOST',
    'x.localhost',
    'rebind.test',
    'mixed.test',
    'mapped.test',
  ],
  ...['long.test', 'nat64.test', 'six.test', 'zero.test', 'metadata.test'],
]

const ANSWERS: Record<string, string[]> = {
  localhost: ['127.0.0.1', '::1'],
  'x.localhost': ['127.0.0.1'],
  'rebind.test': ['127.0.0.1'],
  'mixed.test': ['93.184.216.34', '127.0.0.1'],
  'mapped.test': ['::ffff:127.0.0.1'],
  'long.test': ['0:0:0:0:0:0:0:1'],
  'nat64.test': ['64:ff9b::7f00:1'],
  'six.test': ['2002:7f00:1::'],
  'zero.test': ['0.0.0.0'],
  'metadata.test': ['169.254.169.254'],
}
const answersOf = (name: string) =>
  (ANSWERS[name.toLowerCase()] ?? []).map((address) => ({
    address,
    family: address.includes(':') ? 6 : 4,
  }))
const hostile: Resolve = async (name) => answersOf(name)

const LIMIT_MS = 1_000

/** How the product does it: URL check at registration is skipped on purpose, so that the connector stands alone. */
async function ours(url: URL, targets: Targets): Promise<string> {
  try {
    const answer = await postVetted(
      {
        url,
        headers: {},
        body: Buffer.from('{}'),
        connectMs: LIMIT_MS,
        timeoutMs: LIMIT_MS,
        maxBytes: 1024,
        allow: (address) => targets.mayConnect(url, address, true),
      },
      hostile,
    )
    return `status ${answer.status}`
  } catch (error) {
    return String((error as { data?: { reason?: string } }).data?.reason ?? error)
  }
}

/** Only a resolver hook, which Node never asks about literal addresses. Never aimed at metadata addresses. */
function hookOnly(url: URL): Promise<void> {
  const lookup: LookupFunction = (name, options, callback) => {
    const found = answersOf(name)
    const refused = found.some(({ address }) => classifyAddress(address) !== 'public')
    if (refused) callback(new Error('refused'), '', 0)
    else if (found.length === 0) systemLookup('invalid.', options, callback as never)
    else if (options.all) callback(null, found)
    else callback(null, found[0]!.address, found[0]!.family)
  }
  return new Promise((resolve) => {
    let request: http.ClientRequest
    try {
      request = http.request(url, { method: 'POST', agent: false, lookup, timeout: LIMIT_MS })
    } catch {
      // Under vitest test/setup.ts stops what is not plainly loopback; the control then reaches a little less.
      resolve()
      return
    }
    request.on('response', (response) => response.resume().on('close', resolve))
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve())
    request.on('close', () => resolve())
    request.end('{}')
  })
}

/** 169.254.0.0/16, its IPv6 spellings, multicast: an unguarded request to these could leave this machine. */
const mayTouchUnguarded = (url: URL): boolean =>
  /^(127\.|0\.0\.0\.0$|\[::1\]$|\[::\]$|\[::ffff:7f|localhost|[a-z0-9.]+\.(test|localhost)$)/.test(
    url.hostname,
  )

export const d6: Experiment = {
  id: 'D6',
  title: 'webhook targets that reach inside',
  async run({ seed }) {
    const listeners: Receiver[] = [await startReceiver(() => OK)]
    const port = listeners[0]!.port
    for (const host of ['127.0.0.2', '::1']) {
      // A machine without IPv6 has one listener less.
      const extra = await startReceiver(() => OK, host, port).catch(() => null)
      if (extra !== null) listeners.push(extra)
    }
    const hits = (): number => listeners.reduce((sum, one) => sum + one.connections(), 0)
    const guard = { ownPort: () => 1, trusted: [], loopback: false }
    const targets = createTargets(guard)
    let failures = 0
    let unreadable = 0
    let refusedAtRegistration = 0
    let reached = 0
    try {
      const urls: URL[] = []
      for (const spelling of SPELLINGS) {
        const text = `http://${spelling}:${port}/hook`
        if (URL.canParse(text)) urls.push(new URL(text))
        else unreadable++
        try {
          targets.check(text, { owner: true, allowInsecure: true })
        } catch {
          refusedAtRegistration++
        }
      }
      for (const [n, url] of urls.entries()) {
        const before = hits()
        const how = await ours(url, targets)
        // Refused before anything was connected to; any other word means that it was tried.
        if (hits() === before && (how === 'not_allowed' || how === 'name')) continue
        failures++
        complain('D6', seed, n, `${url.hostname}: ${how}`)
      }
      for (const url of urls.filter(mayTouchUnguarded)) {
        const before = hits()
        await hookOnly(url)
        if (hits() > before) reached++
      }
    } finally {
      for (const one of listeners) await one.close()
    }
    return {
      trials: SPELLINGS.length,
      failures,
      control: {
        expected: 'a resolver hook alone lets literal addresses through',
        seen: `hook only: ${reached} of ${SPELLINGS.length} spellings reached a listener`,
        ok: reached > 0,
      },
      figures: {
        listeners: listeners.length,
        'refused at registration': refusedAtRegistration,
        'not even a URL': unreadable,
        'left to the connector': SPELLINGS.length - refusedAtRegistration,
      },
    }
  },
}
