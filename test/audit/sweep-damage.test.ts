// The sweep against a reader that takes row after row and hashes each by the definition: both must name the same first bad entry, the
// same root and the same wrong roots, whatever bits were flipped in the rows and wherever a run of the sweep begins and ends.
import { createCipheriv, createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Digest, digestOf } from '../../src/audit/digest.ts'
import { openLogReader } from '../../src/audit/log-reader.ts'
import { createPlainLanes, createVectorLanes } from '../../src/audit/sha256-lanes.ts'
import { type Sweep, sweepWith } from '../../src/audit/sweep.ts'
import { createAuditHouse } from '../support/audit-house.ts'
import { OWNER } from '../support/job-house.ts'

/** Two whole runs of 512 and a short one. */
const SIZE = 1063
const COLUMNS = ['entry', 'leaf', 'chain'] as const
type Column = (typeof COLUMNS)[number]

const SEED = 20261121
const random = createCipheriv('aes-256-ctr', Buffer.alloc(32, `seed ${SEED}`), Buffer.alloc(16))
const below = (end: number): number => random.update(Buffer.alloc(4)).readUInt32LE() % end

let folder: string
let file: Database.Database
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  const house = createAuditHouse({ dataFolder: folder, epochEntries: 1e9 })
  house.recorder.record((trail) => {
    for (let i = 0; i < SIZE; i++) {
      // Long names and long texts, some in a row of one length, some not.
      const entityId = `${i} ${'ção '.repeat(i % 61 === 0 ? 1 + below(1500) : 2)}`
      trail.audit({ eventType: 'thing.seen', entityType: 'thing', entityId, actor: OWNER })
    }
  })
  await house.close()
  file = new Database(path.join(folder, 'sisrua.db'))
  file.pragma('synchronous = OFF')
  file.pragma('ignore_check_constraints = ON')
  file.exec('DROP TRIGGER audit_only_erase; DROP TRIGGER audit_no_delete')
  expect(file.prepare('SELECT count(*) FROM audit_log').pluck().get()).toBe(SIZE)
})
afterAll(() => {
  file.close()
  rmSync(folder, { recursive: true, force: true })
})

const sha256 = (...parts: Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest()

/** Merkle tree hash as RFC 6962, 2.1 defines it. */
function merkleTreeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256()
  if (leaves.length === 1) return leaves[0]!
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return sha256(Buffer.of(1), merkleTreeHash(leaves.slice(0, k)), merkleTreeHash(leaves.slice(k)))
}

/** The second opinion: one row at a time. */
function readThrough(roots: ReadonlyMap<number, Digest>): Sweep {
  const rows = file
    .prepare('SELECT seq, CAST(entry AS BLOB) AS entry, leaf, chain FROM audit_log ORDER BY seq')
    .all() as { seq: number; entry: Buffer; leaf: Buffer; chain: Buffer }[]
  const leaves: Buffer[] = []
  let chain: Buffer = Buffer.alloc(32)
  let firstBad: number | null = null
  for (let seq = 0; seq < SIZE && firstBad === null; seq++) {
    const row = rows[seq]
    const leaf = sha256(Buffer.of(0), row?.entry ?? Buffer.alloc(0))
    chain = sha256(Buffer.of(2), chain, leaf)
    if (row?.seq === seq && leaf.equals(row.leaf) && chain.equals(row.chain)) leaves.push(leaf)
    else firstBad = seq
  }
  const rootAt = (size: number): Digest => digestOf(merkleTreeHash(leaves.slice(0, size)))
  const wrongRoots = [...roots].filter(([at, root]) => at > leaves.length || rootAt(at) !== root)
  return { firstBad, root: rootAt(leaves.length), wrongRoots: wrongRoots.map(([at]) => at) }
}

