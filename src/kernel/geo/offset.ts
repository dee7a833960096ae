// Road edges: each centre line widened by half its width, all of them united, and the outline taken. So junctions are
// clean by construction: no edge runs through another road. Clipper2 works on integers of 0.1 mm about a local origin.
import { EndType, FillRule, inflatePaths, JoinType, type Path64, union } from 'clipper2-ts'
import type { Paths } from './paths.ts'
import { pathCount } from './paths.ts'

const UNITS_PER_METER = 10_000
/** How far a rounded corner may lie inside the true arc. */
const ARC_TOLERANCE_METERS = 0.02

/**
 * Outlines of the road surface as closed rings: outer ones counter-clockwise, blocks of land inside clockwise.
 * `widths[i]` is the full width of line i in metres; lines whose width is not above zero are left out. Line ends are
 * cut square at the end (`butt`) unless another road covers them; corners are round.
 */
export function roadEdges(lines: Paths, widths: ArrayLike<number>): Paths {
  const groups = new Map<number, number[]>()
  for (let path = 0; path < pathCount(lines); path++) {
    const width = widths[path]!
    if (!(width > 0) || lines.offsets[path + 1]! - lines.offsets[path]! < 2) continue
    const group = groups.get(width)
    if (group) group.push(path)
    else groups.set(width, [path])
  }
  const originX = Math.round(lines.coords[0] ?? 0)
  const originY = Math.round(lines.coords[1] ?? 0)
  const surfaces: Path64[] = []
  for (const [width, members] of groups) {
    const subject = members.map((path) => integerLine(lines, path, originX, originY))
    const half = (width / 2) * UNITS_PER_METER
    const arc = ARC_TOLERANCE_METERS * UNITS_PER_METER
    surfaces.push(...inflatePaths(subject, half, JoinType.Round, EndType.Butt, 2, arc))
    // A butt end leaves a notch where two lines meet at an angle: a disc at every shared end fills it.
    surfaces.push(...inflatePaths(sharedEnds(subject), half, JoinType.Round, EndType.Round, 2, arc))
  }
  return metricRings(union(surfaces, FillRule.NonZero), originX, originY)
}

function integerLine(lines: Paths, path: number, originX: number, originY: number): Path64 {
  const line: Path64 = []
  for (let i = lines.offsets[path]!; i < lines.offsets[path + 1]!; i++) {
    line.push({
      x: Math.round((lines.coords[2 * i]! - originX) * UNITS_PER_METER),
      y: Math.round((lines.coords[2 * i + 1]! - originY) * UNITS_PER_METER),
    })
  }
  return line
}

/** One-point paths at the places where at least two line ends meet. */
function sharedEnds(lines: Path64[]): Path64[] {
  const count = new Map<string, { point: { x: number; y: number }; ends: number }>()
  for (const line of lines) {
    for (const point of [line[0]!, line.at(-1)!]) {
      const key = `${point.x},${point.y}`
      const known = count.get(key)
      if (known) known.ends++
      else count.set(key, { point, ends: 1 })
    }
  }
  return [...count.values()].filter(({ ends }) => ends > 1).map(({ point }) => [point])
}

function metricRings(rings: Path64[], originX: number, originY: number): Paths {
  const total = rings.reduce((sum, ring) => sum + ring.length + 1, 0)
  const coords = new Float64Array(2 * total)
  const offsets = new Uint32Array(rings.length + 1)
  let at = 0
  rings.forEach((ring, i) => {
    for (const { x, y } of [...ring, ring[0]!]) {
      coords[2 * at] = originX + x / UNITS_PER_METER
      coords[2 * at + 1] = originY + y / UNITS_PER_METER
      at++
    }
    offsets[i + 1] = at
  })
  return { coords, offsets }
}
