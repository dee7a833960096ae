// Cuts closed lines to a region: what comes back is closed again along the region's edge. Rings wholly inside are passed
// on untouched; only those that cross the edge go through Clipper2 (integer coordinates of 0.1 mm about a local origin).
import { FillRule, intersect, type Path64 } from 'clipper2-ts'
import type { Bbox } from './bbox.ts'
import { type Paths, pathCount } from './paths.ts'
import { allInside, type Region, regionBbox, regionContains, regionRing } from './region.ts'
import { reverseVertices, signedArea } from './ring.ts'
import { type Clipped, VertexSink } from './vertex-sink.ts'

const UNITS_PER_METER = 10_000

/**
 * The rings inside the region; one that leaves and comes back may give several, each with the same parent. The
 * direction of each ring is kept. Vertices made on the edge have no height (NaN): sample after clipping.
 */
export function clipRings(paths: Paths, region: Region): Clipped {
  const { coords, offsets, z } = paths
  const clip = new EdgeClip(region)
  const box = regionBbox(region)
  const sink = new VertexSink(paths)
  for (let path = 0; path < pathCount(paths); path++) {
    const start = offsets[path]!
    const end = offsets[path + 1]!
    if (end - start < 4) continue
    if (region.kind !== 'polygon' && allInside(coords, start, end, region)) sink.copy(paths, path)
    else if (mayTouch(coords, start, end, box)) {
      for (const part of clip.cut(coords, start, end)) {
        for (let i = 0; i < part.vertex.length; i++) {
          const v = part.vertex[i]!
          sink.put(
            part.coords[2 * i]!,
            part.coords[2 * i + 1]!,
            v < 0 || !z ? Number.NaN : z[v]!,
            v,
          )
        }
        sink.close(path)
      }
    }
  }
  return sink.done()
}

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
