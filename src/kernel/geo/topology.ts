// Streets as a network: every segment once, lines joined end to end where nothing else meets. Nodes decide, not
// coordinates, so a bridge is not joined to the road below it. Everything here is linear in the number of vertices.
import { indexNodes, type NodeIndex } from './node-index.ts'
import { type Paths, pathCount } from './paths.ts'

export interface LineNetwork {
  paths: Paths
  /** Node id per vertex; NaN for a vertex that no other line can share. */
  nodes: Float64Array
  /** Lines may be joined, and count as duplicates of each other, only when their keys are equal. */
  keys: Int32Array
  /** 1 = the direction means something (oneway, river): never reversed, joined only head to tail. */
  directed?: Uint8Array
  /**
   * Source id per path. Ties go to the lowest id and the result is ordered by it, so that the order of the paths does
   * not matter (paths of equal id: the earlier one). Without it ties go to the earlier path.
   */
  ids?: Float64Array
  /** `indexNodes` of the nodes, when the caller has it: numbers may go on beyond these lines. */
  index?: NodeIndex
  /** False only drops repeated segments. */
  join?: boolean
}

export interface JoinedLines {
  paths: Paths
  nodes: Float64Array
  /** Beside `nodes`: their dense numbers. */
  index: Int32Array
  keys: Int32Array
  /** Source paths of joined line i: `members[memberOffsets[i]] … members[memberOffsets[i + 1] - 1]`, along the line. */
  memberOffsets: Uint32Array
  members: Uint32Array
  /** Beside `members`: 1 where the source path runs against the joined line. */
  reversed: Uint8Array
  /** Segments dropped because an equal-key line already draws them, forward or backward. */
  duplicateSegments: number
}

/** Runs of consecutive kept segments of one path: the pieces that are joined. Vertex numbers are the network's. */
interface Pieces {
  first: Int32Array
  last: Int32Array
  path: Int32Array
  count: number
}

/** De-duplicates segments, then joins lines of equal key where exactly two ends meet and nothing else passes. */
export function joinLines(network: LineNetwork): JoinedLines {
  const { index, count } = network.index ?? indexNodes(network.nodes)
  const degree = new Int32Array(count)
  const { pieces, duplicates } = cutPieces(network, index, degree)
  const partner = matchEnds(network, index, degree, pieces)
  return trace(network, index, pieces, partner, duplicates)
}

/** Keeps each undirected segment of a key once; counts how many kept segments touch each node. */
function cutPieces(
  { paths, keys, ids }: LineNetwork,
  index: Int32Array,
  degree: Int32Array,
): { pieces: Pieces; duplicates: number } {
  const { offsets } = paths
  const total = paths.coords.length / 2
  let bits = 4
  while (1 << bits < total * 2) bits++
  const mask = (1 << bits) - 1
  const table = new Int32Array(1 << bits)
  const low = new Int32Array(total + 1)
  const high = new Int32Array(total + 1)
  const key = new Int32Array(total + 1)
  let segments = 0
  let duplicates = 0
  const first = new Int32Array(total)
  const last = new Int32Array(total)
  const owner = new Int32Array(total)
  let count = 0
  const order = new Uint32Array(pathCount(paths))
  for (let i = 0; i < order.length; i++) order[i] = i
  if (ids) order.sort((i, j) => ids[i]! - ids[j]! || i - j)
  for (let rank = 0; rank < order.length; rank++) {
    const path = order[rank]!
    const k = keys[path]!
    let open = -1
    const end = offsets[path + 1]!
    for (let i = offsets[path]!; i + 1 < end; i++) {
      const a = index[i]!
      const b = index[i + 1]!
      if (a === b) continue
      const lo = Math.min(a, b)
      const hi = Math.max(a, b)
      let slot =
        (Math.imul(Math.imul(lo, 0x9e3779b1) ^ hi ^ Math.imul(k, 0x85ebca6b), 0xc2b2ae35) >>>
          (32 - bits)) &
        mask
      let entry = table[slot]!
      while (entry !== 0 && (low[entry] !== lo || high[entry] !== hi || key[entry] !== k)) {
        slot = (slot + 1) & mask
        entry = table[slot]!
      }
      if (entry !== 0) {
        duplicates++
        if (open >= 0) {
          last[count - 1] = i
          open = -1
        }
        continue
      }
      segments++
      table[slot] = segments
      low[segments] = lo
      high[segments] = hi
      key[segments] = k
      degree[a]!++
      degree[b]!++
      if (open < 0) {
        open = i
        first[count] = i
        owner[count] = path
        count++
      }
      last[count - 1] = i + 1
    }
  }
  return { pieces: { first, last, path: owner, count }, duplicates }
}

/**
 * For each piece end (2 · piece for its start, 2 · piece + 1 for its end) the end it continues into, or -1.
 * A node joins when two kept segments touch it and both belong to piece ends of one key that may be joined.
 */
function matchEnds(
  { keys, directed, join }: LineNetwork,
  index: Int32Array,
  degree: Int32Array,
  pieces: Pieces,
): Int32Array {
  const waiting = new Int32Array(degree.length).fill(-1)
  const partner = new Int32Array(2 * pieces.count).fill(-1)
  for (let end = 0; join !== false && end < 2 * pieces.count; end++) {
    const piece = end >> 1
    const node = index[end & 1 ? pieces.last[piece]! : pieces.first[piece]!]!
    if (degree[node] !== 2) continue
    const other = waiting[node]!
    if (other < 0) {
      waiting[node] = end
      continue
    }
    const path = pieces.path[piece]!
    const otherPath = pieces.path[other >> 1]!
    if (keys[path] !== keys[otherPath]) continue
    const fixed = directed?.[path] === 1
    if (fixed !== (directed?.[otherPath] === 1)) continue
    if (fixed && (end & 1) === (other & 1)) continue
    partner[end] = other
    partner[other] = end
  }
  return partner
}

