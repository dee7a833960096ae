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
  const candidates: (Label & { length: number })[] = []
  for (let path = 0; path < pathCount(paths); path++) {
    const text = nameOf(path)
    if (text === null || text.trim() === '') continue
    const part = longestStraight(paths, path)
    if (part !== null) candidates.push({ ...part, text: text.trim(), path })
  }
  candidates.sort((a, b) => b.length - a.length || a.path - b.path)
  const placed = new Map<string, Label[]>()
  const labels: Label[] = []
  for (const { length, ...label } of candidates) {
    const same = placed.get(label.text)
    const needed = label.text.length * LETTER_WIDTH * LABEL_HEIGHT_METERS
    if (same !== undefined) {
      if (length < needed) continue
      if (same.some((other) => Math.hypot(other.x - label.x, other.y - label.y) < REPEAT_METERS)) {
        continue
      }
      same.push(label)
    } else placed.set(label.text, [label])
    labels.push(label)
  }
  return labels.sort((a, b) => a.path - b.path)
}

/** The longest run of segments that keep within STRAIGHT_DEGREES of the run's first segment; its middle and direction. */
function longestStraight(
  { coords, offsets }: Paths,
  path: number,
): { x: number; y: number; rotation: number; length: number } | null {
  const start = offsets[path]!
  const end = offsets[path + 1]! - 1
  const limit = Math.cos((STRAIGHT_DEGREES * Math.PI) / 180)
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
    const length = Math.hypot(dx, dy)
    if (!(length > 0)) continue
    if (run === 0 || (dx * dirX + dy * dirY) / length < limit) {
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
  if (bestFrom < 0) return null
  const ax = coords[2 * bestFrom]!
  const ay = coords[2 * bestFrom + 1]!
  const bx = coords[2 * bestTo]!
  const by = coords[2 * bestTo + 1]!
  return {
    ...middle(coords, bestFrom, bestTo, best / 2),
    rotation: upright(Math.atan2(by - ay, bx - ax)),
    length: best,
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
    const length = Math.hypot(dx, dy)
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
