// Street names in the drawing: one text per run of a street, on its longest straight part, never upside down.
import type { Paths } from '../geo/paths.ts'
import { pathCount } from '../geo/paths.ts'

/** Where a name goes. `rotation` is in radians, counter-clockwise from east, within (-π/2, π/2]. */
export interface Label {
  text: string
  x: number
  y: number
  rotation: number
  /** Path it was made for. */
  path: number
}

/** Text height: 2 mm on paper at 1:1000. */
export const LABEL_HEIGHT_METERS = 2
/** Average width of a letter, in text heights. */
const LETTER_WIDTH = 0.7
/** A bend up to this still counts as straight. */
const STRAIGHT_DEGREES = 12
/** The same name is not written again nearer than this. */
const REPEAT_METERS = 250

/**
 * Labels for the named paths; `nameOf` gives null where nothing is to be written. Longest straight part first: a part shorter than its text is
 * passed over unless the name would then stand nowhere. Names are not repeated within 250 m, so a street that is split
 * into many ways is written once per stretch. Linear in vertices, apart from names used often.
 */
export function placeLabels(paths: Paths, nameOf: (path: number) => string | null): Label[] {
  const { offsets } = paths
  const runs: Run[] = []
  for (let path = 0; path < pathCount(paths); path++) {
    const text = nameOf(path)?.trim() ?? ''
    if (text === '') continue
    const run = longestStraight(paths, path, offsets[path]!, offsets[path + 1]! - 1, text)
    if (run !== null) runs.push(run)
  }
  runs.sort((a, b) => b.length - a.length || a.path - b.path)
  const placed = new Map<string, Label[]>()
  const labels: Label[] = []
  for (const run of runs) {
    const same = placed.get(run.text)
    const needed = run.text.length * LETTER_WIDTH * LABEL_HEIGHT_METERS
    if (same !== undefined && run.length < needed) continue
    const label = labelOn(paths.coords, run)
    if (same === undefined) placed.set(run.text, [label])
    else if (isNear(same, label)) continue
    else same.push(label)
    labels.push(label)
  }
  return labels.sort((a, b) => a.path - b.path)
}

/** Whether one of the labels stands nearer than the same name may be written again. */
function isNear(labels: readonly Label[], { x, y }: Label): boolean {
  for (let i = 0; i < labels.length; i++) {
    const dx = labels[i]!.x - x
    const dy = labels[i]!.y - y
    if (dx * dx + dy * dy < REPEAT_METERS * REPEAT_METERS) return true
  }
  return false
}

/** A straight part of a named path: vertices from…to, and its length in metres. */
interface Run {
  text: string
  path: number
  from: number
  to: number
  length: number
}

const COSINE_LIMIT = Math.cos((STRAIGHT_DEGREES * Math.PI) / 180)

/** The longest run of segments that keep within STRAIGHT_DEGREES of the run's first segment. */
function longestStraight(
  { coords }: Paths,
  path: number,
  start: number,
  end: number,
  text: string,
): Run | null {
  let best = 0
  let bestFrom = -1
  let bestTo = -1
  let from = start
  let dirX = 0
  let dirY = 0
  let run = 0
  for (let i = start; i < end; i++) {
    const dx = coords[2 * i + 2]! - coords[2 * i]!
    const dy = coords[2 * i + 3]! - coords[2 * i + 1]!
    const length = Math.sqrt(dx * dx + dy * dy)
    if (!(length > 0)) continue
    if (run === 0 || (dx * dirX + dy * dirY) / length < COSINE_LIMIT) {
      from = i
      dirX = dx / length
      dirY = dy / length
      run = 0
    }
    run += length
    if (run > best) {
      best = run
      bestFrom = from
      bestTo = i + 1
    }
  }
  return bestFrom < 0 ? null : { text, path, from: bestFrom, to: bestTo, length: best }
}

/** The name on the middle of its run, in the run's direction. */
function labelOn(coords: Float64Array, { text, path, from, to, length }: Run): Label {
  const dx = coords[2 * to]! - coords[2 * from]!
  const dy = coords[2 * to + 1]! - coords[2 * from + 1]!
  return {
    ...middle(coords, from, to, length / 2),
    rotation: upright(Math.atan2(dy, dx)),
    text,
    path,
  }
}

/** The point at a distance along the vertices from…to; on the line itself, so that the text never floats beside a bend. */
function middle(
  coords: Float64Array,
  from: number,
  to: number,
  distance: number,
): { x: number; y: number } {
  let left = distance
  for (let i = from; i < to; i++) {
    const dx = coords[2 * i + 2]! - coords[2 * i]!
    const dy = coords[2 * i + 3]! - coords[2 * i + 1]!
    const length = Math.sqrt(dx * dx + dy * dy)
    if (left <= length && length > 0) {
      return {
        x: coords[2 * i]! + (dx * left) / length,
        y: coords[2 * i + 1]! + (dy * left) / length,
      }
    }
    left -= length
  }
  return { x: coords[2 * to]!, y: coords[2 * to + 1]! }
}

/** Turns a direction so that text along it reads from the left or from below. */
function upright(angle: number): number {
  if (angle > Math.PI / 2) return angle - Math.PI
  return angle <= -Math.PI / 2 ? angle + Math.PI : angle
}
