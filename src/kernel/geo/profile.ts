// Heights along a line: densified, with the true distance walked.
import { curvatureRadii, GRS80 } from './ellipsoid.ts'
import type { Grid } from './grid.ts'
import { heightsAt } from './heights.ts'
import type { SampleMethod } from './sample.ts'

/** Heights along a path. All arrays have one entry per point of `lonLat`. */
export interface Profile {
  /** lon, lat in degrees: the given vertices with the points set between them. */
  lonLat: Float64Array
  /** Metres on the ground from the start (ellipsoid, not the map's plane). */
  chainageMeters: Float64Array
  heights: Float64Array
  /** Slope of the segment that ends here, percent, uphill positive; NaN at the start, over voids and where nothing was walked. */
  slopePercent: Float64Array
  /** Number of each given vertex among the points. */
  vertexAt: Uint32Array
  sources: string[]
  verticalDatums: (string | null)[]
}

const RADIANS = Math.PI / 180
const MAX_POINTS = 1_000_000

/**
 * Profile along interleaved lon, lat. Points are set at most `stepMeters` apart (0: only the given vertices); a step so small that more
 * than a million points would result is widened. Between two vertices the way is the shorter one round the Earth. NaN vertices give NaN heights and add no distance.
 */
export function profileAlong(
  grids: readonly Grid[],
  path: Float64Array,
  stepMeters: number,
  method: SampleMethod = 'bilinear',
): Profile {
  const count = path.length >> 1
  const lengths = new Float64Array(Math.max(0, count - 1))
  let total = 0
  for (let i = 0; i < lengths.length; i++) {
    lengths[i] = groundDistance(path[2 * i]!, path[2 * i + 1]!, path[2 * i + 2]!, path[2 * i + 3]!)
    total += lengths[i]!
  }
  const step = stepMeters > 0 ? Math.max(stepMeters, total / MAX_POINTS) : Number.POSITIVE_INFINITY
  const lonLat: number[] = []
  const chainage: number[] = []
  const vertexAt = new Uint32Array(count)
  let walked = 0
  for (let i = 0; i < count; i++) {
    vertexAt[i] = chainage.length
    lonLat.push(path[2 * i]!, path[2 * i + 1]!)
    chainage.push(walked)
    if (i === count - 1) break
    const length = lengths[i]!
    const parts = Math.max(1, Math.ceil(length / step - 1e-9))
    for (let k = 1; k < parts; k++) {
      const t = k / parts
      lonLat.push(
        turned(path[2 * i]! + turned(path[2 * i + 2]! - path[2 * i]!) * t),
        path[2 * i + 1]! + (path[2 * i + 3]! - path[2 * i + 1]!) * t,
      )
      chainage.push(walked + length * t)
    }
    walked += length
  }
  const places = Float64Array.from(lonLat)
  const { heights, sources, verticalDatums } = heightsAt(grids, places, method)
  const chainageMeters = Float64Array.from(chainage)
  const slopePercent = new Float64Array(heights.length).fill(Number.NaN)
  for (let i = 1; i < heights.length; i++) {
    const run = chainageMeters[i]! - chainageMeters[i - 1]!
    if (run > 0) slopePercent[i] = (100 * (heights[i]! - heights[i - 1]!)) / run
  }
  return {
    lonLat: places,
    chainageMeters,
    heights,
    slopePercent,
    vertexAt,
    sources,
    verticalDatums,
  }
}

/**
 * Distance on GRS 80 between near places, with the curvature radii of the middle latitude (Bowring 1981's first term): within 1e-6
 * of the geodesic up to 10 km and 2e-5 up to 100 km, where a line straight in degrees is itself longer.
 * Long steps are cut in pieces. The shorter way across the antimeridian counts. 0 when a coordinate is NaN.
 */
export function groundDistance(lon1: number, lat1: number, lon2: number, lat2: number): number {
  const eastward = turned(lon2 - lon1)
  const span = Math.max(Math.abs(eastward), Math.abs(lat2 - lat1))
  if (!(span > 0)) return 0
  const pieces = Math.min(1_000, Math.ceil(span / 0.25))
  let sum = 0
  for (let k = 0; k < pieces; k++) {
    const lat = lat1 + ((lat2 - lat1) * (k + 0.5)) / pieces
    const { meridianMeters, primeVerticalMeters } = curvatureRadii(GRS80, lat)
    const north = ((lat2 - lat1) / pieces) * RADIANS * meridianMeters
    const east = (eastward / pieces) * RADIANS * primeVerticalMeters * Math.cos(lat * RADIANS)
    sum += Math.hypot(north, east)
  }
  return sum
}

/** Degrees of longitude, or between two longitudes, brought into ±180; those inside stay to the bit. */
function turned(degrees: number): number {
  if (degrees > 180) return degrees - 360
  return degrees < -180 ? degrees + 360 : degrees
}
