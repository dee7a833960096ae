// One transverse Mercator plane over arrays of points: each run of points goes through the fastest kernel that is right for it.
import type { Bbox } from './bbox.ts'
import type { TransverseMercator } from './tm-coefficients.ts'
import { transverseMercatorSeries } from './tm-coefficients.ts'
import { fitLocal } from './tm-fit.ts'
import type { LocalFit } from './tm-fit-kernel.ts'
import { forwardFit, insideFit } from './tm-fit-kernel.ts'
import { forwardNear, nearForward } from './tm-forward.ts'
import { inverseNear, nearInverse } from './tm-inverse.ts'
import { NEAR_DEGREES, transverseMercatorKernel } from './tm-kernel.ts'
import { forwardSeries, inverseSeries, wrapDegrees } from './tm-series.ts'

/** Points handled between two sortings: small enough that the second pass finds them in the cache. */
const RUN_POINTS = 2048

/** Forward and inverse of one plane; arrays as in projector.ts. */
export interface PlaneProjector {
  forward(lonLat: Float64Array, out: Float64Array): void
  inverse(eastingNorthing: Float64Array, out: Float64Array): void
  /** Checked error of the fitted polynomial in metres; null when none is in use. */
  readonly fitErrorMeters: number | null
}

/**
 * A plane's projector. Inside `bbox` (degrees) the fitted polynomial serves when its check allows; points outside it, and all
 * points without a box, take the series: as polynomials near the meridian, with Math beyond. A point's result does not
 * depend on the points around it.
 */
export function createPlaneProjector(plane: TransverseMercator, bbox?: Bbox): PlaneProjector {
  const series = transverseMercatorSeries(plane)
  const kernel = transverseMercatorKernel(series)
  const fit = bbox === undefined ? null : fitLocal(series, bbox)
  const meridian = series.centralMeridianDegrees
  const reachesAntimeridian = Math.abs(meridian) + NEAR_DEGREES + 1 > 180

  function forwardBySeries(
    lonLat: Float64Array,
    out: Float64Array,
    from: number,
    to: number,
  ): void {
    for (let start = from; start < to; ) {
      let end = nearForward(meridian, lonLat, start, to)
      if (end > start) forwardNear(kernel, lonLat, out, start, end)
      else forwardSeries(series, lonLat, out, start, ++end)
      start = end
    }
  }

  function forwardByFit(
    local: LocalFit,
    lonLat: Float64Array,
    out: Float64Array,
    from: number,
    limit: number,
  ): void {
    for (let start = from; start < limit; ) {
      let end = insideFit(local, lonLat, start, limit)
      forwardFit(local, lonLat, out, start, end)
      start = end
      while (end < limit && insideFit(local, lonLat, end, end + 1) === end) end++
      forwardBySeries(lonLat, out, start, end)
      start = end
    }
  }

  function forward(lonLat: Float64Array, out: Float64Array): void {
    const count = lonLat.length >> 1
    for (let start = 0; start < count; start += RUN_POINTS) {
      const end = Math.min(start + RUN_POINTS, count)
      if (fit === null) forwardBySeries(lonLat, out, start, end)
      else forwardByFit(fit, lonLat, out, start, end)
    }
  }

  function inverse(eastingNorthing: Float64Array, out: Float64Array): void {
    const count = eastingNorthing.length >> 1
    for (let start = 0; start < count; ) {
      const limit = Math.min(start + RUN_POINTS, count)
      let end = nearInverse(series, eastingNorthing, start, limit)
      if (end > start) {
        inverseNear(kernel, eastingNorthing, out, start, end)
        if (reachesAntimeridian) wrapLongitudes(out, start, end)
      } else inverseSeries(series, eastingNorthing, out, start, ++end)
      start = end
    }
  }

  return { forward, inverse, fitErrorMeters: fit?.worstErrorMeters ?? null }
}

function wrapLongitudes(lonLat: Float64Array, start: number, end: number): void {
  for (let i = 2 * start; i < 2 * end; i += 2) lonLat[i] = wrapDegrees(lonLat[i]!)
}
