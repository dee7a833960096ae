// Road edges: each centre line widened by half its width, all of them united, and the outline taken. So junctions are
// clean by construction: no edge runs through another road. Clipper2 works on integers of 0.1 mm about a local origin.
import {
  EndType,
  inflatePaths,
  JoinType,
  type Path64,
  type Paths64,
  type Point64,
} from 'clipper2-ts'
import { AppError } from '../../base/errors.ts'
import type { Paths } from './paths.ts'
import { pathCount } from './paths.ts'
import { unionInStrips } from './strip-union.ts'

const UNITS_PER_METER = 10_000
/** How far a rounded corner may lie inside the true arc. */
const ARC_TOLERANCE_METERS = 0.02
/** Long lines are widened in pieces of so many segments, each overlapping the next by one. */
const PIECE_SEGMENTS = 32
/** Larger than the Earth; beyond it integers would not be exact. */
const MAX_REACH_METERS = 1e8

/**
 * Outlines of the road surface as closed rings: outer ones counter-clockwise, blocks of land inside clockwise.
 * `widths[i]` is the full width of line i in metres; lines whose width is not a number above zero are left out. Line
 * ends are cut square unless another road covers them; corners, and ends that meet, are round.
 * `progress` hears how far the union is, 0 to 1, and may throw to end it.
 * @throws AppError GEOMETRY_INVALID for vertices that are not finite or further than 100,000 km from the first.
 */
export function roadEdges(
  lines: Paths,
  widths: ArrayLike<number>,
  progress: (fraction: number) => void = () => {},
): Paths {
  const originX = Math.round(lines.coords[0] ?? 0)
  const originY = Math.round(lines.coords[1] ?? 0)
  const surfaces: Paths64 = []
  const ends = new Map<string, MeetingPoint>()
  for (let path = 0; path < pathCount(lines); path++) {
    const width = widths[path]!
    if (!(width > 0 && width < MAX_REACH_METERS)) continue
    const line = integerLine(lines, path, originX, originY)
    if (line.length < 2) continue
    const half = (width / 2) * UNITS_PER_METER
    for (let from = 0; from + 1 < line.length; from += PIECE_SEGMENTS)
      widen([line.slice(from, from + PIECE_SEGMENTS + 2)], half, EndType.Butt, surfaces)
    meet(ends, line[0]!, half)
    meet(ends, line.at(-1)!, half)
  }
  // Two ends that meet at an angle leave a notch: a disc as wide as the narrower road fills it.
  for (const { point, second } of ends.values())
    if (second > 0) widen([[point]], second, EndType.Round, surfaces)
  return metricRings(unionInStrips(surfaces, progress), originX, originY)
}

/** A place where line ends are, with the two largest half widths there. */
interface MeetingPoint {
  point: Point64
  widest: number
  second: number
}

function meet(ends: Map<string, MeetingPoint>, point: Point64, half: number): void {
  const key = `${point.x},${point.y}`
  const known = ends.get(key)
  if (known === undefined) ends.set(key, { point, widest: half, second: 0 })
  else if (half > known.widest) {
    known.second = known.widest
    known.widest = half
  } else if (half > known.second) known.second = half
}

/** Adds the widened lines, in units of half a tenth of a millimetre: even numbers, as the union wants them. */
function widen(lines: Paths64, half: number, end: EndType, surfaces: Paths64): void {
  const arc = ARC_TOLERANCE_METERS * UNITS_PER_METER
  for (const ring of inflatePaths(lines, half, JoinType.Round, end, 2, arc)) {
    for (const point of ring) {
      point.x *= 2
      point.y *= 2
    }
    surfaces.push(ring)
  }
}

/** The line about the origin, without vertices repeated in place. */
function integerLine(lines: Paths, path: number, originX: number, originY: number): Path64 {
  const line: Path64 = []
  for (let i = lines.offsets[path]!; i < lines.offsets[path + 1]!; i++) {
    const dx = lines.coords[2 * i]! - originX
    const dy = lines.coords[2 * i + 1]! - originY
    if (!(Math.abs(dx) <= MAX_REACH_METERS && Math.abs(dy) <= MAX_REACH_METERS)) {
      throw new AppError(
        'GEOMETRY_INVALID',
        'A road has a vertex without a position, or one further than 100,000 km from the others. Remove it first.',
        { data: { path, vertex: i } },
      )
    }
    const x = Math.round(dx * UNITS_PER_METER)
    const y = Math.round(dy * UNITS_PER_METER)
    const before = line.at(-1)
    if (before === undefined || before.x !== x || before.y !== y) line.push({ x, y })
  }
  return line
}

function metricRings(rings: Paths64, originX: number, originY: number): Paths {
  const total = rings.reduce((sum, ring) => sum + ring.length + 1, 0)
  const coords = new Float64Array(2 * total)
  const offsets = new Uint32Array(rings.length + 1)
  let at = 0
  rings.forEach((ring, i) => {
    for (let k = 0; k <= ring.length; k++) {
      const { x, y } = ring[k % ring.length]!
      coords[2 * at] = originX + x / (2 * UNITS_PER_METER)
      coords[2 * at + 1] = originY + y / (2 * UNITS_PER_METER)
      at++
    }
    offsets[i + 1] = at
  })
  return { coords, offsets }
}
