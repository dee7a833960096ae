// Cuts closed lines to a region: what comes back is closed again along the region's edge. Rings wholly inside are passed
// on untouched; only those that cross the edge go through Clipper2 (integer coordinates of 0.1 mm about a local origin).
import { FillRule, intersect, type Path64 } from 'clipper2-ts'
import type { Clipped } from './clip.ts'
import { type Paths, pathCount } from './paths.ts'
import { type Region, regionBbox, regionContains, regionRing } from './region.ts'
import { reverseVertices, signedArea } from './ring.ts'

const UNITS_PER_METER = 10_000

/**
 * The rings inside the region; one that leaves and comes back may give several, each with the same parent. The
 * direction of each ring is kept. Vertices made on the edge have no height (NaN): sample after clipping.
 */
export function clipRings(paths: Paths, region: Region): Clipped {
  const { coords, offsets, z } = paths
  const clip = new EdgeClip(region)
  const box = regionBbox(region)
  const parts: { path: number; coords: number[]; vertex: number[] }[] = []
  for (let path = 0; path < pathCount(paths); path++) {
    const start = offsets[path]!
    const end = offsets[path + 1]!
    if (end - start < 4) continue
    const place = locate(coords, start, end, region, box)
    if (place === 'outside') continue
    if (place === 'inside') {
      const vertex = Array.from({ length: end - start }, (_, i) => start + i)
      parts.push({ path, coords: Array.from(coords.subarray(2 * start, 2 * end)), vertex })
    } else for (const part of clip.cut(coords, start, end)) parts.push({ path, ...part })
  }
  const total = parts.reduce((sum, part) => sum + part.vertex.length, 0)
  const result: Clipped = {
    paths: { coords: new Float64Array(2 * total), offsets: new Uint32Array(parts.length + 1) },
    parent: Uint32Array.from(parts, ({ path }) => path),
    vertex: new Int32Array(total),
  }
  let at = 0
  parts.forEach((part, i) => {
    result.paths.coords.set(part.coords, 2 * at)
    result.vertex.set(part.vertex, at)
    at += part.vertex.length
    result.paths.offsets[i + 1] = at
  })
  if (z) {
    result.paths.z = Float64Array.from(result.vertex, (v) => (v < 0 ? Number.NaN : z[v]!))
  }
  return result
}

/** Whether a ring lies inside, outside, or needs cutting. The region is convex unless it is a polygon. */
function locate(
  coords: Float64Array,
  start: number,
  end: number,
  region: Region,
  box: { west: number; south: number; east: number; north: number },
): 'inside' | 'outside' | 'crossing' {
  let west = Number.POSITIVE_INFINITY
  let south = Number.POSITIVE_INFINITY
  let east = Number.NEGATIVE_INFINITY
  let north = Number.NEGATIVE_INFINITY
  let inside = true
  for (let i = start; i < end; i++) {
    const x = coords[2 * i]!
    const y = coords[2 * i + 1]!
    if (!Number.isFinite(x + y)) return 'outside'
    if (x < west) west = x
    if (x > east) east = x
    if (y < south) south = y
    if (y > north) north = y
    if (inside && !regionContains(region, x, y)) inside = false
  }
  if (west > box.east || east < box.west || south > box.north || north < box.south) return 'outside'
  return inside && region.kind !== 'polygon' ? 'inside' : 'crossing'
}

/** The region as Clipper's clip path, and the way back from integers to the input's own vertices. */
class EdgeClip {
  readonly #originX: number
  readonly #originY: number
  readonly #path: Path64 = []
  readonly #region: Region

  constructor(region: Region) {
    const ring = regionRing(region)
    this.#region = region
    this.#originX = Math.round(ring[0]!)
    this.#originY = Math.round(ring[1]!)
    for (let i = 0; i + 2 < ring.length; i += 2)
      this.#path.push(this.#integer(ring[i]!, ring[i + 1]!))
  }

  #integer(x: number, y: number): { x: number; y: number } {
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
    for (const solution of intersect([subject], [this.#path], FillRule.EvenOdd)) {
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
        const [px, py] = this.#pulled(
          this.#originX + x / UNITS_PER_METER,
          this.#originY + y / UNITS_PER_METER,
        )
        part.coords.push(px, py)
        part.vertex.push(-1)
      }
    }
    part.coords.push(part.coords[0]!, part.coords[1]!)
    part.vertex.push(part.vertex[0]!)
    return part
  }

  /** Rounding to 0.1 mm may leave a vertex outside the circle: pull it onto the circle. */
  #pulled(x: number, y: number): [number, number] {
    const region = this.#region
    if (region.kind !== 'circle') return [x, y]
    const dx = x - region.x
    const dy = y - region.y
    const distance = Math.hypot(dx, dy)
    if (distance <= region.radius) return [x, y]
    return [region.x + (dx * region.radius) / distance, region.y + (dy * region.radius) / distance]
  }
}
