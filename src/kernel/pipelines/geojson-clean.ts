// The cleaning steps a person may ask for, on the points, lines and rings of a document in metres. What is not asked for is
// not done, but for vertices repeated exactly in place.
import type { GeojsonPart } from '../formats/geojson-read.ts'
import { concatPaths } from '../geo/concat-paths.ts'
import { indexNodes } from '../geo/node-index.ts'
import type { Paths } from '../geo/paths.ts'
import { pathCount } from '../geo/paths.ts'
import { prunePaths } from '../geo/prune.ts'
import { selectVertices } from '../geo/simplify.ts'
import { keptSharedVertices } from '../geo/simplify-shared.ts'
import { snapVertices } from '../geo/snap.ts'
import { joinLines } from '../geo/topology.ts'
import type { GeojsonSiteParams } from './geojson-params.ts'

/** A path of the drawing and the features of the document it was made from. */
export interface CleanPart extends GeojsonPart {
  /** Further features that were joined into it, ascending; null when none. */
  merged: number[] | null
}

export interface CleanContent {
  /** As many as paths, in the order of the document. */
  parts: CleanPart[]
  paths: Paths
  moved: number
  splits: number
  duplicates: number
  spikes: number
  repeated: number
  /** Paths left out because the system has no place for one of their vertices: they lie on another side of the Earth. */
  outside: number
}

/** A spike's two legs lie no further apart. */
const SPIKE_METERS = 0.001

type Steps = Pick<
  GeojsonSiteParams,
  | 'snapToleranceMeters'
  | 'removeDuplicates'
  | 'joinLines'
  | 'removeSpikes'
  | 'simplifyToleranceMeters'
  | 'simplifyMethod'
>

/** Points, or lines, or rings on their way through the steps. */
interface Work {
  paths: Paths
  nodes: Float64Array
  parts: CleanPart[]
  /** Path number in the document: the order of the result. */
  order: number[]
}

/**
 * `keyOf` tells what two parts must have in common to count as the same thing. Snapping comes first, so that everything after it
 * sees the same nodes; spikes go before joining, simplification comes last.
 */
export function cleanParts(
  content: { parts: readonly GeojsonPart[]; paths: Paths },
  keyOf: (part: GeojsonPart) => string,
  steps: Steps,
): CleanContent {
  const inside = placed(content)
  const { parts } = inside
  const result: CleanContent = {
    ...inside,
    outside: content.parts.length - parts.length,
    moved: 0,
    splits: 0,
    duplicates: 0,
    spikes: 0,
    repeated: 0,
  }
  const needsNodes =
    steps.snapToleranceMeters > 0 ||
    steps.removeDuplicates ||
    steps.joinLines ||
    steps.removeSpikes ||
    steps.simplifyToleranceMeters > 0
  let nodes: Float64Array = new Float64Array(0)
  if (needsNodes) {
    const snapped = snapVertices(inside.paths, steps.snapToleranceMeters)
    result.paths = snapped.paths
    result.moved = snapped.moved
    result.splits = snapped.splits
    nodes = snapped.nodes
  } else if (!hasRepeats(inside.paths)) return result
  else nodes = new Float64Array(inside.paths.coords.length / 2).fill(Number.NaN)

  const all: Work = { paths: result.paths, nodes, parts, order: parts.map((_, i) => i) }
  let points = pick(all, (part) => part.kind === 'point')
  let shapes = prune(
    pick(all, (part) => part.kind !== 'point'),
    0,
    result,
  )
  // A spike may leave its base twice in one place; spikes on spikes need another look.
  while (steps.removeSpikes) {
    const before = result.spikes
    shapes = prune(prune(shapes, SPIKE_METERS, result), 0, result)
    if (result.spikes === before) break
  }
  if (steps.removeDuplicates || steps.joinLines) {
    points = uniquePoints(points, keyOf, result)
    const rings = pick(shapes, (part) => part.kind === 'ring')
    const lines = pick(shapes, (part) => part.kind === 'line')
    shapes = together(joinWork(lines, keyOf, steps.joinLines, result), rings)
  }
  if (steps.simplifyToleranceMeters > 0) {
    const kept = keptSharedVertices(
      shapes.paths,
      shapes.nodes,
      steps.simplifyToleranceMeters,
      steps.simplifyMethod,
    )
    shapes = { ...shapes, paths: selectVertices(shapes.paths, kept) }
  }
  const { parts: ordered, paths } = inOrder(together(points, shapes))
  return { ...result, parts: ordered, paths }
}

