// Takes out what no drafter wants: vertices repeated in place, spikes (out and back), lines without length.
import type { Paths } from './paths.ts'
import { pathCount } from './paths.ts'

export interface PruneOptions {
  /** Vertices nearer than this to the one before are repeated; default 1 mm. */
  repeatMeters?: number
  /** A turn back whose two legs lie closer than this is a spike; default 1 mm; 0 leaves spikes alone. */
  spikeMeters?: number
  /** 1 = this vertex stays whatever happens (a junction). */
  keep?: Uint8Array | null
}

export interface Pruned {
  paths: Paths
  /** Input path of each output path, input vertex of each output vertex. */
  parent: Uint32Array
  vertex: Uint32Array
  removed: { repeated: number; spikes: number; notFinite: number; paths: number }
}

/**
 * Lines without repeated vertices and spikes. Lines left with one vertex, and rings left with fewer than four, go.
 * Vertices with NaN or infinity go. Linear: each vertex is pushed once and popped at most once.
 */
export function prunePaths(paths: Paths, options: PruneOptions = {}): Pruned {
  const { coords, offsets, z } = paths
  const repeat = options.repeatMeters ?? 0.001
  const spike = options.spikeMeters ?? 0.001
  const keep = options.keep ?? null
  const vertex = new Uint32Array(coords.length / 2)
  const outOffsets = [0]
  const parent: number[] = []
  const removed = { repeated: 0, spikes: 0, notFinite: 0, paths: 0 }
  let top = 0
  for (let path = 0; path < pathCount(paths); path++) {
    const base = top
    const start = offsets[path]!
    const end = offsets[path + 1]!
    const closed =
      end - start >= 4 &&
      coords[2 * start] === coords[2 * end - 2] &&
      coords[2 * start + 1] === coords[2 * end - 1]
    for (let i = start; i < end; i++) {
      if (!Number.isFinite(coords[2 * i]! + coords[2 * i + 1]!)) {
        removed.notFinite++
        continue
      }
      const wanted = keep?.[i] === 1 || i === end - 1
      let push = true
      while (top > base) {
        const before = vertex[top - 1]!
        const loose = keep?.[before] !== 1 && top - 1 > base
        if (distance(coords, before, i) <= repeat) {
          // Of two vertices in one place the junction stays, and a line's last vertex.
          if (wanted && !loose) break
          removed.repeated++
          push = wanted
          if (!wanted) break
          top--
        } else if (loose && spike > 0 && isSpike(coords, vertex[top - 2]!, before, i, spike)) {
          removed.spikes++
          top--
        } else break
      }
      if (push) vertex[top++] = i
    }
    if (closed && spike > 0) {
      // The closing vertex itself may be a spike's tip: then the ring begins one vertex later.
      while (
        top - base >= 4 &&
        keep?.[vertex[base]!] !== 1 &&
        isSpike(coords, vertex[top - 2]!, vertex[base]!, vertex[base + 1]!, spike)
      ) {
        vertex.copyWithin(base, base + 1, top)
        top--
        if (distance(coords, vertex[top - 2]!, vertex[base]!) <= repeat) top--
        vertex[top - 1] = vertex[base]!
        removed.spikes++
      }
    }
    // A line that comes back onto its own start is not a line; a ring keeps its closing vertex.
    const count = top - base
    const lost =
      count < (closed ? 4 : 2) ||
      (count === 2 && distance(coords, vertex[base]!, vertex[base + 1]!) <= repeat)
    if (lost) {
      removed.paths++
      top = base
      continue
    }
    outOffsets.push(top)
    parent.push(path)
  }
  const result: Pruned = {
    paths: { coords: new Float64Array(2 * top), offsets: Uint32Array.from(outOffsets) },
    parent: Uint32Array.from(parent),
    vertex: vertex.slice(0, top),
    removed,
  }
  for (let i = 0; i < top; i++) {
    result.paths.coords[2 * i] = coords[2 * vertex[i]!]!
    result.paths.coords[2 * i + 1] = coords[2 * vertex[i]! + 1]!
  }
  if (z) result.paths.z = Float64Array.from(result.vertex, (v) => z[v]!)
  return result
}

function distance(coords: Float64Array, i: number, j: number): number {
  const dx = coords[2 * i]! - coords[2 * j]!
  const dy = coords[2 * i + 1]! - coords[2 * j + 1]!
  return Math.sqrt(dx * dx + dy * dy)
}

/** At `tip` the line turns back on itself: the shorter leg's end lies within `width` of the longer leg. */
function isSpike(coords: Float64Array, a: number, tip: number, c: number, width: number): boolean {
  const ax = coords[2 * a]! - coords[2 * tip]!
  const ay = coords[2 * a + 1]! - coords[2 * tip + 1]!
  const cx = coords[2 * c]! - coords[2 * tip]!
  const cy = coords[2 * c + 1]! - coords[2 * tip + 1]!
  if (ax * cx + ay * cy <= 0) return false
  const longer = Math.max(ax * ax + ay * ay, cx * cx + cy * cy)
  return Math.abs(ax * cy - ay * cx) <= width * Math.sqrt(longer)
}
