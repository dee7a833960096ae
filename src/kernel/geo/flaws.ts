// Quick looks at paths before the slower tools: is there anything to prune at all, and which rings might cross themselves?
import type { Paths } from './paths.ts'

/** Whether any vertex is repeated in place or the tip of a spike, as `prunePaths` understands these words (metres). */
export function hasFlaws(
  { coords, offsets }: Paths,
  repeatMeters: number,
  spikeMeters: number,
): boolean {
  const near = repeatMeters * repeatMeters
  const narrow = spikeMeters * spikeMeters
  for (let path = 0; path + 1 < offsets.length; path++) {
    const start = offsets[path]!
    const end = offsets[path + 1]!
    if (end - start < 2) continue
    let bx = coords[2 * start + 2]! - coords[2 * start]!
    let by = coords[2 * start + 3]! - coords[2 * start + 1]!
    let before = bx * bx + by * by
    // NaN and infinities come out as flaws, too.
    if (!(before > near)) return true
    const firstX = bx
    const firstY = by
    const first = before
    for (let i = start + 2; i < end; i++) {
      const dx = coords[2 * i]! - coords[2 * i - 2]!
      const dy = coords[2 * i + 1]! - coords[2 * i - 1]!
      const square = dx * dx + dy * dy
      if (!(square > near) || turnsBack(bx, by, before, dx, dy, square, narrow)) return true
      bx = dx
      by = dy
      before = square
    }
    const last = end - 1
    const closed =
      end - start >= 4 &&
      coords[2 * start] === coords[2 * last] &&
      coords[2 * start + 1] === coords[2 * last + 1]
    if (closed && turnsBack(bx, by, before, firstX, firstY, first, narrow)) return true
  }
  return false
}

/** Whether the second leg runs back beside the first, no further away than the square root of `narrow`. */
function turnsBack(
  ax: number,
  ay: number,
  a: number,
  bx: number,
  by: number,
  b: number,
  narrow: number,
): boolean {
  if (ax * bx + ay * by >= 0) return false
  const cross = ax * by - ay * bx
  return cross * cross <= narrow * (a > b ? a : b)
}

/** Rings of more segments than this are not looked at pair by pair. */
const MOST_SEGMENTS = 24

/** Numbers of the rings of which two segments that do not follow each other meet, and of all that are too long to tell in passing. */
export function crossingSuspects({ coords, offsets }: Paths): number[] {
  const suspects: number[] = []
  for (let path = 0; path + 1 < offsets.length; path++) {
    const start = offsets[path]!
    const last = offsets[path + 1]! - 1
    if (last - start > MOST_SEGMENTS || meetsItself(coords, start, last)) suspects.push(path)
  }
  return suspects
}

function meetsItself(coords: Float64Array, start: number, last: number): boolean {
  for (let i = start; i < last - 2; i++) {
    const ax = coords[2 * i]!
    const ay = coords[2 * i + 1]!
    const rx = coords[2 * i + 2]! - ax
    const ry = coords[2 * i + 3]! - ay
    // The last segment follows the first one.
    const end = i === start ? last - 1 : last
    for (let j = i + 2; j < end; j++) {
      const px = coords[2 * j]! - ax
      const py = coords[2 * j + 1]! - ay
      const qx = coords[2 * j + 2]! - ax
      const qy = coords[2 * j + 3]! - ay
      // Both ends of one segment strictly on one side of the other: they cannot meet.
      const p = rx * py - ry * px
      const q = rx * qy - ry * qx
      if (p * q > 0) continue
      const sx = qx - px
      const sy = qy - py
      const a = sy * px - sx * py
      const b = a + sx * ry - sy * rx
      if (a * b > 0) continue
      return true
    }
  }
  return false
}
