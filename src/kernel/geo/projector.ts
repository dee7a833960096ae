// Turns longitudes and latitudes into the plane of one system and back: the door to the projection kernels for pipelines.
import type { Bbox } from './bbox.ts'
import type { Crs } from './crs.ts'
import { crsOf } from './crs.ts'
import { polyconicProjector } from './polyconic.ts'
import { projectionConverter } from './proj4-bridge.ts'
import { utmPlane } from './tm-coefficients.ts'
import { createPlaneProjector } from './tm-projector.ts'

/** Projection of interleaved coordinates. `out` may be the input array itself; without it a new array is made. NaN in, NaN out. */
export interface Projector {
  readonly epsg: number
  /** Checked error in metres of the fitted polynomial that serves inside the box; null when none is in use. */
  readonly fitErrorMeters: number | null
  /** lon, lat … in degrees of the system's own datum, to easting, northing … in metres (degrees again for a geographic system). */
  forward(lonLat: Float64Array, out?: Float64Array): Float64Array
  /** The reverse. */
  inverse(eastingNorthing: Float64Array, out?: Float64Array): Float64Array
}

/**
 * The projector of an EPSG code; CRS_UNKNOWN when the table has none. With `bbox` (degrees) a polynomial fitted to that box serves
 * the points inside it, if its checked error is below a thousandth of a millimetre; points outside take the full series.
 * No datum is changed here: WGS 84 and SIRGAS 2000 degrees are the same thing, others go through transform.ts.
 * Points that the projection cannot carry (beyond ±90°, more than about 80° from a UTM meridian) come out as NaN.
 */
export function createProjector(epsg: number, bbox?: Bbox): Projector {
  const crs = crsOf(epsg)
  const { fitErrorMeters, forward, inverse } = kernelOf(crs, bbox)
  return {
    epsg,
    fitErrorMeters,
    forward(lonLat, out = new Float64Array(lonLat.length)) {
      forward(lonLat, out)
      return out
    },
    inverse(eastingNorthing, out = new Float64Array(eastingNorthing.length)) {
      inverse(eastingNorthing, out)
      return out
    },
  }
}

type Carry = (coords: Float64Array, out: Float64Array) => void

function kernelOf(
  crs: Crs,
  bbox: Bbox | undefined,
): { fitErrorMeters: number | null; forward: Carry; inverse: Carry } {
  if (crs.utm !== null) {
    return createPlaneProjector(utmPlane(crs.ellipsoid, crs.utm.zone, crs.utm.south), bbox)
  }
  if (crs.kind === 'geographic') {
    return { fitErrorMeters: null, forward: copyPlaces, inverse: copyPlaces }
  }
  if (crs.projection.startsWith('+proj=poly')) {
    const parameter = (word: string) =>
      Number(new RegExp(`\\+${word}=(\\S+)`).exec(crs.projection)![1])
    const plane = {
      ellipsoid: crs.ellipsoid,
      centralMeridianDegrees: parameter('lon_0'),
      falseEastingMeters: parameter('x_0'),
      falseNorthingMeters: parameter('y_0'),
    }
    return { fitErrorMeters: null, ...polyconicProjector(plane) }
  }
  return { fitErrorMeters: null, ...projectionConverter(crs.projection, crs.datum) }
}

/** Degrees to degrees: the identity, except that what is no place on Earth becomes NaN as everywhere else. */
function copyPlaces(coords: Float64Array, out: Float64Array): void {
  for (let i = 0; i + 1 < coords.length; i += 2) {
    const lon = coords[i]!
    const lat = coords[i + 1]!
    const good = Number.isFinite(lon) && Math.abs(lat) <= 90
    out[i] = good ? lon : Number.NaN
    out[i + 1] = good ? lat : Number.NaN
  }
}
