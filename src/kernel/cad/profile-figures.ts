// Figures of a line's heights, for its attributes.
import type { Paths } from '../geo/paths.ts'
import type { Feature } from './drawing.ts'

/**
 * Sets elevation (mean over the vertices), min, max and, for lines, slope: mean absolute slope in percent, the climb and fall between
 * neighbouring vertices with known heights over the plane distance between them. Nothing is set where no height is known.
 */
export function setHeightFigures(feature: Feature, paths: Paths, path: number): void {
  const { coords, z, offsets } = paths
  if (z === undefined) return
  const end = offsets[path + 1]!
  let sum = 0
  let known = 0
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  let climb = 0
  let run = 0
  for (let i = offsets[path]!; i < end; i++) {
    const height = z[i]!
    if (Number.isNaN(height)) continue
    sum += height
    known++
    if (height < low) low = height
    if (height > high) high = height
    if (i + 1 >= end || Number.isNaN(z[i + 1]!)) continue
    climb += Math.abs(z[i + 1]! - height)
    run += Math.hypot(coords[2 * i + 2]! - coords[2 * i]!, coords[2 * i + 3]! - coords[2 * i + 1]!)
  }
  if (known === 0) return
  feature.elevation = sum / known
  feature.minElevation = low
  feature.maxElevation = high
  if (feature.kind === 'line' && run > 0) feature.slope = (climb / run) * 100
}
