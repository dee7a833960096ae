// Node ids for lines that have none: vertices nearer than a tolerance become one node, line ends that almost touch
// another line are led onto it. No chains: a vertex never moves further than the tolerance.
import type { Paths } from './paths.ts'
import { pathCount } from './paths.ts'
import { SegmentGrid } from './segment-grid.ts'

export interface Snapped {
  /** The same lines; snapped vertices share exactly one position. A line may have gained vertices. */
  paths: Paths
  /** Node number per vertex, for topology.ts. */
  nodes: Float64Array
  /** Input vertex of each output vertex; -1 for one that was put into a line where another ends. */
  vertex: Int32Array
  moved: number
  splits: number
}

/** Visits vertices from the south-west, so that the order of the input does not matter. Coordinates must be finite. */
export function snapVertices(paths: Paths, toleranceMeters: number): Snapped {
  const clusters = cluster(paths.coords, toleranceMeters)
  const coords = new Float64Array(paths.coords.length)
  let moved = 0
  for (let i = 0; i < clusters.node.length; i++) {
    const center = clusters.center[clusters.node[i]!]!
    coords[2 * i] = paths.coords[2 * center]!
    coords[2 * i + 1] = paths.coords[2 * center + 1]!
    if (coords[2 * i] !== paths.coords[2 * i] || coords[2 * i + 1] !== paths.coords[2 * i + 1])
      moved++
  }
  const snapped: Paths = { coords, offsets: paths.offsets }
  if (paths.z) snapped.z = paths.z
  const inserts = findInserts(snapped, clusters.node, toleranceMeters)
  return splitLines(snapped, clusters, inserts, moved)
}

interface Clusters {
  /** Cluster of each vertex. */
  node: Int32Array
  /** Vertex at which each cluster stands. */
  center: number[]
}

/** Greedy clusters: a vertex joins the nearest centre within the tolerance, or becomes a centre. Grid hashing. */
function cluster(coords: Float64Array, tolerance: number): Clusters {
  const total = coords.length / 2
  const cell = Math.max(tolerance, 1e-9)
  const order = Uint32Array.from({ length: total }, (_, i) => i).sort(
    (i, j) => coords[2 * i]! - coords[2 * j]! || coords[2 * i + 1]! - coords[2 * j + 1]! || i - j,
  )
  let bits = 4
  while (1 << bits < total * 2) bits++
  const heads = new Int32Array(1 << bits).fill(-1)
  const slotOf = (column: number, row: number): number =>
    Math.imul(Math.imul(column | 0, 0x9e3779b1) ^ (row | 0), 0x85ebca6b) >>> (32 - bits)
  const node = new Int32Array(total)
  const center: number[] = []
  const chain: number[] = []
  for (const i of order) {
    const x = coords[2 * i]!
    const y = coords[2 * i + 1]!
    const column = Math.floor(x / cell)
    const row = Math.floor(y / cell)
    let best = -1
    let nearest = tolerance
    for (let c = column - 1; c <= column + 1; c++) {
      for (let r = row - 1; r <= row + 1; r++) {
        for (let k = heads[slotOf(c, r)]!; k >= 0; k = chain[k]!) {
          const j = center[k]!
          const away = Math.hypot(coords[2 * j]! - x, coords[2 * j + 1]! - y)
          if (away < nearest || (away === nearest && (best < 0 || k < best))) {
            nearest = away
            best = k
          }
        }
      }
    }
    if (best < 0) {
      best = center.length
      center.push(i)
      const slot = slotOf(column, row)
      chain.push(heads[slot]!)
      heads[slot] = best
    }
    node[i] = best
  }
  return { node, center }
}

/** An end that must be put into a segment: position `t` along the segment that starts at `segment`. */
interface Insert {
  segment: number
  t: number
  /** The line end whose node and position the new vertex takes. */
  end: number
}

/** Line ends whose node no other vertex shares and that lie within the tolerance of another segment's inside. */
function findInserts(paths: Paths, node: Int32Array, tolerance: number): Insert[] {
  const { coords, offsets } = paths
  const uses = new Uint32Array(node.length + 1)
  for (let i = 0; i < node.length; i++) uses[node[i]!]!++
  const inserts: Insert[] = []
  const grid = new SegmentGrid(paths)
  for (let path = 0; path < pathCount(paths); path++) {
    const first = offsets[path]!
    const last = offsets[path + 1]! - 1
    for (const end of last > first ? [first, last] : []) {
      if (uses[node[end]!] !== 1) continue
      const x = coords[2 * end]!
      const y = coords[2 * end + 1]!
      let best: Insert | null = null
      let nearest = tolerance
      grid.near(x, y, x, y, tolerance, (segment) => {
        if (segment === end || segment + 1 === end) return
        const ax = coords[2 * segment]!
        const ay = coords[2 * segment + 1]!
        const dx = coords[2 * segment + 2]! - ax
        const dy = coords[2 * segment + 3]! - ay
        const square = dx * dx + dy * dy
        if (square === 0) return
        const t = ((x - ax) * dx + (y - ay) * dy) / square
        if (!(t > 0 && t < 1)) return
        const away = Math.hypot(ax + t * dx - x, ay + t * dy - y)
        if (away < nearest || (away === nearest && (best === null || segment < best.segment))) {
          nearest = away
          best = { segment, t, end }
        }
      })
      if (best !== null) inserts.push(best)
    }
  }
  return inserts.sort(
    (one, other) => one.segment - other.segment || one.t - other.t || one.end - other.end,
  )
}

/** The lines with the new vertices; the other line is bent onto the end, by at most the tolerance. */
function splitLines(paths: Paths, clusters: Clusters, inserts: Insert[], moved: number): Snapped {
  const { coords, offsets, z } = paths
  const total = coords.length / 2 + inserts.length
  const result: Snapped = {
    paths: { coords: new Float64Array(2 * total), offsets: new Uint32Array(offsets.length) },
    nodes: new Float64Array(total),
    vertex: new Int32Array(total),
    moved,
    splits: inserts.length,
  }
  if (z) result.paths.z = new Float64Array(total)
  let at = 0
  let next = 0
  for (let path = 0; path < pathCount(paths); path++) {
    result.paths.offsets[path] = at
    for (let i = offsets[path]!; i < offsets[path + 1]!; i++) {
      place(i, i, z?.[i])
      while (next < inserts.length && inserts[next]!.segment === i) {
        const { end, t } = inserts[next++]!
        place(end, -1, z ? z[i]! + t * (z[i + 1]! - z[i]!) : undefined)
      }
    }
  }
  result.paths.offsets[offsets.length - 1] = at
  return result

  function place(from: number, source: number, height: number | undefined): void {
    result.paths.coords[2 * at] = coords[2 * from]!
    result.paths.coords[2 * at + 1] = coords[2 * from + 1]!
    result.nodes[at] = clusters.node[from]!
    result.vertex[at] = source
    if (result.paths.z) result.paths.z[at] = height ?? Number.NaN
    at++
  }
}
