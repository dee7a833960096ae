// Slope along lines that carry heights.

export interface LineSlope {
  minElevation: number
  maxElevation: number
  /** Mean of the vertices' heights, weighted by the length they stand for. */
  meanElevation: number
  /** Mean absolute slope in percent: what is climbed and descended over the length; NaN without length. */
  meanSlopePercent: number
  /** Steepest segment, percent, unsigned. */
  maxSlopePercent: number
  climbMeters: number
  descentMeters: number
}

/**
 * Figures of the line of vertices `from` … `end - 1` (interleaved metres, one height each). Segments with a void at an end are left out;
 * null when no vertex has a height.
 */
export function lineSlope(
  coords: Float64Array,
  heights: Float64Array,
  from: number,
  end: number,
): LineSlope | null {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  let climb = 0
  let descent = 0
  let length = 0
  let steepest = 0
  let weighted = 0
  let sum = 0
  let count = 0
  for (let i = from; i < end; i++) {
    const z = heights[i]!
    if (Number.isNaN(z)) continue
    if (z < low) low = z
    if (z > high) high = z
    sum += z
    count++
    if (i === from || Number.isNaN(heights[i - 1]!)) continue
    const run = Math.hypot(
      coords[2 * i]! - coords[2 * i - 2]!,
      coords[2 * i + 1]! - coords[2 * i - 1]!,
    )
    if (!(run > 0)) continue
    const rise = z - heights[i - 1]!
    if (rise > 0) climb += rise
    else descent -= rise
    length += run
    weighted += run * (z + heights[i - 1]!) * 0.5
    steepest = Math.max(steepest, Math.abs(rise) / run)
  }
  if (count === 0) return null
  return {
    minElevation: low,
    maxElevation: high,
    meanElevation: length > 0 ? weighted / length : sum / count,
    meanSlopePercent: length > 0 ? (100 * (climb + descent)) / length : Number.NaN,
    maxSlopePercent: 100 * steepest,
    climbMeters: climb,
    descentMeters: descent,
  }
}
