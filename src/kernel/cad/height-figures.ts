// Figures of a feature's heights, for its attributes.
import type { Paths } from '../geo/paths.ts'
import { lineSlope } from '../geo/slope.ts'
import type { Feature } from './drawing.ts'

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
