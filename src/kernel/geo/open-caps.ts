// Takes the lines across the road out of outlines, where a road goes on in another storey.
import type { Paths } from './paths.ts'
import { pathCount } from './paths.ts'

/** A straight cut across a road where it changes storey: both sides end here, and neither is drawn across. */
export interface RoadCut {
  x: number
  y: number
  /** Unit vector along the road. */
  dx: number
  dy: number
  halfWidth: number
  levels: [number, number]
}

/** Outlines are rounded to 0.1 mm; what lies this near to a cut lies on it. */
const NEAR_METERS = 0.001
/** Cell of the hash in which cuts are found again. */
const CELL_METERS = 64

/**
 * The rings without the stretches that lie along a cut; a ring that loses any becomes open lines, whose ends are put on the
 * cut's exact corners, so that both storeys share them to the bit. Linear in the number of vertices.
 */
export function openCaps(rings: Paths, cuts: readonly RoadCut[]): Paths {
  if (cuts.length === 0) return rings
  const hash = hashCuts(cuts)
  const coords: number[] = []
  const offsets = [0]
  for (let path = 0; path < pathCount(rings); path++) {
    const first = rings.offsets[path]!
    const count = rings.offsets[path + 1]! - first - 1
    const onCut = (k: number): RoadCut | null =>
      cutAlong(rings.coords, first + (k % count), first + ((k + 1) % count), hash)
    let begin = 0
    while (begin < count && onCut(begin) === null) begin++
    if (begin === count) {
      for (let k = 0; k <= count; k++)
        coords.push(rings.coords[2 * (first + k)]!, rings.coords[2 * (first + k) + 1]!)
      offsets.push(coords.length / 2)
      continue
    }
    let before = onCut(begin)
    let line: number[] = []
    for (let k = begin + 1; k <= begin + count; k++) {
      const v = first + (k % count)
      const next = onCut(k)
      line.push(...atCorner(rings.coords[2 * v]!, rings.coords[2 * v + 1]!, next ?? before))
      if (next !== null) {
        if (line.length > 2) {
          for (const value of line) coords.push(value)
          offsets.push(coords.length / 2)
        }
        line = []
      }
      before = next
    }
  }
  return { coords: Float64Array.from(coords), offsets: Uint32Array.from(offsets) }
}

function hashCuts(cuts: readonly RoadCut[]): Map<string, RoadCut[]> {
  const hash = new Map<string, RoadCut[]>()
  for (const cut of cuts) {
    const reach = cut.halfWidth + NEAR_METERS
    for (let c = cellOf(cut.x - reach); c <= cellOf(cut.x + reach); c++) {
      for (let r = cellOf(cut.y - reach); r <= cellOf(cut.y + reach); r++) {
        const key = `${c},${r}`
        const known = hash.get(key)
        if (known === undefined) hash.set(key, [cut])
        else known.push(cut)
      }
    }
  }
  return hash
}

function cellOf(value: number): number {
  return Math.floor(value / CELL_METERS)
}

/** The cut that both vertices lie on, or null. */
function cutAlong(
  coords: Float64Array,
  a: number,
  b: number,
  hash: Map<string, RoadCut[]>,
): RoadCut | null {
  const ax = coords[2 * a]!
  const ay = coords[2 * a + 1]!
  for (const cut of hash.get(`${cellOf(ax)},${cellOf(ay)}`) ?? []) {
    if (liesOn(cut, ax, ay) && liesOn(cut, coords[2 * b]!, coords[2 * b + 1]!)) return cut
  }
  return null
}

function liesOn({ x, y, dx, dy, halfWidth }: RoadCut, px: number, py: number): boolean {
  const along = (px - x) * dx + (py - y) * dy
  const across = (px - x) * dy - (py - y) * dx
  return Math.abs(along) <= NEAR_METERS && Math.abs(across) <= halfWidth + NEAR_METERS
}

/** The cut's exact corner when the point is one of its two, else the point itself. */
function atCorner(px: number, py: number, cut: RoadCut | null): [number, number] {
  if (cut === null) return [px, py]
  const { x, y, dx, dy, halfWidth } = cut
  for (const side of [1, -1]) {
    const cx = x + side * dy * halfWidth
    const cy = y - side * dx * halfWidth
    if (Math.hypot(px - cx, py - cy) <= 2 * NEAR_METERS) return [cx, cy]
  }
  return [px, py]
}
