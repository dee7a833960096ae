// Union of very many small polygons in vertical strips. Clipper2 looks through all edges that cross a horizontal line
// for each new one; in a strip these are few, so the whole grows with n log n. The strips' outlines are sewn together.
import { FillRule, type Path64, type Paths64, type Point64, union } from 'clipper2-ts'

/** About so many vertices times their number stand side by side in a strip. */
const VERTICES_PER_STRIP_ROW = 256
/** A sewing vertex goes when the outline is straight there within this many units. */
const STRAIGHT_UNITS = 2

/**
 * Outlines of the union (non-zero winding): outer rings counter-clockwise, holes clockwise, first vertex not repeated.
 * `progress` is called after each strip with what is done, 0 to 1; it may throw to end the work.
 * `polygons` have EVEN integer coordinates: seams run at odd ones, so no vertex ever lies on a seam.
 */
export function unionInStrips(
  polygons: Paths64,
  progress: (fraction: number) => void = () => {},
): Paths64 {
  const seams = placeSeams(polygons)
  if (seams.length === 0) return union(polygons, FillRule.NonZero)
  const strips: Paths64[] = Array.from({ length: seams.length + 1 }, () => [])
  for (const polygon of polygons) cutIntoStrips(polygon, seams, strips)
  const closed: Paths64 = []
  const open: Path64[] = []
  strips.forEach((parts, strip) => {
    progress(strip / strips.length)
    if (parts.length === 0) return
    for (const ring of union(parts, FillRule.NonZero))
      splitAtSeams(ring, seams, strip, closed, open)
  })
  const sewn = sew(open, new Set(seams))
  // Rounding may, rarely, let two strips disagree at a seam by a unit: then the union is taken as a whole.
  return sewn === null ? union(polygons, FillRule.NonZero) : closed.concat(sewn)
}

/** Odd x positions, ascending, evenly spread; none for small inputs. */
function placeSeams(polygons: Paths64): number[] {
  let west = Number.POSITIVE_INFINITY
  let east = Number.NEGATIVE_INFINITY
  let vertices = 0
  for (const polygon of polygons) {
    vertices += polygon.length
    for (const { x } of polygon) {
      if (x < west) west = x
      if (x > east) east = x
    }
  }
  const count = Math.floor(Math.sqrt(vertices / VERTICES_PER_STRIP_ROW))
  const seams: number[] = []
  for (let k = 1; k < count; k++) {
    const seam = 2 * Math.floor((west + ((east - west) * k) / count) / 2) + 1
    if (seam !== seams.at(-1)) seams.push(seam)
  }
  return seams
}

/** Number of seams west of x: the strip x lies in. */
function stripOf(seams: number[], x: number): number {
  let low = 0
  let high = seams.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (seams[middle]! < x) low = middle + 1
    else high = middle
  }
  return low
}

/** Adds to each strip the polygon's part in it. Windings inside are kept; excursions are closed along the seam. */
function cutIntoStrips(polygon: Path64, seams: number[], strips: Paths64[]): void {
  let first = seams.length
  let last = 0
  for (const { x } of polygon) {
    const strip = stripOf(seams, x)
    if (strip < first) first = strip
    if (strip > last) last = strip
  }
  if (first === last) {
    strips[first]!.push(polygon)
    return
  }
  const whole = withSeamVertices(polygon, seams)
  for (let strip = first; strip <= last; strip++) {
    const west = strip === 0 ? Number.NEGATIVE_INFINITY : seams[strip - 1]!
    const east = strip === seams.length ? Number.POSITIVE_INFINITY : seams[strip]!
    const part = whole.filter(({ x }) => x >= west && x <= east)
    if (part.length > 2) strips[strip]!.push(part)
  }
}

/** Every crossing with a seam as a vertex, computed in one direction, so that both strips get the same. */
function withSeamVertices(polygon: Path64, seams: number[]): Path64 {
  const whole: Path64 = []
  polygon.forEach((from, i) => {
    whole.push(from)
    const to = polygon[(i + 1) % polygon.length]!
    const [left, right] = from.x < to.x ? [from, to] : [to, from]
    const added: Path64 = []
    for (let k = stripOf(seams, left.x); k < seams.length && seams[k]! < right.x; k++) {
      const t = (seams[k]! - left.x) / (right.x - left.x)
      added.push({ x: seams[k]!, y: Math.round(left.y + t * (right.y - left.y)) })
    }
    if (left !== from) added.reverse()
    whole.push(...added)
  })
  return whole
}

/** Takes the edges along the strip's seams out of a ring: what remains are open outlines, or the ring itself. */
function splitAtSeams(
  ring: Path64,
  seams: number[],
  strip: number,
  closed: Paths64,
  open: Path64[],
): void {
  const count = ring.length
  const onSeam = (i: number): boolean => {
    const { x } = ring[i % count]!
    return x === ring[(i + 1) % count]!.x && (x === seams[strip - 1] || x === seams[strip])
  }
  let begin = 0
  while (begin < count && !onSeam(begin)) begin++
  if (begin === count) {
    closed.push(ring)
    return
  }
  let line: Path64 = []
  for (let i = begin + 1; i <= begin + count; i++) {
    line.push(ring[i % count]!)
    if (!onSeam(i)) continue
    if (line.length > 1) open.push(line)
    line = []
  }
}

/** Joins outlines end to start into rings; null when an end finds no start. */
function sew(open: Path64[], seams: Set<number>): Paths64 | null {
  const starts = new Map<string, Path64[]>()
  const keyOf = ({ x, y }: Point64): string => `${x},${y}`
  for (const line of open) {
    const key = keyOf(line[0]!)
    const known = starts.get(key)
    if (known) known.push(line)
    else starts.set(key, [line])
  }
  const rings: Paths64 = []
  const used = new Set<Path64>()
  for (const begin of open) {
    if (used.has(begin)) continue
    const ring: Path64 = []
    let line: Path64 | undefined = begin
    do {
      used.add(line)
      for (let i = 0; i + 1 < line.length; i++) ring.push(line[i]!)
      const waiting: Path64[] | undefined = starts.get(keyOf(line.at(-1)!))
      const home: number = waiting?.indexOf(begin) ?? -1
      line = home >= 0 ? begin : waiting?.find((other) => !used.has(other))
      if (line === undefined) return null
    } while (line !== begin)
    const clean = withoutSewing(ring, seams)
    if (clean.length > 2) rings.push(clean)
  }
  return rings
}

/** Without the vertices that only the seams made. */
function withoutSewing(ring: Path64, seams: Set<number>): Path64 {
  const clean: Path64 = []
  ring.forEach((point, i) => {
    if (seams.has(point.x)) {
      const before = clean.at(-1) ?? ring.at(-1)!
      const after = ring[(i + 1) % ring.length]!
      const dx = after.x - before.x
      const dy = after.y - before.y
      const cross = Math.abs(dx * (point.y - before.y) - dy * (point.x - before.x))
      if (cross <= STRAIGHT_UNITS * Math.hypot(dx, dy)) return
    }
    clean.push(point)
  })
  return clean
}
