// Breaklines that meet get a common vertex where they do, at one height: a mesh cannot have two heights at one place, and halving two
// crossing lines until they are edges would never end.
import { findIntersections } from './intersections.ts'
import type { MeshPoint } from './mesh.ts'
import type { Paths } from './paths.ts'

export interface MetBreaklines {
  lines: MeshPoint[][]
  /** Places where lines meet whose heights there differ by more than a centimetre. */
  conflicts: number
  /** The largest such difference, metres, and where it is; null without one. */
  worst: { x: number; y: number; differenceMeters: number } | null
}

/** Line ends this near to another line lie on it. */
const NEAR_METERS = 0.001
const CONFLICT_METERS = 0.01
/** More meetings than this are left to the halving. */
const MAX_MEETINGS = 100_000

interface Cut {
  t: number
  x: number
  y: number
}

/**
 * The lines with a vertex at every crossing, touch and overlap, their own included. Where heights differ the middle between the lowest
 * and the highest holds. Points must be finite.
 */
export function joinBreaklines(lines: readonly MeshPoint[][]): MetBreaklines {
  const points = lines.flat()
  const cuts = new Map<number, Cut[]>()
  const heights = new Map<string, { x: number; y: number; low: number; high: number }>()
  const cut = (segment: number, x: number, y: number): void => {
    const from = points[segment]!
    const to = points[segment + 1]!
    const t = Math.min(1, Math.max(0, positionOn(from, to, x, y)))
    const key = `${x},${y}`
    const z = from.z + t * (to.z - from.z)
    const known = heights.get(key)
    if (known === undefined) heights.set(key, { x, y, low: z, high: z })
    else {
      known.low = Math.min(known.low, z)
      known.high = Math.max(known.high, z)
    }
    const list = cuts.get(segment)
    if (list === undefined) cuts.set(segment, [{ t, x, y }])
    else list.push({ t, x, y })
  }
  for (const { x, y, segments } of findIntersections(pathsOf(lines), 'all', MAX_MEETINGS)) {
    const [i, j] = segments
    cut(i, x, y)
    cut(j, x, y)
    for (const end of [points[j]!, points[j + 1]!]) if (isOn(points, i, end)) cut(i, end.x, end.y)
    for (const end of [points[i]!, points[i + 1]!]) if (isOn(points, j, end)) cut(j, end.x, end.y)
  }
  let conflicts = 0
  let worst: MetBreaklines['worst'] = null
  for (const { x, y, low, high } of heights.values()) {
    if (high - low <= CONFLICT_METERS) continue
    conflicts++
    if (high - low > (worst?.differenceMeters ?? 0)) worst = { x, y, differenceMeters: high - low }
  }
  const heightAt = (point: MeshPoint): MeshPoint => {
    const met = heights.get(`${point.x},${point.y}`)
    return met === undefined ? point : { ...point, z: (met.low + met.high) / 2 }
  }
  let first = 0
  const joined = lines.map((line) => {
    const made: MeshPoint[] = []
    const add = (point: MeshPoint): void => {
      const last = made.at(-1)
      if (last?.x !== point.x || last.y !== point.y) made.push(heightAt(point))
    }
    for (const [k, point] of line.entries()) {
      add(point)
      const here = cuts.get(first + k)
      if (here === undefined || k === line.length - 1) continue
      here.sort((a, b) => a.t - b.t)
      for (const { t, x, y } of here) if (t > 0 && t < 1) add(between(point, line[k + 1]!, t, x, y))
    }
    first += line.length
    return made
  })
  return { lines: joined, conflicts, worst }
}

/** Lines as paths with heights. */
export function pathsOf(lines: readonly MeshPoint[][]): Paths {
  const points = lines.flat()
  const offsets = new Uint32Array(lines.length + 1)
  for (const [i, line] of lines.entries()) offsets[i + 1] = offsets[i]! + line.length
  return {
    coords: Float64Array.from(points.flatMap(({ x, y }) => [x, y])),
    z: Float64Array.from(points, ({ z }) => z),
    offsets,
  }
}

/** Where a point lies along a segment, 0 at its start and 1 at its end. */
function positionOn(from: MeshPoint, to: MeshPoint, x: number, y: number): number {
  const dx = to.x - from.x
  const dy = to.y - from.y
  const square = dx * dx + dy * dy
  return square === 0 ? 0 : ((x - from.x) * dx + (y - from.y) * dy) / square
}

/** Whether a point lies on a segment, as near as makes no difference. */
function isOn(points: readonly MeshPoint[], segment: number, { x, y }: MeshPoint): boolean {
  const from = points[segment]!
  const to = points[segment + 1]!
  const t = positionOn(from, to, x, y)
  if (!(t >= 0 && t <= 1)) return false
  const [nearX, nearY] = [from.x + t * (to.x - from.x), from.y + t * (to.y - from.y)]
  return Math.hypot(x - nearX, y - nearY) <= NEAR_METERS
}

function between(from: MeshPoint, to: MeshPoint, t: number, x: number, y: number): MeshPoint {
  return {
    x,
    y,
    z: from.z + t * (to.z - from.z),
    column: from.column + t * (to.column - from.column),
    row: from.row + t * (to.row - from.row),
  }
}
