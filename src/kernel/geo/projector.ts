// Turns longitudes and latitudes into the plane of one system and back: the door to the projection kernels for pipelines.
import type { Bbox } from './bbox.ts'
import { crsOf } from './crs.ts'
import { transverseMercatorSeries, utmPlane } from './tm-coefficients.ts'
import { forwardSeries, inverseSeries } from './tm-series.ts'

/** Projection of interleaved coordinates. `out` may be the input array itself; without it a new array is made. NaN in, NaN out. */
export interface Projector {
  readonly epsg: number
  /** lon, lat … in degrees of the system's own datum, to easting, northing … in metres. */
  forward(lonLat: Float64Array, out?: Float64Array): Float64Array
  /** The reverse. */
  inverse(eastingNorthing: Float64Array, out?: Float64Array): Float64Array
}

export function createProjector(epsg: number, _bbox?: Bbox): Projector {
  const crs = crsOf(epsg)
  const series = transverseMercatorSeries(utmPlane(crs.ellipsoid, crs.utm!.zone, crs.utm!.south))
  return {
    epsg,
    forward(lonLat, out = new Float64Array(lonLat.length)) {
      forwardSeries(series, lonLat, out, 0, lonLat.length >> 1)
      return out
    },
    inverse(eastingNorthing, out = new Float64Array(eastingNorthing.length)) {
      inverseSeries(series, eastingNorthing, out, 0, eastingNorthing.length >> 1)
      return out
    },
  }
}
