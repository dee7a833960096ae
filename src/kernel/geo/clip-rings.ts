// Cuts closed lines to a region: what comes back is closed again along the region's edge. Rings wholly inside are passed
// on untouched; only those that cross the edge go through Clipper2 (integer coordinates of 0.1 mm about a local origin).
import { FillRule, intersect, type Path64, type Paths64 } from 'clipper2-ts'
import { AppError } from '../../base/errors.ts'
import type { Bbox } from './bbox.ts'
import { createOutlineHeights } from './edge-height.ts'
import { type Paths, pathCount } from './paths.ts'
import { PolygonIndex } from './polygon-index.ts'
import {
  allInside,
  pullInside,
  type Region,
  regionBbox,
  regionContains,
  regionRing,
  requireRegion,
} from './region.ts'
import { pointInRing, reverseVertices, signedArea } from './ring.ts'
import { type Clipped, VertexSink } from './vertex-sink.ts'

const UNITS_PER_METER = 10_000
/** The cut-out of the region is this much larger than the ring, so that their edges never coincide. */
const AROUND_UNITS = 100
/** Clipper multiplies coordinates: beyond this its integers would no longer be exact enough. */
const MAX_REACH_METERS = 1e8

/**
 * The rings inside the region; one that leaves and comes back may give several, each with the same parent. The
 * direction of each ring is kept, holes are cut like any ring. Heights are interpolated where the ring crosses the edge;
 * where only the region has a corner there is none (NaN). Rings with NaN or fewer than four vertices are left out.
 * @throws AppError GEOMETRY_INVALID when the region is no area, or when a ring that must be cut is larger than the Earth.
 */
export function clipRings(paths: Paths, region: Region): Clipped {
  requireRegion(region)
  const { coords, offsets, z } = paths
  const box = regionBbox(region)
  requireReach(Math.max(box.east - box.west, box.north - box.south) / 2)
  const edge = regionRing(region)
  const clip = new EdgeClip(region, edge)
  const index = region.kind === 'polygon' ? new PolygonIndex(edge) : null
  const sink = new VertexSink(paths)
  for (let path = 0; path < pathCount(paths); path++) {
    const start = offsets[path]!
    const end = offsets[path + 1]!
    if (end - start < 4 || !mayTouch(coords, start, end, box)) continue
    if (
      index === null
        ? allInside(coords, start, end, region)
        : isFarFromEdge(index, coords, start, end)
    ) {
      if (index === null || index.contains(coords[2 * start]!, coords[2 * start + 1]!)) {
        sink.copy(paths, path)
        continue
      }
      // Wholly outside, unless it runs around the region.
      if (!pointInRing(edge[0]!, edge[1]!, coords, start, end)) continue
    }
    const parts = clip.cut(coords, start, end)
    const heightAt =
      z && parts.length > 0
        ? createOutlineHeights(coords.subarray(2 * start, 2 * end), z.subarray(start, end))
        : null
    for (const part of parts) {
      for (let i = 0; i < part.vertex.length; i++) {
        const v = part.vertex[i]!
        const x = part.coords[2 * i]!
        const y = part.coords[2 * i + 1]!
        const height = !z || heightAt === null ? 0 : v < 0 ? heightAt(x, y) : z[v]!
        sink.put(x, y, height, v)
      }
      sink.close(path)
    }
  }
  return sink.done()
}

function requireReach(reachMeters: number): void {
  if (reachMeters <= MAX_REACH_METERS) return
  throw new AppError(
    'GEOMETRY_INVALID',
    'A ring or region reaches further than 100,000 km. Check that coordinates are metres of the right system.',
    { data: { reachMeters } },
  )
}

/** Whether no segment of the ring comes near the polygon's edge. */
function isFarFromEdge(
  index: PolygonIndex,
  coords: Float64Array,
  start: number,
  end: number,
): boolean {
  ignored.length = 0
  for (let i = start; i + 1 < end; i++) {
    if (
      index.crossings(
        coords[2 * i]!,
        coords[2 * i + 1]!,
        coords[2 * i + 2]!,
        coords[2 * i + 3]!,
        ignored,
      )
    )
      return false
  }
  return true
}
const ignored: number[] = []