const lanes = [createVectorLanes(), createPlainLanes()]
/** What both ways of hashing, and the second opinion, say of the log as it lies there. */
function opinions(roots: ReadonlyMap<number, Digest>): Sweep[] {
  const log = openLogReader(folder)
  try {
    const swept = lanes.map((one) => sweepWith(one, log, SIZE, roots))
    return [...swept, readThrough(roots)].map((sweep) => ({
      ...sweep,
      wrongRoots: sweep.wrongRoots.toSorted((a, b) => a - b),
    }))
  } finally {
    log.close()
  }
}

const AT_BORDERS = [0, 1, 2, 3, 255, 256, 510, 511, 512, 513, 767, 1022, 1023, 1024, 1025, 1061]
/** The true roots at these sizes. */
function rootsAt(sizes: readonly number[]): Map<number, Digest> {
  const leaves = file.prepare('SELECT leaf FROM audit_log ORDER BY seq').pluck().all() as Buffer[]
  return new Map(sizes.map((size) => [size, digestOf(merkleTreeHash(leaves.slice(0, size)))]))
}

/** Flips one bit; gives back what puts it right. */
function flip(column: Column, seq: number): () => void {
  const stored = file.prepare(`SELECT CAST(${column} AS BLOB) FROM audit_log WHERE seq = ?`).pluck()
  const type = column === 'entry' ? 'TEXT' : 'BLOB'
  const put = file.prepare(`UPDATE audit_log SET ${column} = CAST(? AS ${type}) WHERE seq = ?`)
  const right = stored.get(seq) as Buffer
  const wrong = Buffer.from(right)
  wrong[below(wrong.length)]! ^= 1 << below(8)
  put.run(wrong, seq)
  return () => put.run(right, seq)
}

/** All three opinions, which are one and the same. */
function expectOne(roots: ReadonlyMap<number, Digest>, firstBad: number | null): Sweep {
  const [vectors, plain, slow] = opinions(roots) as [Sweep, Sweep, Sweep]
  expect(vectors).toEqual(slow)
  expect(plain).toEqual(slow)
  expect(slow.firstBad).toBe(firstBad)
  return slow
}

it('a sound log is sound, its root right at every size asked for', () => {
  const sizes = [
    ...new Set([...AT_BORDERS, SIZE, ...Array.from({ length: 40 }, () => below(SIZE))]),
  ]
  const roots = rootsAt(sizes)
  expect(expectOne(roots, null).wrongRoots).toEqual([])
})

it.each(AT_BORDERS.concat(SIZE))('a wrong root at size %i is told, and no other', (size) => {
  const roots = rootsAt([...AT_BORDERS, SIZE])
  roots.set(size, `${roots.get(size)!.slice(0, 31)}${roots.get(size)!.endsWith('a') ? 'b' : 'a'}`)
  expect(expectOne(roots, null).wrongRoots).toEqual([size])
})

describe.each(COLUMNS)(`one bit in a row's %s (seed ${SEED})`, (column) => {
  it.each([...AT_BORDERS, SIZE - 1])('%i', (seq) => {
    const roots = rootsAt([...AT_BORDERS, SIZE])
    const repair = flip(column, seq)
    expectOne(roots, seq)
    repair()
    expectOne(roots, null)
  })
})

it(`bits of several rows at once: the first is named (60 logs, seed ${SEED})`, () => {
  const roots = rootsAt([...AT_BORDERS, SIZE])
  for (let trial = 0; trial < 60; trial++) {
    // Often near each other, where one run ends and another begins.
    const from = trial % 2 === 0 ? 0 : 500
    const within = trial % 2 === 0 ? SIZE : 24
    const damage = Array.from({ length: 1 + below(4) }, () => ({
      column: COLUMNS[below(3)]!,
      seq: from + below(within),
    }))
    const seqs = new Set(damage.map(({ seq }) => seq))
    const repairs = damage
      .filter(({ seq }) => seqs.delete(seq))
      .map((one) => flip(one.column, one.seq))
    expectOne(roots, Math.min(...damage.map(({ seq }) => seq)))
    for (const repair of repairs) repair()
  }
  expectOne(roots, null)
})
