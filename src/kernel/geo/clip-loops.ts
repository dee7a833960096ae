// Outlines cut to a region as lines: a closed line that leaves the region is not closed along the region's edge.
import { clipLines } from './clip.ts'
import type { Paths } from './paths.ts'
import type { Region } from './region.ts'

/**
 * As `clipLines`, but a closed line is a loop: where its first vertex lies inside, the parts before and after it are one.
 * @throws AppError GEOMETRY_INVALID when the region is no area.
 */
export function clipLoops(paths: Paths, region: Region): { paths: Paths; parent: Uint32Array } {
  const clipped = clipLines(paths, region)
  const { offsets } = clipped.paths
  const count = offsets.length - 1
  /** Per path of the result: its vertices in the clipped paths, as one run or two. */
  const ranges: { runs: [number, number][]; parent: number }[] = []
  for (let first = 0; first < count; ) {
    const source = clipped.parent[first]!
    let last = first
    while (last + 1 < count && clipped.parent[last + 1] === source) last++
    const start = paths.offsets[source]!
    const end = paths.offsets[source + 1]! - 1
    const loop =
      last > first &&
      paths.coords[2 * start] === paths.coords[2 * end] &&
      paths.coords[2 * start + 1] === paths.coords[2 * end + 1] &&
      clipped.vertex[offsets[first]!] === start &&
      clipped.vertex[offsets[last + 1]! - 1] === end
    for (let piece = loop ? first + 1 : first; piece <= last; piece++) {
      const own: [number, number][] = [[offsets[piece]!, offsets[piece + 1]!]]
      // The loop's first vertex stands in both parts; it is written once.
      if (loop && piece === last) own.push([offsets[first]! + 1, offsets[first + 1]!])
      ranges.push({ runs: own, parent: source })
    }
    first = last + 1
  }
  let total = 0
  for (const { runs } of ranges) for (const [from, to] of runs) total += to - from
  const result: Paths = {
    coords: new Float64Array(2 * total),
    offsets: new Uint32Array(ranges.length + 1),
  }
  if (clipped.paths.z) result.z = new Float64Array(total)
  let at = 0
  ranges.forEach((range, i) => {
    for (const [from, to] of range.runs) {
      result.coords.set(clipped.paths.coords.subarray(2 * from, 2 * to), 2 * at)
      result.z?.set(clipped.paths.z!.subarray(from, to), at)
      at += to - from
    }
    result.offsets[i + 1] = at
  })
  return { paths: result, parent: Uint32Array.from(ranges, ({ parent }) => parent) }
}