/** Whether a ring's box meets the region's; false also for a ring with NaN. */
function mayTouch(coords: Float64Array, start: number, end: number, box: Bbox): boolean {
  let west = Number.POSITIVE_INFINITY
  let south = Number.POSITIVE_INFINITY
  let east = Number.NEGATIVE_INFINITY
  let north = Number.NEGATIVE_INFINITY
  for (let i = start; i < end; i++) {
    const x = coords[2 * i]!
    const y = coords[2 * i + 1]!
    if (!Number.isFinite(x + y)) return false
    if (x < west) west = x
    if (x > east) east = x
    if (y < south) south = y
    if (y > north) north = y
  }
  return !(west > box.east || east < box.west || south > box.north || north < box.south)
}

/** A box in Clipper's integers. */
interface Box64 {
  left: number
  right: number
  top: number
  bottom: number
}

/** The region as Clipper's clip path, and the way back from integers to the input's own vertices. */
class EdgeClip {
  readonly #originX: number
  readonly #originY: number
  readonly #path: Path64 = []
  readonly #region: Region

  constructor(region: Region, ring: Float64Array) {
    this.#region = region
    this.#originX = Math.round(ring[0]!)
    this.#originY = Math.round(ring[1]!)
    for (let i = 0; i + 2 < ring.length; i += 2)
      this.#path.push(this.#integer(ring[i]!, ring[i + 1]!))
  }

