// The log's Merkle tree as it is stored: full tiles of 256 hashes (the layout of c2sp.org/tlog-tiles), and of each level the
// hashes after the last full tile. A tile is written in the transaction of the entry that completes it.
import type { AuditTreeRows } from '../store/audit-tree.ts'
import { type Digest, digestOf } from './digest.ts'
import { frontierFrom, nodeDigest, type SubtreeSource } from './merkle.ts'

/** Hashes in a full tile: eight levels of the tree. */
export const TILE_WIDTH = 256
const TILE_LEVELS = 8
const HASH = 32

/** The hashes of one tile level that no full tile holds yet. */
interface Edge {
  /** Number of the tile being filled. */
  n: number
  count: number
  hashes: Buffer
}

export interface Tree {
  /** Entries the tree covers. */
  size(): number
  /** Call in the transaction that stores the entry, before the entry is stored. */
  append(leaf: Digest): void
  subtree: SubtreeSource
  /** Root over the first `size` entries; all of them by default. */
  root(size?: number): Digest
  /** The first `width` hashes of a tile; undefined when the tree does not have them. */
  tile(level: number, n: number, width: number): Buffer | undefined
  /** Something was rolled back: read the edges again when they are needed. */
  forget(): void
  /** Builds the tiles anew when some are missing (an older database, a restored one). Call in a transaction, at the start. */
  repair(): void
}

const REPAIR_AT_ONCE = 8192

/** Root over `count` (a power of two) neighbouring hashes in `hashes`, from the hash at `first`. */
export function foldHashes(hashes: Buffer, first: number, count: number): Digest {
  if (count === 1) return hashes.latin1Slice(first * HASH, (first + 1) * HASH)
  const half = count / 2
  return nodeDigest(foldHashes(hashes, first, half), foldHashes(hashes, first + half, half))
}

/** `size` tells how many entries are stored; asked once after opening and after each rollback. */
export function createTree(rows: AuditTreeRows, size: () => number): Tree {
  let edges: Edge[] = []
  let fresh = false

  function write(level: number, edge: Edge): void {
    rows.putTile(level, edge.n, edge.hashes)
    const root = foldHashes(edge.hashes, 0, TILE_WIDTH)
    edge.n++
    edge.count = 0
    push(level + 1, root)
  }

  function push(level: number, hash: Digest): void {
    edges[level] ??= { n: 0, count: 0, hashes: Buffer.alloc(TILE_WIDTH * HASH) }
    const edge = edges[level]
    edge.hashes.latin1Write(hash, edge.count * HASH)
    edge.count++
    if (edge.count === TILE_WIDTH) write(level, edge)
  }

  /** Reads what lies after the last full tile of each level. */
  function load(): void {
    fresh = true
    const old = edges
    edges = []
    let entries = size()
    for (let level = 0; entries > 0; level++) {
      const n = rows.tileCount(level)
      const count = Math.min(entries - n * TILE_WIDTH, TILE_WIDTH)
      const known = old[level]
      const edge: Edge = { n, count, hashes: Buffer.alloc(TILE_WIDTH * HASH) }
      if (level === 0) {
        rows.leaves(n * TILE_WIDTH, n * TILE_WIDTH + count).forEach((leaf, i) => {
          edge.hashes.set(leaf, i * HASH)
        })
      } else if (known !== undefined && known.n === n && known.count >= count) {
        edge.hashes.set(known.hashes)
      } else {
        for (let i = 0; i < count; i++) {
          const below = tileOf(level - 1, n * TILE_WIDTH + i)
          edge.hashes.latin1Write(foldHashes(below, 0, TILE_WIDTH), i * HASH)
        }
      }
      edges[level] = edge
      entries = n
    }
  }

  function current(): Edge[] {
    if (!fresh) load()
    return edges
  }

  function tileOf(level: number, n: number): Buffer {
    const stored = rows.tile(level, n)
    if (stored === undefined) throw new RangeError(`tile ${level}/${n} is missing`)
    return stored
  }

  /** The tile's hashes as far as they exist, and how many. */
  function hashesOf(level: number, n: number): { hashes: Buffer; count: number } | undefined {
    const edge = current()[level]
    if (edge === undefined || n > edge.n) return undefined
    return n === edge.n ? edge : { hashes: tileOf(level, n), count: TILE_WIDTH }
  }

  const subtree: SubtreeSource = (level, n) => {
    const tileLevel = Math.floor(level / TILE_LEVELS)
    const count = 2 ** (level % TILE_LEVELS)
    const start = n * count
    const first = start % TILE_WIDTH
    const found = hashesOf(tileLevel, Math.floor(start / TILE_WIDTH))
    if (found === undefined || found.count < first + count) {
      throw new RangeError('subtree outside the tree')
    }
    return foldHashes(found.hashes, first, count)
  }

  function sizeNow(): number {
    const [leaves] = current()
    return leaves === undefined ? 0 : leaves.n * TILE_WIDTH + leaves.count
  }

  return {
    size: sizeNow,
    append(leaf) {
      current()
      push(0, leaf)
    },
    subtree,
    root: (over = sizeNow()) => frontierFrom(over, subtree).root(),
    tile(level, n, width) {
      const found = hashesOf(level, n)
      if (found === undefined || found.count < width || width < 1) return undefined
      return found.hashes.subarray(0, width * HASH)
    },
    forget() {
      fresh = false
    },
    repair() {
      const entries = size()
      let complete = true
      for (let level = 0, below = entries; below > 0; level++) {
        below = Math.floor(below / TILE_WIDTH)
        complete &&= rows.tileTally(level) === below
      }
      if (complete) return
      rows.dropTiles()
      edges = []
      fresh = true
      for (let from = 0; from < entries; from += REPAIR_AT_ONCE) {
        for (const leaf of rows.leaves(from, from + REPAIR_AT_ONCE)) push(0, digestOf(leaf))
      }
    },
  }
}
