// Where a contour's height is written: on its straightest stretch, along the line, readable from below or from the right.
import type { Paths } from './paths.ts'

export interface ContourLabel {
  /** Number of the path. */
  path: number
  x: number
  y: number
  /** Radians, counter-clockwise from east, within (-π/2, π/2]: never upside down. */
  rotation: number
}

/**
 * One label for each path that is longer than `minLengthMeters`, and one more for every `spacingMeters` of its length. The place is
 * the middle of the window whose chord is nearest to its arc: of `calmMeters`, so that the text stands off the bends, or of
 * `windowMeters` (about the text's width) where the line is shorter than that.
 */
export function placeLabels(
  paths: Paths,
  chosen: (path: number) => boolean,
  options: {
    minLengthMeters: number
    spacingMeters: number
    windowMeters: number
    calmMeters: number
  },
): ContourLabel[] {
  const { coords, offsets } = paths
  const labels: ContourLabel[] = []
  for (let path = 0; path + 1 < offsets.length; path++) {
    if (!chosen(path)) continue
    const first = offsets[path]!
    const end = offsets[path + 1]!
    const along = new Float64Array(end - first)
    for (let i = first + 1; i < end; i++) {
      along[i - first] =
        along[i - first - 1]! +
        Math.hypot(coords[2 * i]! - coords[2 * i - 2]!, coords[2 * i + 1]! - coords[2 * i - 1]!)
    }
    const length = along[along.length - 1]!
    if (!(length >= options.minLengthMeters)) continue
    const parts = Math.max(1, Math.round(length / options.spacingMeters))
    for (let part = 0; part < parts; part++) {
      // Off the ends of its part, or two parts would set their labels side by side.
      const margin = parts > 1 ? 0.2 : 0
      const from = (length * (part + margin)) / parts
      const to = (length * (part + 1 - margin)) / parts
      const best =
        straightest(coords, first, along, from, to, options.calmMeters) ??
        straightest(coords, first, along, from, to, options.windowMeters)
      if (best !== null) labels.push({ path, ...best })
    }
  }
  return labels
}

function straightest(
  coords: Float64Array,
  first: number,
  along: Float64Array,
  from: number,
  to: number,
  window: number,
): Omit<ContourLabel, 'path'> | null {
  let best: Omit<ContourLabel, 'path'> | null = null
  let bestChord = 0
  let end = 0
  for (let i = 0; i < along.length; i++) {
    if (along[i]! < from || along[i]! > to) continue
    end = Math.max(end, i)
    while (end < along.length - 1 && along[end]! - along[i]! < window) end++
    const arc = along[end]! - along[i]!
    if (arc < window) break
    const a = 2 * (first + i)
    const b = 2 * (first + end)
    const dx = coords[b]! - coords[a]!
    const dy = coords[b + 1]! - coords[a + 1]!
    const chord = Math.hypot(dx, dy) / arc
    if (chord <= bestChord) continue
    bestChord = chord
    best = middle(coords, first, along, (along[i]! + along[end]!) / 2, upright(Math.atan2(dy, dx)))
  }
  return best
}

function middle(
  coords: Float64Array,
  first: number,
  along: Float64Array,
  at: number,
  rotation: number,
): Omit<ContourLabel, 'path'> {
  let i = 1
  while (i < along.length - 1 && along[i]! < at) i++
  const span = along[i]! - along[i - 1]!
  const t = span > 0 ? (at - along[i - 1]!) / span : 0
  const a = 2 * (first + i - 1)
  return {
    x: coords[a]! + (coords[a + 2]! - coords[a]!) * t,
    y: coords[a + 1]! + (coords[a + 3]! - coords[a + 1]!) * t,
    rotation,
  }
}

function upright(angle: number): number {
  if (angle > Math.PI / 2) return angle - Math.PI
  return angle <= -Math.PI / 2 ? angle + Math.PI : angle
}