  #integer(x: number, y: number): { x: number; y: number } {
    const reach = Math.max(Math.abs(x - this.#originX), Math.abs(y - this.#originY))
    requireReach(reach)
    return {
      x: Math.round((x - this.#originX) * UNITS_PER_METER),
      y: Math.round((y - this.#originY) * UNITS_PER_METER),
    }
  }

  cut(coords: Float64Array, start: number, end: number): { coords: number[]; vertex: number[] }[] {
    const subject: Path64 = []
    const known = new Map<string, number>()
    for (let i = start; i + 1 < end; i++) {
      const point = this.#integer(coords[2 * i]!, coords[2 * i + 1]!)
      subject.push(point)
      if (!known.has(`${point.x},${point.y}`)) known.set(`${point.x},${point.y}`, i)
    }
    const positive = signedArea(coords, start, end) > 0
    const parts: { coords: number[]; vertex: number[] }[] = []
    for (const solution of intersect([subject], this.#pathAround(subject), FillRule.EvenOdd)) {
      if (solution.length < 3) continue
      const part = this.#restore(solution, coords, known)
      const flat = Float64Array.from(part.coords)
      if (Math.abs(signedArea(flat)) < 1e-6) continue
      if (signedArea(flat) > 0 !== positive) {
        reverseVertices(flat, 0, part.vertex.length)
        part.vertex.reverse()
      }
      parts.push({ coords: Array.from(flat), vertex: part.vertex })
    }
    return parts
  }

  /** Only what lies around the ring: a region of many vertices would cost each small ring as much as a large one. */
  #pathAround(subject: Path64): Paths64 {
    if (this.#path.length < 32) return [this.#path]
    const rect: Box64 = {
      left: Number.POSITIVE_INFINITY,
      top: Number.POSITIVE_INFINITY,
      right: Number.NEGATIVE_INFINITY,
      bottom: Number.NEGATIVE_INFINITY,
    }
    for (const { x, y } of subject) {
      rect.left = Math.min(rect.left, x - AROUND_UNITS)
      rect.right = Math.max(rect.right, x + AROUND_UNITS)
      rect.top = Math.min(rect.top, y - AROUND_UNITS)
      rect.bottom = Math.max(rect.bottom, y + AROUND_UNITS)
    }
    return [this.#sectorAround(rect) ?? cutToBox(this.#path, rect)]
  }

  /**
   * For a circle, whose vertices are evenly spaced: the slice of it that holds the box, from the centre out. Costs nothing of the rest
   * of the circle. Null for other regions, and when the slice would be half a circle or more.
   */
  #sectorAround({ left, right, top, bottom }: Box64): Path64 | null {
    const region = this.#region
    if (region.kind !== 'circle') return null
    const centre = this.#integer(region.x, region.y)
    const middle = Math.atan2((top + bottom) / 2 - centre.y, (left + right) / 2 - centre.x)
    let half = 0
    for (const x of [left, right]) {
      for (const y of [top, bottom]) {
        const turn = Math.atan2(y - centre.y, x - centre.x) - middle
        half = Math.max(half, Math.abs(turn - 2 * Math.PI * Math.round(turn / (2 * Math.PI))))
      }
    }
    // Seen from the centre a box that holds it reaches past a right angle to both sides.
    if (!(half < 1)) return null
    const count = this.#path.length
    const step = (2 * Math.PI) / count
    const first = Math.floor((middle - half) / step) - 1
    const last = Math.ceil((middle + half) / step) + 1
    const sector: Path64 = [centre]
    for (let k = first; k <= last; k++) sector.push(this.#path[((k % count) + count) % count]!)
    return sector
  }

  /** Clipper's integers as metres; a vertex of the input gets its own coordinates back, to the last bit. */
  #restore(
    solution: Path64,
    coords: Float64Array,
    known: Map<string, number>,
  ): { coords: number[]; vertex: number[] } {
    const part = { coords: [] as number[], vertex: [] as number[] }
    for (const { x, y } of solution) {
      const source = known.get(`${x},${y}`)
      if (
        source !== undefined &&
        regionContains(this.#region, coords[2 * source]!, coords[2 * source + 1]!)
      ) {
        part.coords.push(coords[2 * source]!, coords[2 * source + 1]!)
        part.vertex.push(source)
      } else {
        pullToEdge(
          this.#region,
          this.#originX + x / UNITS_PER_METER,
          this.#originY + y / UNITS_PER_METER,
        )
        part.coords.push(made[0]!, made[1]!)
        part.vertex.push(-1)
      }
    }
    part.coords.push(part.coords[0]!, part.coords[1]!)
    part.vertex.push(part.vertex[0]!)
    return part
  }
}

/**
 * A ring cut to a box (Sutherland and Hodgman 1974). Where it leaves and comes back its parts stay joined along the box's edge, which lies
 * outside of what is cut with it. Clipper's own rectClip loses corners where an edge passes over the whole box.
 */
function cutToBox(ring: Path64, box: Box64): Path64 {
  let path = ring
  for (let side = 0; side < 4 && path.length > 0; side++) {
    const axis = side < 2 ? 'x' : 'y'
    const other = side < 2 ? 'y' : 'x'
    const limit = side === 0 ? box.left : side === 1 ? box.right : side === 2 ? box.top : box.bottom
    const sign = side % 2 === 0 ? 1 : -1
    const cut: Path64 = []
    let before = path[path.length - 1]!
    let wasInside = (before[axis] - limit) * sign >= 0
    for (let i = 0; i < path.length; i++) {
      const point = path[i]!
      const isInside = (point[axis] - limit) * sign >= 0
      if (isInside !== wasInside) {
        const t = (limit - before[axis]) / (point[axis] - before[axis])
        const across = Math.round(before[other] + t * (point[other] - before[other]))
        cut.push(axis === 'x' ? { x: limit, y: across } : { x: across, y: limit })
      }
      if (isInside) cut.push(point)
      before = point
      wasInside = isInside
    }
    path = cut
  }
  return path
}

const made = new Float64Array(2)

/** Rounding to 0.1 mm may leave a vertex outside the region: then it goes onto the edge. */
function pullToEdge(region: Region, x: number, y: number): void {
  made[0] = x
  made[1] = y
  if (region.kind !== 'polygon' && !regionContains(region, x, y)) pullInside(region, x, y, made)
}
