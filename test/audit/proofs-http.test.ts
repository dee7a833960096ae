// Proofs over HTTP, checked by code of their own: RFC 6962 as its text defines it, recursively, over node:crypto and nothing of ours.
import { createHash, createPublicKey, verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChance } from '../experiments/support/experiment.ts'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'

/** Where checkpoints are signed: around powers of two, and where nothing is even. */
const SIZES = [1, 2, 3, 7, 8, 9, 63, 64, 65, 100, 257, 300]
const LAST = SIZES.at(-1)!

const sha256 = (...parts: Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest()
const node = (left: Buffer, right: Buffer): Buffer => sha256(Uint8Array.of(1), left, right)
const leafOf = (entry: string): Buffer => sha256(Uint8Array.of(0), Buffer.from(entry, 'utf8'))

/** The largest power of two below the size. */
function half(size: number): number {
  let power = 1
  while (power * 2 < size) power *= 2
  return power
}

/** Merkle tree hash (2.1). */
function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256()
  if (leaves.length === 1) return leaves[0]!
  const k = half(leaves.length)
  return node(rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)))
}

/** The root to which an audit path leads (2.1.1); `path` is lowest first and is used up. */
function climb(index: number, size: number, leaf: Buffer, path: Buffer[]): Buffer {
  if (size === 1) return leaf
  const k = half(size)
  const beside = path.pop()
  if (beside === undefined) throw new RangeError('the path is too short')
  return index < k
    ? node(climb(index, k, leaf, path), beside)
    : node(beside, climb(index - k, size - k, leaf, path))
}

/** Both roots to which a consistency proof leads (2.1.2), the older one's being believed where the proof leaves it out. */
function both(from: number, to: number, path: Buffer[], older: Buffer | null): [Buffer, Buffer] {
  if (from === to) {
    const root = older ?? path.pop()
    if (root === undefined) throw new RangeError('the proof is too short')
    return [root, root]
  }
  const k = half(to)
  const beside = path.pop()
  if (beside === undefined) throw new RangeError('the proof is too short')
  const [then, now] = from <= k ? both(from, k, path, older) : both(from - k, to - k, path, null)
  return from <= k ? [then, node(now, beside)] : [node(beside, then), node(beside, now)]
}

const holds = (work: () => boolean): boolean => {
  try {
    return work()
  } catch {
    return false
  }
}

const includes = (leaf: Buffer, index: number, size: number, hashes: Buffer[], root: Buffer) =>
  holds(() => {
    const path = [...hashes]
    return climb(index, size, leaf, path).equals(root) && path.length === 0
  })

const extends_ = (from: number, to: number, hashes: Buffer[], then: Buffer, now: Buffer) =>
  holds(() => {
    if (from === 0) return hashes.length === 0
    const path = [...hashes]
    const [a, b] = both(from, to, path, then)
    return a.equals(then) && b.equals(now) && path.length === 0
  })

/** Size and root of a note whose Ed25519 line the key of `vkey` has written. Throws when it has not. */
function openNote(note: string, vkey: string): { size: number; root: Buffer } {
  const [text, signed] = note.split('\n\n') as [string, string]
  // The key is base64, which has plus signs of its own.
  const [, name, id, key] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey)!
  const signature = Buffer.from(signed.trimEnd().split(' ')[2]!, 'base64')
  const der = Buffer.concat([
    Buffer.from('302a300506032b6570032100', 'hex'),
    Buffer.from(key!, 'base64').subarray(1),
  ])
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' })
  const [origin, size, root] = text.split('\n') as [string, string, string]
  const isSound =
    origin === name &&
    signed.startsWith(`— ${name} `) &&
    signature.subarray(0, 4).toString('hex') === id &&
    verify(null, Buffer.from(`${text}\n`), publicKey, signature.subarray(4))
  if (!isSound) throw new Error('the note is not signed by this key')
  return { size: Number(size), root: Buffer.from(root, 'base64') }
}

