// Road edges storey by storey: bridges and tunnels do not merge with the streets they cross, but go on without a line
// across the road where they leave the ground.
import { roadEdges } from './offset.ts'
import { openCaps, type RoadCut } from './open-caps.ts'
import type { Paths } from './paths.ts'
import { pathCount } from './paths.ts'
import { signedArea } from './ring.ts'

export interface RoadEdgeSet {
  /** Outlines; closed (first vertex repeated) unless a storey ends there. */
  paths: Paths
  /** Storey of each path. */
  levels: Int32Array
}

/** No more than this part of a line is given away at one end, so that something is left of short bridges. */
const MOST_GIVEN = 0.4

/** Wider things are no roads but slips of the keyboard. */
const WIDEST_METERS = 1000

/** A gap in the surface that is narrower on average is no median but two carriageways whose widths nearly overlap. */
const NARROWEST_GAP_METERS = 0.5

/**
 * Outlines of the road surface of each storey, as `roadEdges` makes them, without slits narrower than half a metre.
 * `givenWidths[i]` (full, metres) and `levels[i]` belong to line i; lines without a width above zero, or wider than a
 * kilometre, have no part in it. Storeys meet where vertices stand in one place (to 1 mm): there the line that ends gives
 * its first metres to the other's storey, so that the junction itself is united as usual.
 */
export function roadEdgesByLevel(
  lines: Paths,
  givenWidths: ArrayLike<number>,
  levels: ArrayLike<number>,
  progress: (fraction: number) => void = () => {},
): RoadEdgeSet {
  const widths = Float64Array.from(givenWidths, (width) => (width <= WIDEST_METERS ? width : 0))
  const used = new Set<number>()
  for (let i = 0; i < pathCount(lines); i++) if (widths[i]! > 0) used.add(levels[i]!)
  const pieces = new PieceList()
  const cuts = used.size > 1 ? splitAtLevels(lines, widths, levels, pieces) : []
  if (used.size <= 1) {
    const paths = withoutSlits(roadEdges(lines, widths, progress))
    const level = [...used][0] ?? 0
    return { paths, levels: new Int32Array(pathCount(paths)).fill(level) }
  }
  const coords: Float64Array[] = []
  const offsets = [0]
  const outLevels: number[] = []
  const order = [...used].sort((a, b) => a - b)
  for (const [done, level] of order.entries()) {
    const { paths: own, widths: ownWidths } = pieces.ofLevel(level)
    const open = openCaps(
      withoutSlits(
        roadEdges(own, ownWidths, (fraction) => progress((done + fraction) / order.length)),
      ),
      cuts.filter((cut) => cut.levels.includes(level)),
    )
    const base = offsets.at(-1)!
    coords.push(open.coords)
    for (let i = 0; i < pathCount(open); i++) {
      offsets.push(base + open.offsets[i + 1]!)
      outLevels.push(level)
    }
  }
  const all = new Float64Array(2 * offsets.at(-1)!)
  let at = 0
  for (const part of coords) {
    all.set(part, at)
    at += part.length
  }
  return {
    paths: { coords: all, offsets: Uint32Array.from(offsets) },
    levels: Int32Array.from(outLevels),
  }
}

/** Without the holes (clockwise rings) whose area is less than a strip of that width along half their outline. */
function withoutSlits(rings: Paths): Paths {
  const { coords, offsets } = rings
  const kept: number[] = []
  for (let path = 0; path < pathCount(rings); path++) {
    const [start, end] = [offsets[path]!, offsets[path + 1]!]
    const length = lengthOf(coords.subarray(2 * start, 2 * end))
    const area = signedArea(coords, start, end)
    if (area > 0 || -area >= (NARROWEST_GAP_METERS * length) / 2) kept.push(path)
  }
  if (kept.length === pathCount(rings)) return rings
  const outOffsets = [0]
  for (const path of kept) outOffsets.push(outOffsets.at(-1)! + offsets[path + 1]! - offsets[path]!)
  const out = new Float64Array(2 * outOffsets.at(-1)!)
  kept.forEach((path, i) => {
    out.set(coords.subarray(2 * offsets[path]!, 2 * offsets[path + 1]!), 2 * outOffsets[i]!)
  })
  return { coords: out, offsets: Uint32Array.from(outOffsets) }
}

/** What stands at one place: the storeys of lines that pass or end, and the widest half width. */
interface Meeting {
  passing: number | null
  ending: number[]
  halfWidth: number
}

/** Fills `pieces` with the lines, cut where their storey changes; answers the cuts. */
function splitAtLevels(
  lines: Paths,
  widths: ArrayLike<number>,
  levels: ArrayLike<number>,
  pieces: PieceList,
): RoadCut[] {
  const { coords, offsets } = lines
  const meetings = meetAtEnds(lines, widths, levels)
  const cuts: RoadCut[] = []
  for (let path = 0; path < pathCount(lines); path++) {
    const half = widths[path]! / 2
    const first = offsets[path]!
    const last = offsets[path + 1]! - 1
    if (!(half > 0) || last <= first) continue
    const level = levels[path]!
    let line = coords.subarray(2 * first, 2 * last + 2)
    const length = lengthOf(line)
    for (const atEnd of [false, true]) {
      const meeting = meetings.get(placeKey(coords, atEnd ? last : first))!
      const other = meeting.passing ?? groundmost(meeting.ending)
      if (other === level) continue
      const given = Math.min(MOST_GIVEN * length, meeting.halfWidth + half)
      const from = atEnd ? reversed(line) : line
      const { stub, rest, cut } = cutAfter(from, given, half, [level, other])
      if (cut === null) continue
      cuts.push(cut)
      pieces.add(stub, 2 * half, other)
      line = atEnd ? reversed(rest) : rest
    }
    pieces.add(line, 2 * half, level)
  }
  return cuts
}