/** What the projection has an answer for; a polygon goes with all of its rings. */
function placed({ parts, paths }: { parts: readonly GeojsonPart[]; paths: Paths }): {
  parts: CleanPart[]
  paths: Paths
} {
  const all = parts.map((part): CleanPart => ({ ...part, merged: null }))
  if (paths.coords.every(Number.isFinite)) return { parts: all, paths }
  const lost = new Set<CleanPart>()
  const polygons = new Set<number>()
  for (const [i, part] of all.entries()) {
    const vertices = paths.coords.subarray(2 * paths.offsets[i]!, 2 * paths.offsets[i + 1]!)
    if (vertices.every(Number.isFinite)) continue
    lost.add(part)
    if (part.polygon >= 0) polygons.add(part.polygon)
  }
  const work = { paths, nodes: new Float64Array(0), parts: all, order: all.map((_, i) => i) }
  return pick(work, (part) => !lost.has(part) && !polygons.has(part.polygon))
}

function hasRepeats({ coords, z, offsets }: Paths): boolean {
  for (let path = 0; path + 1 < offsets.length; path++) {
    for (let i = offsets[path]! + 1; i < offsets[path + 1]!; i++) {
      if (coords[2 * i] !== coords[2 * i - 2] || coords[2 * i + 1] !== coords[2 * i - 1]) continue
      if (z === undefined || Object.is(z[i], z[i - 1])) return true
    }
  }
  return false
}

function pick({ paths, nodes, parts, order }: Work, wanted: (part: CleanPart) => boolean): Work {
  const chosen = order.map((_, i) => i).filter((i) => wanted(parts[i]!))
  const offsets = [0]
  for (const i of chosen) offsets.push(offsets.at(-1)! + paths.offsets[i + 1]! - paths.offsets[i]!)
  const total = offsets.at(-1)!
  const out: Work = {
    paths: { coords: new Float64Array(2 * total), offsets: Uint32Array.from(offsets) },
    nodes: new Float64Array(total),
    parts: chosen.map((i) => parts[i]!),
    order: chosen.map((i) => order[i]!),
  }
  if (paths.z !== undefined) out.paths.z = new Float64Array(total)
  chosen.forEach((i, k) => {
    const [from, to] = [paths.offsets[i]!, paths.offsets[i + 1]!]
    out.paths.coords.set(paths.coords.subarray(2 * from, 2 * to), 2 * offsets[k]!)
    out.paths.z?.set(paths.z!.subarray(from, to), offsets[k]!)
    if (nodes.length > 0) out.nodes.set(nodes.subarray(from, to), offsets[k]!)
  })
  return out
}

function together(one: Work, other: Work): Work {
  const nodes = new Float64Array(one.nodes.length + other.nodes.length)
  nodes.set(one.nodes)
  nodes.set(other.nodes, one.nodes.length)
  return {
    paths: concatPaths([one.paths, other.paths]).paths,
    nodes,
    parts: [...one.parts, ...other.parts],
    order: [...one.order, ...other.order],
  }
}

function inOrder(work: Work): { parts: CleanPart[]; paths: Paths } {
  const ranks = work.order.map((_, i) => i).sort((i, j) => work.order[i]! - work.order[j]! || i - j)
  const sorted: Work = {
    ...work,
    order: ranks.map((i) => work.order[i]!),
    parts: ranks.map((i) => work.parts[i]!),
  }
  const { paths } = work
  const offsets = new Uint32Array(ranks.length + 1)
  const coords = new Float64Array(paths.coords.length)
  const z = paths.z === undefined ? undefined : new Float64Array(paths.z.length)
  let at = 0
  ranks.forEach((i, k) => {
    const [from, to] = [paths.offsets[i]!, paths.offsets[i + 1]!]
    coords.set(paths.coords.subarray(2 * from, 2 * to), 2 * at)
    z?.set(paths.z!.subarray(from, to), at)
    at += to - from
    offsets[k + 1] = at
  })
  return { parts: sorted.parts, paths: z ? { coords, z, offsets } : { coords, offsets } }
}