/** Walks the chains of joined pieces; open ones from their free end, then the loops. */
function trace(
  { paths, nodes, keys }: LineNetwork,
  index: Int32Array,
  pieces: Pieces,
  partner: Int32Array,
  duplicateSegments: number,
): JoinedLines {
  const total = paths.coords.length / 2
  const coords = new Float64Array(2 * (total + pieces.count))
  const outNodes = new Float64Array(total + pieces.count)
  const outIndex = new Int32Array(total + pieces.count)
  const z = paths.z ? new Float64Array(total + pieces.count) : null
  const offsets = [0]
  const outKeys: number[] = []
  const memberOffsets = [0]
  const members: number[] = []
  const reversed: number[] = []
  const done = new Uint8Array(pieces.count)
  const chain: number[] = []
  let at = 0
  let before = -1

  const put = (i: number): void => {
    // A node repeated in a row is one vertex.
    if (index[i] === before) return
    before = index[i]!
    coords[2 * at] = paths.coords[2 * i]!
    coords[2 * at + 1] = paths.coords[2 * i + 1]!
    outNodes[at] = nodes[i]!
    outIndex[at] = before
    if (z) z[at] = paths.z![i]!
    at++
  }
  /** Collects the chain that is entered at `entry` (a piece end): the ends at which each piece is entered. */
  const collect = (entry: number): void => {
    chain.length = 0
    let end = entry
    while (end >= 0 && done[end >> 1] === 0) {
      done[end >> 1] = 1
      chain.push(end)
      end = partner[end ^ 1]!
    }
  }
  const emit = (): void => {
    // The earliest member keeps its own direction; so the result does not depend on where the walk began.
    let earliest = 0
    for (let i = 1; i < chain.length; i++) {
      if (chain[i]! >> 1 < chain[earliest]! >> 1) earliest = i
    }
    if (chain[earliest]! & 1) {
      chain.reverse()
      for (let i = 0; i < chain.length; i++) chain[i]! ^= 1
    }
    before = -1
    for (let i = 0; i < chain.length; i++) {
      const entry = chain[i]!
      const piece = entry >> 1
      const first = pieces.first[piece]!
      const last = pieces.last[piece]!
      if (entry & 1) for (let v = last; v >= first; v--) put(v)
      else for (let v = first; v <= last; v++) put(v)
      const path = pieces.path[piece]!
      if (
        members.length > memberOffsets.at(-1)! &&
        members.at(-1) === path &&
        reversed.at(-1) === (entry & 1)
      )
        continue
      members.push(path)
      reversed.push(entry & 1)
    }
    offsets.push(at)
    memberOffsets.push(members.length)
    outKeys.push(keys[pieces.path[chain[0]! >> 1]!]!)
  }

  for (let piece = 0; piece < pieces.count; piece++) {
    if (done[piece] === 1) continue
    if (partner[2 * piece] === -1) collect(2 * piece)
    else if (partner[2 * piece + 1] === -1) collect(2 * piece + 1)
    else continue
    emit()
  }
  for (let piece = 0; piece < pieces.count; piece++) {
    if (done[piece] === 1) continue
    collect(2 * piece)
    emit()
  }
  const result: JoinedLines = {
    paths: { coords: coords.slice(0, 2 * at), offsets: Uint32Array.from(offsets) },
    nodes: outNodes.slice(0, at),
    index: outIndex.slice(0, at),
    keys: Int32Array.from(outKeys),
    memberOffsets: Uint32Array.from(memberOffsets),
    members: Uint32Array.from(members),
    reversed: Uint8Array.from(reversed),
    duplicateSegments,
  }
  if (z) result.paths.z = z.slice(0, at)
  return result
}

/**
 * One mark per vertex: 1 where it must stay for the network's sake: line ends, and nodes that more than one line
 * (or one line twice) uses. `paths` may hold lines and rings of all kinds that share the same node ids.
 */
export function junctionMask(paths: Paths, nodes: Float64Array): Uint8Array {
  const { index, count } = indexNodes(nodes)
  const uses = new Uint8Array(count)
  countNodeUses(paths, index, uses)
  return meetingMask(paths, index, uses)
}

/** Adds up to two uses of each node (dense number) by paths; a ring's closing vertex is its first one again, no second use. */
export function countNodeUses({ offsets }: Paths, index: Int32Array, uses: Uint8Array): void {
  for (let path = 0; path + 1 < offsets.length; path++) {
    const start = offsets[path]!
    const end = offsets[path + 1]!
    for (let i = start; i < end; i++) {
      const node = index[i]!
      if (i === end - 1 && i > start && node === index[start]) continue
      if (uses[node]! < 2) uses[node]!++
    }
  }
}

/** `junctionMask` for a part of the paths whose uses were counted together. */
export function meetingMask({ offsets }: Paths, index: Int32Array, uses: Uint8Array): Uint8Array {
  const mask = new Uint8Array(index.length)
  for (let i = 0; i < index.length; i++) if (uses[index[i]!] === 2) mask[i] = 1
  for (let path = 0; path + 1 < offsets.length; path++) {
    if (offsets[path] === offsets[path + 1]) continue
    mask[offsets[path]!] = 1
    mask[offsets[path + 1]! - 1] = 1
  }
  return mask
}