let daemon: TestDaemon
let vkey: string
/** Recomputed from the entries, not taken from the columns. */
let leaves: Buffer[]
/** Of each size that was signed. */
const notes = new Map<number, string>()

const get = (target: string) =>
  daemon.call('GET', `/api/v1/audit/${target}`, undefined, {
    headers: { Accept: 'application/json' },
  })
const buffers = (list: string[]): Buffer[] => list.map((one) => Buffer.from(one, 'base64'))

beforeAll(async () => {
  daemon = await startDaemon()
  for (let size = 1; size <= LAST; size++) {
    const entry = {
      event_type: 'test.made',
      entity_type: 'thing',
      entity_id: `t${size}`,
      data: { size },
    }
    expect((await daemon.call('POST', '/api/audit', entry)).status).toBe(201)
    if (SIZES.includes(size)) notes.set(size, (await get('checkpoint')).text)
  }
  vkey = (await get('key')).json.vkey
  const entries = []
  for (let id = 1; id <= LAST; id++)
    entries.push((await get(`${id}/proof?size=${LAST}`)).json.entry)
  leaves = entries.map(leafOf)
})
afterAll(() => daemon.stop())

describe('an entry is proved against every size that was signed', () => {
  it('and the proof leads from its text to the signed root, and from nowhere else', async () => {
    let [accepted, rejected] = [0, 0]
    for (const size of SIZES) {
      const signed = openNote(notes.get(size)!, vkey)
      expect(signed).toEqual({ size, root: rootOf(leaves.slice(0, size)) })
      for (let index = 0; index < size; index += 1 + Math.floor(size / 16)) {
        const { status, json } = await get(`${index + 1}/proof?size=${size}`)
        expect([status, json.index, json.size]).toEqual([200, index, size])
        const { root } = openNote(json.checkpoint, vkey)
        const hashes = buffers(json.hashes)
        const leaf = leafOf(json.entry)
        expect(root).toEqual(signed.root)
        expect(includes(leaf, index, size, hashes, root)).toBe(true)
        accepted++
        // What must not be proved with it: another entry, place, size or path.
        const other = leafOf(json.entry.replace('test.made', 'test.mode'))
        const cut = hashes.slice(1)
        const longer = [...hashes, root]
        expect(includes(other, index, size, hashes, root)).toBe(false)
        expect(includes(leaf, index, size, longer, root)).toBe(false)
        if (size > 1) {
          expect(includes(leaf, index, size, cut, root)).toBe(false)
          expect(includes(leaf, (index + 1) % size, size, hashes, root)).toBe(false)
        }
        rejected += size > 1 ? 4 : 2
      }
    }
    expect(accepted).toBeGreaterThan(110)
    expect(rejected).toBeGreaterThan(400)
  })

  it('without a size against the smallest that holds it, as text too', async () => {
    for (const id of [1, 8, 66, 300]) {
      const size = SIZES.find((one) => one >= id)!
      expect((await get(`${id}/proof`)).json.size).toBe(size)
      const text = (await daemon.call('GET', `/api/v1/audit/${id}/proof?size=${LAST}`)).text
      const [head, ...rest] = text.split('\n\n')
      const [version, index, ...hashes] = head!.split('\n')
      expect([version, index]).toEqual(['c2sp.org/tlog-proof@v1', `index ${id - 1}`])
      const { root } = openNote(rest.join('\n\n'), vkey)
      expect(includes(leaves[id - 1]!, id - 1, LAST, buffers(hashes), root)).toBe(true)
    }
  })
})

