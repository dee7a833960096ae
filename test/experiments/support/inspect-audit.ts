// The audit log looked through with SQLite, SHA-256 and Ed25519 alone, an implementation of its own: links from entry to entry, the
// tree of RFC 6962 over them, and whether every signed checkpoint says what the tree says.
import { createHash, createPublicKey, verify } from 'node:crypto'
import type Database from 'better-sqlite3'

export interface AuditFindings {
  entries: number
  /** Entries whose number, leaf or chain hash is not what the entries before lead to. */
  broken: number
  /** Checkpoints that were held against the tree. */
  checkpoints: number
  /** Those whose root, size or signature is not that of the tree. */
  wrongRoots: number
}

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const EMPTY_ROOT = createHash('sha256').digest()

const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** Root of the tree over all leaves so far (RFC 6962, 2.1), from the roots of its full subtrees, largest first. */
function createTree() {
  const full: { hash: Buffer; leaves: number }[] = []
  const node = (left: Buffer, right: Buffer): Buffer => sha256(Buffer.from([1]), left, right)
  return {
    add(leaf: Buffer): void {
      full.push({ hash: leaf, leaves: 1 })
      while (full.length > 1 && full.at(-1)!.leaves === full.at(-2)!.leaves) {
        const right = full.pop()!
        const left = full.pop()!
        full.push({ hash: node(left.hash, right.hash), leaves: left.leaves + right.leaves })
      }
    },
    root: (): Buffer =>
      full.length === 0
        ? EMPTY_ROOT
        : full.map(({ hash }) => hash).reduceRight((right, left) => node(left, right)),
  }
}

interface Checkpoint {
  size: number
  root: Buffer
  note: string
}

/** `served`: notes that were handed out, which the tree must bear out as well as those that are stored. */
export function inspectAudit(db: Database.Database, served: readonly string[] = []): AuditFindings {
  const stored = db.prepare('SELECT size, root, note FROM audit_checkpoints').all() as Checkpoint[]
  const keys = (
    db
      .prepare("SELECT public_key FROM audit_keys WHERE algorithm = 'ed25519'")
      .pluck()
      .all() as Buffer[]
  ).map((key) => key.subarray(-32))
  const claims = new Map<number, Checkpoint[]>()
  const claimed = (one: Checkpoint) => claims.set(one.size, [...(claims.get(one.size) ?? []), one])
  for (const one of stored) claimed(one)
  for (const note of served) {
    const [, size, root] = note.split('\n')
    claimed({ size: Number(size), root: Buffer.from(root ?? '', 'base64'), note })
  }
  const tree = createTree()
  let chain: Buffer = Buffer.alloc(32)
  const found: AuditFindings = { entries: 0, broken: 0, checkpoints: 0, wrongRoots: 0 }
  function compare(): void {
    for (const one of claims.get(found.entries) ?? []) {
      found.checkpoints++
      const root = tree.root()
      if (!one.root.equals(root) || !isSigned(one.note, found.entries, root, keys))
        found.wrongRoots++
    }
    claims.delete(found.entries)
  }
  compare()
  const rows = db.prepare('SELECT seq, entry, leaf, chain FROM audit_log ORDER BY seq')
  for (const row of rows.iterate() as Iterable<{
    seq: number
    entry: string
    leaf: Buffer
    chain: Buffer
  }>) {
    const leaf = sha256(Buffer.from([0]), Buffer.from(row.entry))
    const expected = sha256(Buffer.from([2]), chain, leaf)
    if (row.seq !== found.entries || !leaf.equals(row.leaf) || !expected.equals(row.chain))
      found.broken++
    chain = row.chain
    tree.add(leaf)
    found.entries = row.seq + 1
    compare()
  }
  // What is left is signed over more entries than there are.
  for (const beyond of claims.values()) {
    found.checkpoints += beyond.length
    found.wrongRoots += beyond.length
  }
  return found
}

/** Whether the note (C2SP signed-note, tlog-checkpoint) says this size and root, signed by one of these keys. */
function isSigned(note: string, size: number, root: Buffer, keys: readonly Buffer[]): boolean {
  const end = note.indexOf('\n\n')
  const text = note.slice(0, end + 1)
  const [, saidSize, saidRoot] = text.split('\n')
  if (end === -1 || saidSize !== String(size) || saidRoot !== root.toString('base64')) return false
  const signatures = note
    .slice(end + 2)
    .split('\n')
    .filter((line) => line.startsWith('— '))
    .map((line) => Buffer.from(line.split(' ')[2] ?? '', 'base64').subarray(4))
  return keys.some((key) => {
    const spki = Buffer.concat([SPKI_PREFIX, key])
    const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    return signatures.some((signature) => verify(null, Buffer.from(text), publicKey, signature))
  })
}
