// Figures of features' heights, for their attributes.
import type { Paths } from '../geo/paths.ts'
import { pathCount } from '../geo/paths.ts'
import { lineSlope } from '../geo/slope.ts'
import type { Feature, HeightFigures } from './drawing.ts'

/** Sets elevation (mean), min and max, and for lines the mean absolute slope in percent. Nothing where no height is known. */
export function setHeightFigures(feature: Feature, paths: Paths, path: number): void {
  const { coords, z, offsets } = paths
  if (z === undefined) return
  const figures = lineSlope(coords, z, offsets[path]!, offsets[path + 1]!)
  if (figures === null) return
  feature.elevation = figures.meanElevation
  feature.minElevation = figures.minElevation
  feature.maxElevation = figures.maxElevation
  const slope = figures.meanSlopePercent
  if (feature.kind === 'line' && !Number.isNaN(slope)) feature.slope = slope
}

/** The figures of `lineSlope` for every path, without an object for each. Null when the paths carry no heights. */
export function heightFigures({ coords, z, offsets }: Paths): HeightFigures | null {
  if (z === undefined) return null
  const count = pathCount({ coords, offsets })
  const figures: HeightFigures = {
    mean: new Float64Array(count),
    low: new Float64Array(count),
    high: new Float64Array(count),
    slope: new Float64Array(count),
  }
  for (let path = 0; path < count; path++) {
    const from = offsets[path]!
    const end = offsets[path + 1]!
    let low = Number.POSITIVE_INFINITY
    let high = Number.NEGATIVE_INFINITY
    let climbed = 0
    let length = 0
    let weighted = 0
    let sum = 0
    let known = 0
    let before = Number.NaN
    for (let i = from; i < end; i++) {
      const height = z[i]!
      if (Number.isNaN(height)) {
        before = height
        continue
      }
      if (height < low) low = height
      if (height > high) high = height
      sum += height
      known++
      if (!Number.isNaN(before)) {
        const dx = coords[2 * i]! - coords[2 * i - 2]!
        const dy = coords[2 * i + 1]! - coords[2 * i - 1]!
        const run = Math.sqrt(dx * dx + dy * dy)
        if (run > 0) {
          climbed += Math.abs(height - before)
          length += run
          weighted += run * (height + before) * 0.5
        }
      }
      before = height
    }
    figures.low[path] = known === 0 ? Number.NaN : low
    figures.high[path] = known === 0 ? Number.NaN : high
    figures.mean[path] = length > 0 ? weighted / length : sum / known
    figures.slope[path] = length > 0 ? (100 * climbed) / length : Number.NaN
  }
  return figures
}