/** One entry per place where a line ends, filled with all that is there. */
function meetAtEnds(
  lines: Paths,
  widths: ArrayLike<number>,
  levels: ArrayLike<number>,
): Map<string, Meeting> {
  const { coords, offsets } = lines
  const meetings = new Map<string, Meeting>()
  for (let path = 0; path < pathCount(lines); path++) {
    if (!(widths[path]! > 0)) continue
    for (const end of [offsets[path]!, offsets[path + 1]! - 1]) {
      const key = placeKey(coords, end)
      let meeting = meetings.get(key)
      if (meeting === undefined) {
        meeting = { passing: null, ending: [], halfWidth: 0 }
        meetings.set(key, meeting)
      }
      meeting.ending.push(levels[path]!)
      meeting.halfWidth = Math.max(meeting.halfWidth, widths[path]! / 2)
    }
  }
  for (let path = 0; path < pathCount(lines); path++) {
    if (!(widths[path]! > 0)) continue
    for (let i = offsets[path]! + 1; i < offsets[path + 1]! - 1; i++) {
      const meeting = meetings.get(placeKey(coords, i))
      if (meeting === undefined) continue
      const level = levels[path]!
      meeting.passing = meeting.passing === null ? level : groundmost([meeting.passing, level])
      meeting.halfWidth = Math.max(meeting.halfWidth, widths[path]! / 2)
    }
  }
  return meetings
}

/** The storey nearest to the ground, the lower one of two equally near. */
function groundmost(levels: readonly number[]): number {
  let best = levels[0]!
  for (const level of levels) {
    const nearer = Math.abs(level) - Math.abs(best)
    if (nearer < 0 || (nearer === 0 && level < best)) best = level
  }
  return best
}

function placeKey(coords: Float64Array, i: number): string {
  return `${Math.round(coords[2 * i]! * 1000)},${Math.round(coords[2 * i + 1]! * 1000)}`
}

function lengthOf(line: Float64Array): number {
  let sum = 0
  for (let i = 2; i < line.length; i += 2)
    sum += Math.hypot(line[i]! - line[i - 2]!, line[i + 1]! - line[i - 1]!)
  return sum
}

function reversed(line: Float64Array): Float64Array {
  const back = new Float64Array(line.length)
  for (let i = 0; i < line.length; i += 2) {
    back[i] = line[line.length - 2 - i]!
    back[i + 1] = line[line.length - 1 - i]!
  }
  return back
}

/** The first `given` metres of a line, and the rest; no cut when the line has no length. */
function cutAfter(
  line: Float64Array,
  given: number,
  halfWidth: number,
  levels: [number, number],
): { stub: Float64Array; rest: Float64Array; cut: RoadCut | null } {
  let left = given
  for (let i = 0; i + 2 < line.length; i += 2) {
    const step = Math.hypot(line[i + 2]! - line[i]!, line[i + 3]! - line[i + 1]!)
    if (!(step > left)) {
      left -= step
      continue
    }
    const dx = (line[i + 2]! - line[i]!) / step
    const dy = (line[i + 3]! - line[i + 1]!) / step
    const x = line[i]! + dx * left
    const y = line[i + 1]! + dy * left
    const stub = new Float64Array(i + 4)
    stub.set(line.subarray(0, i + 2))
    stub.set([x, y], i + 2)
    const rest = new Float64Array(line.length - i)
    rest.set([x, y])
    rest.set(line.subarray(i + 2), 2)
    return { stub, rest, cut: { x, y, dx, dy, halfWidth, levels } }
  }
  return { stub: line.subarray(0, 0), rest: line, cut: null }
}

/** Lines with width and storey, collected one by one. */
class PieceList {
  readonly #lines: Float64Array[] = []
  readonly #widths: number[] = []
  readonly #levels: number[] = []

  add(line: Float64Array, width: number, level: number): void {
    this.#lines.push(line)
    this.#widths.push(width)
    this.#levels.push(level)
  }

  ofLevel(level: number): { paths: Paths; widths: number[] } {
    const lines: Float64Array[] = []
    const widths: number[] = []
    const offsets = [0]
    for (let i = 0; i < this.#lines.length; i++) {
      if (this.#levels[i] !== level) continue
      lines.push(this.#lines[i]!)
      widths.push(this.#widths[i]!)
      offsets.push(offsets.at(-1)! + this.#lines[i]!.length / 2)
    }
    const coords = new Float64Array(2 * offsets.at(-1)!)
    lines.forEach((line, i) => {
      coords.set(line, 2 * offsets[i]!)
    })
    return { paths: { coords, offsets: Uint32Array.from(offsets) }, widths }
  }
}