describe('two sizes are shown to be one log', () => {
  it('whatever the sizes, and no other two', async () => {
    let checked = 0
    for (let to = 0; to <= LAST; to += 1 + (to % 13)) {
      for (let from = 0; from <= to; from += 1 + (from % 7)) {
        const { status, json } = await get(`consistency?from=${from}&to=${to}`)
        expect(status).toBe(200)
        const [then, now] = buffers([json.from_root, json.to_root]) as [Buffer, Buffer]
        const hashes = buffers(json.hashes)
        expect(then).toEqual(rootOf(leaves.slice(0, from)))
        expect(now).toEqual(rootOf(leaves.slice(0, to)))
        expect(extends_(from, to, hashes, then, now)).toBe(true)
        if (from > 0 && from < to) {
          const strange = sha256(now)
          expect(extends_(from, to, hashes, strange, now)).toBe(false)
          expect(extends_(from, to, hashes, then, strange)).toBe(false)
          expect(extends_(from, to, hashes.slice(1), then, now)).toBe(false)
          expect(extends_(from, to, [...hashes, now], then, now)).toBe(false)
        }
        checked++
      }
    }
    expect(checked).toBeGreaterThan(1_000)
  })
})

describe('what is no size, or none of this log’s', () => {
  const STRANGE = [
    ...[
      '-1',
      '-0.5',
      '1.5',
      '7.0000001',
      'abc',
      '',
      ' ',
      '%20',
      'NaN',
      'Infinity',
      '-Infinity',
      '1e2',
      '0x9',
    ],
    ...['1e308', '1e309', '9007199254740991', '9007199254740992', '9007199254740993'],
    ...[
      '18446744073709551616',
      '9'.repeat(400),
      '%00',
      '7%00',
      '٣',
      '７',
      'null',
      'true',
      '{}',
      '[]',
    ],
    ...["1'--", '1;DROP TABLE audit_log', '../../head', '0x', '0b2', '1_000', '+', '--1', '1,2'],
  ]
  const refused = ({ status, headers, json }: Awaited<ReturnType<typeof get>>) => {
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(headers['content-type']).toBe('application/problem+json')
    expect(json.status).toBe(status)
  }

  it.each([0, 1, LAST + 1, 1_000_000, 4_294_967_296, ...STRANGE])('%s', async (strange) => {
    const text = typeof strange === 'number' ? `${strange}` : encodeStrange(strange)
    refused(await get(`9/proof?size=${text}`))
    // Sizes that the log had are sizes for consistency.
    if (strange === 0 || strange === 1) return
    refused(await get(`consistency?from=${text}&to=${LAST}`))
    refused(await get(`consistency?from=1&to=${text}`))
    // The number of an entry may be spelled as any number.
    const id = Number(strange)
    const isEntry = id >= 1 && id <= LAST
    if (text !== '' && !isEntry) refused(await get(`${encodeURIComponent(strange)}/proof`))
  })

  it('a size that was not signed names the next one that was; one before the entry is none', async () => {
    for (const size of [10, 62, 256, 299]) refused(await get(`3/proof?size=${size}`))
    refused(await get('65/proof?size=64'))
    refused(await get(`${LAST + 1}/proof`))
    refused(await get('0/proof'))
  })

  it('both given twice, in the wrong order, or not at all', async () => {
    for (const query of ['', '?from=1', '?to=1', '?from=9&to=3', '?from=1&from=2&to=9']) {
      refused(await get(`consistency${query}`))
    }
    refused(await get('3/proof?size=7&size=8'))
  })

  it('any other text', async () => {
    const chance = createChance(7)
    const letters = '0123456789-+.eExX%&=#\'"{}[]() _nNaAiI\u00e9\u0660\u{1f600}'
    const all = [...letters]
    let refusals = 0
    for (let i = 0; i < 400; i++) {
      const text = Array.from({ length: 1 + chance.below(12) }, () => all[chance.below(all.length)])
      const value = encodeURIComponent(text.join(''))
      for (const target of [`5/proof?size=${value}`, `consistency?from=${value}&to=${value}`]) {
        const answer = await get(target)
        expect(answer.status).toBeLessThan(500)
        if (answer.status >= 400) refusals++
      }
    }
    // Some happen to be numbers.
    expect(refusals).toBeGreaterThan(600)
  })
})

/** Already encoded ones stay; the rest becomes what may stand in a query. */
function encodeStrange(text: string): string {
  return /^[\w.%]*$/.test(text) ? text : encodeURIComponent(text)
}
