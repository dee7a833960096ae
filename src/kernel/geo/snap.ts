// Node ids for lines that have none: vertices nearer than a tolerance become one node, line ends that almost touch
// another line are led onto it. No chains: a vertex never moves further than the tolerance.
import { AppError } from '../../base/errors.ts'
import { requireFinite } from './finite.ts'
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

/** Rounds of leading ends onto lines; one is nearly always enough, the rest is for lines that were bent by the first. */
const MAX_ROUNDS = 8
/** Segments looked at around line ends in one round, a second or two: only where most lines lie across most others are there more. */
const MOST_LOOKS = 20_000_000

/**
 * Visits vertices from the south-west, so that the order of the input does not matter. Snapping again changes nothing.
 * Lines may come out with repeated vertices or without length: `prunePaths` removes those.
 * @throws AppError GEOMETRY_INVALID for coordinates or a tolerance that are not finite, a tolerance below zero, or so many
 * long lines across one another that the search for ends near lines would not end.
 */
export function snapVertices(paths: Paths, toleranceMeters: number): Snapped {
  if (!(toleranceMeters >= 0 && toleranceMeters < Number.POSITIVE_INFINITY)) {
    throw new AppError(
      'GEOMETRY_INVALID',
      `A snapping tolerance of ${toleranceMeters} m makes no sense. Give metres, zero or more.`,
      { data: { toleranceMeters } },
    )
  }
  requireFinite(paths.coords, 'snapping')
  const clusters = cluster(paths.coords, toleranceMeters)
  const total = clusters.node.length
  const coords = new Float64Array(2 * total)
  const vertex = new Int32Array(total)
  let moved = 0
  for (let i = 0; i < total; i++) {
    const center = clusters.center[clusters.node[i]!]!
    coords[2 * i] = paths.coords[2 * center]!
    coords[2 * i + 1] = paths.coords[2 * center + 1]!
    vertex[i] = i
    if (coords[2 * i] !== paths.coords[2 * i] || coords[2 * i + 1] !== paths.coords[2 * i + 1])
      moved++
  }
  let snapped: Snapped = {
    paths: { coords, offsets: paths.offsets },
    nodes: Float64Array.from(clusters.node),
    vertex,
    moved,
    splits: 0,
  }
  if (paths.z) snapped.paths.z = paths.z
  // At tolerance zero only vertices in the same place are one; nothing is led anywhere.
  for (let round = 0; toleranceMeters > 0 && round < MAX_ROUNDS; round++) {
    const inserts = findInserts(snapped, toleranceMeters)
    if (inserts.length === 0) break
    snapped = splitLines(snapped, inserts)
  }
  return snapped
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
  // Not below a billionth of the coordinates' size, so that cell numbers stay exact integers.
  let largest = 1
  for (let i = 0; i < coords.length; i++) largest = Math.max(largest, Math.abs(coords[i]!))
  const cell = Math.max(tolerance, largest * 1e-12)
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

/** Line ends, and the lines whose inside passes within the tolerance of them without having their node yet. */
function findInserts({ paths, nodes }: Snapped, tolerance: number): Insert[] {
  const { coords, offsets } = paths
  const owner = new Uint32Array(nodes.length)
  for (let path = 0; path < pathCount(paths); path++)
    owner.fill(path, offsets[path]!, offsets[path + 1]!)
  const inserts: Insert[] = []
  let looks = 0
  /** How often each node stands in a path; filled only for paths that are touched. */
  const counts = new Map<number, Map<number, number>>()
  const countsOf = (path: number): Map<number, number> => {
    let known = counts.get(path)
    if (known === undefined) {
      known = new Map()
      for (let i = offsets[path]!; i < offsets[path + 1]!; i++)
        known.set(nodes[i]!, (known.get(nodes[i]!) ?? 0) + 1)
      counts.set(path, known)
    }
    return known
  }
  const grid = new SegmentGrid(paths)
  /** Each node is looked around once, however many lines end there. */
  const done = new Set<number>()
  const endsOf = (path: number, node: number): boolean =>
    nodes[offsets[path]!] === node || nodes[offsets[path + 1]! - 1] === node
  for (let path = 0; path < pathCount(paths); path++) {
    const first = offsets[path]!
    const last = offsets[path + 1]! - 1
    for (const end of last > first ? [first, last] : []) {
      const node = nodes[end]!
      if (done.has(node)) continue
      done.add(node)
      const x = coords[2 * end]!
      const y = coords[2 * end + 1]!
      const touched: (Insert & { away: number })[] = []
      grid.near(x, y, x, y, tolerance, (segment) => {
        looks++
        if (nodes[segment] === node || nodes[segment + 1] === node) return
        const ax = coords[2 * segment]!
        const ay = coords[2 * segment + 1]!
        const dx = coords[2 * segment + 2]! - ax
        const dy = coords[2 * segment + 3]! - ay
        const square = dx * dx + dy * dy
        if (square === 0) return
        const t = ((x - ax) * dx + (y - ay) * dy) / square
        if (!(t > 0 && t < 1)) return
        const away = Math.hypot(ax + t * dx - x, ay + t * dy - y)
        if (away <= tolerance) touched.push({ segment, t, end, away })
      })
      if (looks > MOST_LOOKS) {
        throw new AppError(
          'GEOMETRY_INVALID',
          'Too many long lines lie across one another to lead line ends onto them. Snap with tolerance 0, or send fewer lines.',
        )
      }
      // Every line that passes, each at its nearest segment only: two would make a beak.
      touched.sort((one, other) => one.away - other.away || one.segment - other.segment)
      for (const { segment, t } of touched) {
        const passing = owner[segment]!
        const known = countsOf(passing)
        const count = known.get(node) ?? 0
        if (count > (endsOf(passing, node) ? 1 : 0)) continue
        known.set(node, count + 1)
        inserts.push({ segment, t, end })
      }
    }
  }
  // By place, not by number, where two ends stand at one height beside the segment.
  return inserts.sort(
    (one, other) =>
      one.segment - other.segment ||
      one.t - other.t ||
      coords[2 * one.end]! - coords[2 * other.end]! ||
      coords[2 * one.end + 1]! - coords[2 * other.end + 1]!,
  )
}

/** The lines with the new vertices; the other line is bent onto the end, by at most the tolerance. */
function splitLines(before: Snapped, inserts: Insert[]): Snapped {
  const { coords, offsets, z } = before.paths
  const total = coords.length / 2 + inserts.length
  const result: Snapped = {
    paths: { coords: new Float64Array(2 * total), offsets: new Uint32Array(offsets.length) },
    nodes: new Float64Array(total),
    vertex: new Int32Array(total),
    moved: before.moved,
    splits: before.splits + inserts.length,
  }
  if (z) result.paths.z = new Float64Array(total)
  let at = 0
  let next = 0
  for (let path = 0; path + 1 < offsets.length; path++) {
    result.paths.offsets[path] = at
    for (let i = offsets[path]!; i < offsets[path + 1]!; i++) {
      place(i, before.vertex[i]!, z?.[i])
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
    result.nodes[at] = before.nodes[from]!
    result.vertex[at] = source
    if (result.paths.z) result.paths.z[at] = height ?? Number.NaN
    at++
  }
}
