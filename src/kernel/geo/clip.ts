// Cuts lines to a region exactly, segment by segment. Rings are cut in clip-rings.ts.
import type { Paths } from './paths.ts'
import { pathCount } from './paths.ts'
import type { Region } from './region.ts'
import { allInside, regionContains } from './region.ts'
import { type Clipped, VertexSink } from './vertex-sink.ts'

/** Cut positions 0…1 along one segment, in pairs (enter, leave); filled by `insideIntervals`. */
const cuts: number[] = []

/**
 * The parts of the lines inside the region. A line that leaves and comes back gives several paths with the same parent.
 * Heights are interpolated. A vertex made on a circle is within 1e-6 m of it. A vertex with NaN cuts the line there.
 */
export function clipLines(paths: Paths, region: Region): Clipped {
  const { coords, offsets } = paths
  const sink = new VertexSink(paths)
  for (let path = 0; path < pathCount(paths); path++) {
    const start = offsets[path]!
    const end = offsets[path + 1]!
    if (region.kind !== 'polygon' && allInside(coords, start, end, region)) {
      if (end - start > 1) sink.copy(paths, path)
      continue
    }
    let open = false
    for (let i = start; i + 1 < end; i++) {
      insideIntervals(
        region,
        coords[2 * i]!,
        coords[2 * i + 1]!,
        coords[2 * i + 2]!,
        coords[2 * i + 3]!,
      )
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
  let x = coords[2 * i]! + t * (coords[2 * i + 2]! - coords[2 * i]!)
  let y = coords[2 * i + 1]! + t * (coords[2 * i + 3]! - coords[2 * i + 1]!)
  if (region.kind === 'circle') {
    // Rounding may leave the point a hair outside: pull it onto the circle.
    const dx = x - region.x
    const dy = y - region.y
    const scale = region.radius / Math.sqrt(dx * dx + dy * dy)
    x = region.x + dx * scale
    y = region.y + dy * scale
  }
  sink.put(x, y, z ? z[i]! + t * (z[i + 1]! - z[i]!) : 0, -1)
}

/** Fills `cuts` with the parts of segment a-b inside the region, as parameters in order. */
function insideIntervals(region: Region, ax: number, ay: number, bx: number, by: number): void {
  cuts.length = 0
  if (!(Number.isFinite(ax + ay) && Number.isFinite(bx + by))) return
  if (region.kind === 'circle') circleInterval(region, ax, ay, bx, by)
  else if (region.kind === 'box') boxInterval(region, ax, ay, bx, by)
  else polygonIntervals(region.ring, ax, ay, bx, by)
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
  const root = b * b - a * (px * px + py * py - limit)
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
function polygonIntervals(
  ring: Float64Array,
  ax: number,
  ay: number,
  bx: number,
  by: number,
): void {
  const crossings = [0, 1]
  const dx = bx - ax
  const dy = by - ay
  for (let i = 0; i + 3 < ring.length; i += 2) {
    const ex = ring[i + 2]! - ring[i]!
    const ey = ring[i + 3]! - ring[i + 1]!
    const cross = dx * ey - dy * ex
    if (cross === 0) continue
    const px = ring[i]! - ax
    const py = ring[i + 1]! - ay
    const t = (px * ey - py * ex) / cross
    const u = (px * dy - py * dx) / cross
    if (t > 0 && t < 1 && u >= 0 && u <= 1) crossings.push(t)
  }
  crossings.sort((one, other) => one - other)
  const region: Region = { kind: 'polygon', ring }
  for (let k = 0; k + 1 < crossings.length; k++) {
    const enter = crossings[k]!
    const leave = crossings[k + 1]!
    if (!(leave > enter)) continue
    const middle = (enter + leave) / 2
    if (!regionContains(region, ax + middle * dx, ay + middle * dy)) continue
    if (cuts.at(-1) === enter) cuts[cuts.length - 1] = leave
    else cuts.push(enter, leave)
  }
}
