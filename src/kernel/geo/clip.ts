// Cuts lines to a region exactly, segment by segment. Rings are cut in clip-rings.ts.
import type { Paths } from './paths.ts'
import { pathCount } from './paths.ts'
import { PolygonIndex } from './polygon-index.ts'
import type { Region } from './region.ts'
import { allInside, pullInside, requireRegion } from './region.ts'
import { type Clipped, VertexSink } from './vertex-sink.ts'

/** Cut positions 0…1 along one segment, in pairs (enter, leave); filled by `Cutter.cut`. */
const cuts: number[] = []
const made = new Float64Array(2)

/**
 * The parts of the lines inside the region. A line that leaves and comes back gives several paths with the same parent.
 * Heights are interpolated. No vertex lies outside: those made on a circle are at most a few nanometres inside it, those
 * on a polygon are exact to the rounding of doubles. A vertex with NaN cuts the line there.
 * @throws AppError GEOMETRY_INVALID when the region is no area.
 */
export function clipLines(paths: Paths, region: Region): Clipped {
  requireRegion(region)
  const { coords, offsets } = paths
  const sink = new VertexSink(paths)
  const cut = createCutter(region)
  for (let path = 0; path < pathCount(paths); path++) {
    const start = offsets[path]!
    const end = offsets[path + 1]!
    if (region.kind !== 'polygon' && allInside(coords, start, end, region)) {
      if (end - start > 1) sink.copy(paths, path)
      continue
    }
    let open = false
    let fresh = true
    for (let i = start; i + 1 < end; i++) {
      cuts.length = 0
      const ax = coords[2 * i]!
      const ay = coords[2 * i + 1]!
      const bx = coords[2 * i + 2]!
      const by = coords[2 * i + 3]!
      const finite = Number.isFinite(ax + ay) && Number.isFinite(bx + by)
      if (finite) cut(ax, ay, bx, by, fresh)
      fresh = !finite
      if (cuts.length === 0 || cuts[0]! > 0) {
        if (open) sink.close(path)
        open = false
      }
      for (let k = 0; k < cuts.length; k += 2) {
        if (!open) putAt(sink, paths, i, cuts[k]!, region)
        putAt(sink, paths, i, cuts[k + 1]!, region)
        open = cuts[k + 1] === 1
        if (!open) sink.close(path)
      }
    }
    if (open) sink.close(path)
  }
  return sink.done()
}

/** Puts the point at `t` of the segment that starts at vertex `i`. */
function putAt(sink: VertexSink, { coords, z }: Paths, i: number, t: number, region: Region): void {
  if (t === 0 || t === 1) {
    const v = i + t
    sink.put(coords[2 * v]!, coords[2 * v + 1]!, z ? z[v]! : 0, v)
    return
  }
  const x = coords[2 * i]! + t * (coords[2 * i + 2]! - coords[2 * i]!)
  const y = coords[2 * i + 1]! + t * (coords[2 * i + 3]! - coords[2 * i + 1]!)
  pullInside(region, x, y, made)
  sink.put(made[0]!, made[1]!, z ? z[i]! + t * (z[i + 1]! - z[i]!) : 0, -1)
}

/** Fills `cuts` with the parts of segment a-b inside the region; `first` where no segment came just before. */
type Cutter = (ax: number, ay: number, bx: number, by: number, first: boolean) => void

function createCutter(region: Region): Cutter {
  if (region.kind === 'circle') return (ax, ay, bx, by) => circleInterval(region, ax, ay, bx, by)
  if (region.kind === 'box') return (ax, ay, bx, by) => boxInterval(region, ax, ay, bx, by)
  return polygonCutter(new PolygonIndex(region.ring))
}

function circleInterval(
  circle: { x: number; y: number; radius: number },
  ax: number,
  ay: number,
  bx: number,
  by: number,
): void {
  const px = ax - circle.x
  const py = ay - circle.y
  const dx = bx - ax
  const dy = by - ay
  const limit = circle.radius * circle.radius
  const startsInside = px * px + py * py <= limit
  const qx = bx - circle.x
  const qy = by - circle.y
  const endsInside = qx * qx + qy * qy <= limit
  if (startsInside && endsInside) {
    cuts.push(0, 1)
    return
  }
  const a = dx * dx + dy * dy
  const b = px * dx + py * dy
  // The discriminant by the distance of the centre from the line: no cancellation for long segments.
  const across = px * dy - py * dx
  const root = a * limit - across * across
  if (!(root > 0)) return
  const half = Math.sqrt(root)
  const enter = startsInside ? 0 : (-b - half) / a
  const leave = endsInside ? 1 : (-b + half) / a
  if (enter < leave && enter < 1 && leave > 0) cuts.push(Math.max(0, enter), Math.min(1, leave))
}

/** Liang–Barsky. */
function boxInterval(
  { bbox }: { bbox: { west: number; south: number; east: number; north: number } },
  ax: number,
  ay: number,
  bx: number,
  by: number,
): void {
  let enter = 0
  let leave = 1
  const dx = bx - ax
  const dy = by - ay
  for (let side = 0; side < 4; side++) {
    const p = side === 0 ? -dx : side === 1 ? dx : side === 2 ? -dy : dy
    const q =
      side === 0
        ? ax - bbox.west
        : side === 1
          ? bbox.east - ax
          : side === 2
            ? ay - bbox.south
            : bbox.north - ay
    if (p === 0) {
      if (q < 0) return
    } else if (p < 0) enter = Math.max(enter, q / p)
    else leave = Math.min(leave, q / p)
  }
  if (enter < leave || (enter === leave && dx === 0 && dy === 0)) cuts.push(enter, leave)
}

/** All crossings with the ring's edges in order; a part counts when its middle lies inside. */
function polygonCutter(index: PolygonIndex): Cutter {
  const crossings: number[] = []
  /** Whether the end of the segment before lies inside; only asked when no edge is near, so it is never on the edge. */
  let inside = false
  let known = false
  return (ax, ay, bx, by, first) => {
    crossings.length = 0
    crossings.push(0, 1)
    const near = index.crossings(ax, ay, bx, by, crossings)
    if (!near) {
      if (first || !known) inside = index.contains(ax, ay)
      known = true
      if (inside) cuts.push(0, 1)
      return
    }
    known = false
    crossings.sort((one, other) => one - other)
    for (let k = 0; k + 1 < crossings.length; k++) {
      const enter = crossings[k]!
      const leave = crossings[k + 1]!
      if (!(leave > enter)) continue
      const middle = (enter + leave) / 2
      if (!index.contains(ax + middle * (bx - ax), ay + middle * (by - ay))) continue
      if (cuts.at(-1) === enter) cuts[cuts.length - 1] = leave
      else cuts.push(enter, leave)
    }
  }
}
