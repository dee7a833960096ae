// The log's Merkle tree as it is stored: full tiles of 256 hashes (the layout of c2sp.org/tlog-tiles), and of each level the
// hashes after the last full tile. A tile is written in the transaction of the entry that completes it.
import type { AuditTreeRows } from '../store/audit-tree.ts'
import { type Digest, digestOf } from './digest.ts'
import { frontierFrom, nodeDigest, nodeOfPair, type SubtreeSource } from './merkle.ts'

/** Hashes in a full tile: eight levels of the tree. */
export const TILE_WIDTH = 256
const TILE_LEVELS = 8
const HASH = 32

/** The hashes of one tile level that no full tile holds yet. */
interface Edge {
  /** Number of the tile being filled. */
  n: number
  count: number
  /** Room for a whole tile, then for the roots of its subtrees: pairs, fours … all 256. Complete ones are filled in. */
  hashes: Buffer
}

/** Where the roots over 2^level hashes begin in an edge's buffer, counted in hashes. */
const ROOTS_AT = [0, 256, 384, 448, 480, 496, 504, 508, 510]
const EDGE_BYTES = 511 * HASH

/** Fills in the roots that the hash at `last` completes. */
function addRoots(hashes: Buffer, last: number): void {
  for (let level = 1, at = last; at % 2 === 1; level++) {
    const pair = (ROOTS_AT[level - 1]! + at - 1) * HASH
    at = (at - 1) / 2
    hashes.latin1Write(nodeOfPair(hashes, pair), (ROOTS_AT[level]! + at) * HASH)
  }
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

/** The root over 2^level hashes, the n-th of them, in an edge's buffer. */
function rootIn(hashes: Buffer, level: number, n: number): Digest {
  const at = (ROOTS_AT[level]! + n) * HASH
  return hashes.latin1Slice(at, at + HASH)
}

/** Root over `count` (a power of two) neighbouring hashes in `hashes`, from the hash at `first`. */
export function foldHashes(hashes: Buffer, first: number, count: number): Digest {
  if (count === 1) return hashes.latin1Slice(first * HASH, (first + 1) * HASH)
  const half = count / 2
  return nodeDigest(foldHashes(hashes, first, half), foldHashes(hashes, first + half, half))
}

/** `size` tells how many entries are stored; asked once after opening and after each rollback. */
export function createTree(rows: AuditTreeRows, size: () => number): Tree {
  let edges: Edge[] = []
  /** Of each level the tile filled last: a proof between two checkpoints nearly always asks for its subtrees. */
  let filled: Pick<Edge, 'n' | 'hashes'>[] = []
  let fresh = false

  function write(level: number, edge: Edge): void {
    rows.putTile(level, edge.n, edge.hashes.subarray(0, TILE_WIDTH * HASH))
    const root = rootIn(edge.hashes, TILE_LEVELS, 0)
    filled[level] = { n: edge.n, hashes: edge.hashes }
    edges[level] = { n: edge.n + 1, count: 0, hashes: Buffer.alloc(EDGE_BYTES) }
    push(level + 1, root)
  }

  function push(level: number, hash: Digest): void {
    edges[level] ??= { n: 0, count: 0, hashes: Buffer.alloc(EDGE_BYTES) }
    const edge = edges[level]
    edge.hashes.latin1Write(hash, edge.count * HASH)
    addRoots(edge.hashes, edge.count)
    edge.count++
    if (edge.count === TILE_WIDTH) write(level, edge)
  }

  /** Reads what lies after the last full tile of each level. */
  function load(): void {
    fresh = true
    const old = edges
    edges = []
    filled = []
    let entries = size()
    for (let level = 0; entries > 0; level++) {
      const n = rows.tileCount(level)
      const count = Math.min(entries - n * TILE_WIDTH, TILE_WIDTH)
      const known = old[level]
      const edge: Edge = { n, count, hashes: Buffer.alloc(EDGE_BYTES) }
      if (level === 0) {
        rows.leaves(n * TILE_WIDTH, n * TILE_WIDTH + count).forEach((leaf, i) => {
          edge.hashes.set(leaf, i * HASH)
        })
      } else if (known !== undefined && known.n === n && known.count >= count) {
        known.hashes.copy(edge.hashes, 0, 0, count * HASH)
      } else {
        for (let i = 0; i < count; i++) {
          const below = tileOf(level - 1, n * TILE_WIDTH + i)
          edge.hashes.latin1Write(foldHashes(below, 0, TILE_WIDTH), i * HASH)
        }
      }
      for (let i = 0; i < count; i++) addRoots(edge.hashes, i)
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

  const subtree: SubtreeSource = (level, n) => {
    const tileLevel = Math.floor(level / TILE_LEVELS)
    const within = level % TILE_LEVELS
    const count = 2 ** within
    const first = (n * count) % TILE_WIDTH
    const tile = Math.floor((n * count) / TILE_WIDTH)
    const edge = current()[tileLevel]
    if (edge === undefined || tile > edge.n || (tile === edge.n && edge.count < first + count)) {
      throw new RangeError('subtree outside the tree')
    }
    const known = tile === edge.n ? edge : filled[tileLevel]
    return known?.n === tile
      ? rootIn(known.hashes, within, first / count)
      : foldHashes(tileOf(tileLevel, tile), first, count)
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
      const edge = current()[level]
      if (edge === undefined || n > edge.n || width < 1 || width > TILE_WIDTH) return undefined
      if (n === edge.n && edge.count < width) return undefined
      return (n === edge.n ? edge.hashes : tileOf(level, n)).subarray(0, width * HASH)
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
      filled = []
      fresh = true
      for (let from = 0; from < entries; from += REPAIR_AT_ONCE) {
        for (const leaf of rows.leaves(from, from + REPAIR_AT_ONCE)) push(0, digestOf(leaf))
      }
    },
  }
}