/** Without vertices repeated in place (a step in height there is kept) and, when asked for, without spikes. */
function prune(work: Work, spikeMeters: number, counts: CleanContent): Work {
  const keep = spikeMeters > 0 ? sharedVertices(work) : heightSteps(work.paths)
  const pruned = prunePaths(work.paths, { repeatMeters: 0, spikeMeters, keep })
  counts.spikes += pruned.removed.spikes
  counts.repeated += pruned.removed.repeated
  return {
    paths: pruned.paths,
    nodes: Float64Array.from(pruned.vertex, (v) => work.nodes[v]!),
    parts: Array.from(pruned.parent, (i) => work.parts[i]!),
    order: Array.from(pruned.parent, (i) => work.order[i]!),
  }
}

/** 1 where a vertex stands in the place of the one before or after, at another height. */
function heightSteps({ coords, z, offsets }: Paths): Uint8Array | null {
  if (z === undefined) return null
  const keep = new Uint8Array(z.length)
  for (let path = 0; path + 1 < offsets.length; path++) {
    for (let i = offsets[path]! + 1; i < offsets[path + 1]!; i++) {
      if (coords[2 * i] !== coords[2 * i - 2] || coords[2 * i + 1] !== coords[2 * i - 1]) continue
      if (!Object.is(z[i], z[i - 1])) keep[i] = keep[i - 1] = 1
    }
  }
  return keep
}

/** 1 where another path has the same node. */
function sharedVertices({ paths, nodes }: Work): Uint8Array {
  const { index, count } = indexNodes(nodes)
  const first = new Int32Array(count).fill(-1)
  const shared = new Uint8Array(count)
  for (let path = 0; path < pathCount(paths); path++) {
    for (let i = paths.offsets[path]!; i < paths.offsets[path + 1]!; i++) {
      const node = index[i]!
      if (first[node] === -1) first[node] = path
      else if (first[node] !== path) shared[node] = 1
    }
  }
  return Uint8Array.from(index, (node) => shared[node]!)
}

function uniquePoints(
  points: Work,
  keyOf: (part: GeojsonPart) => string,
  counts: CleanContent,
): Work {
  const seen = new Set<string>()
  let i = 0
  return pick(points, (part) => {
    const key = `${points.nodes[i++]!}\u0000${keyOf(part)}`
    if (seen.has(key)) {
      counts.duplicates++
      return false
    }
    seen.add(key)
    return true
  })
}

/** Lines without repeated stretches, joined when asked for. The earliest feature gives a joined line its attributes. */
function joinWork(
  lines: Work,
  keyOf: (part: GeojsonPart) => string,
  join: boolean,
  counts: CleanContent,
): Work {
  const numbers = new Map<string, number>()
  const keys = Int32Array.from(lines.parts, (part) => {
    const key = keyOf(part)
    const known = numbers.get(key) ?? numbers.size
    numbers.set(key, known)
    return known
  })
  const joined = joinLines({ paths: lines.paths, nodes: lines.nodes, keys, join })
  counts.duplicates += joined.duplicateSegments
  const parts: CleanPart[] = []
  const order: number[] = []
  for (let i = 0; i < pathCount(joined.paths); i++) {
    const members = joined.members.subarray(joined.memberOffsets[i]!, joined.memberOffsets[i + 1]!)
    let first = members[0]!
    for (const member of members) if (member < first) first = member
    const features = new Set(Array.from(members, (member) => lines.parts[member]!.feature))
    const own = lines.parts[first]!
    features.delete(own.feature)
    parts.push({
      ...own,
      merged: features.size === 0 ? null : [...features].sort((a, b) => a - b),
    })
    order.push(lines.order[first]!)
  }
  return { paths: joined.paths, nodes: joined.nodes, parts, order }
}
