// The only file that knows proj4: whole arrays through it, with its traps closed.
// The traps: it calls console.log when a grid has no value (so extents are checked before, in ntv2.ts, and it never gets there),
// throws on NaN, answers undefined outside a grid, and keeps its grids in one table per thread.
import proj4 from 'proj4'
import { DATUM_ELLIPSOIDS } from './crs.ts'
import type { DatumName } from './crs-row.ts'
import type { Ellipsoid } from './ellipsoid.ts'
import { wrapDegrees } from './tm-series.ts'

/** Carries interleaved coordinates from one PROJ definition to another; NaN where proj4 has no answer. `out` may be `coords`. */
export interface ArrayConverter {
  forward(coords: Float64Array, out: Float64Array): void
  inverse(coords: Float64Array, out: Float64Array): void
}

/** PROJ words for an ellipsoid by its figures, so that nothing depends on anybody's list of names. */
function ellipsoidWords(ellipsoid: Ellipsoid): string {
  return `+a=${ellipsoid.semiMajorMeters} +rf=${ellipsoid.inverseFlattening}`
}

/**
 * Projection of degrees to metres on the system's own datum. `projection` is as in crs.ts; a sphere of its own (+b=, as Web
 * Mercator has) stays a sphere.
 */
export function projectionConverter(projection: string, datum: DatumName): ArrayConverter {
  const figure = projection.includes('+b=')
    ? /\+a=\S+ \+b=\S+/.exec(projection)![0]
    : ellipsoidWords(DATUM_ELLIPSOIDS[datum])
  const { forward, inverse } = arrayConverter(
    `+proj=longlat ${figure} +no_defs`,
    `${projection} ${projection.includes('+b=') ? '' : figure} +units=m +no_defs`,
  )
  const meridian = Number(/\+lon_0=(\S+)/.exec(projection)?.[1] ?? 0)
  return {
    forward(lonLat, out) {
      // proj4 unrolls a longitude only once and projects latitudes that do not exist.
      for (let i = 0; i + 1 < lonLat.length; i += 2) {
        const offset = wrapDegrees(lonLat[i]! - meridian)
        const good = Math.abs(lonLat[i + 1]!) <= 90
        out[i] = good ? meridian + offset : Number.NaN
        out[i + 1] = lonLat[i + 1]!
      }
      forward(out, out)
    },
    inverse,
  }
}

/** Grid shift of degrees by a grid that `loadGrid` made known under `key`. Points must lie inside it: see ntv2.ts. */
export function gridConverter(key: string, from: Ellipsoid, to: Ellipsoid): ArrayConverter {
  return arrayConverter(
    `+proj=longlat ${ellipsoidWords(from)} +nadgrids=${key} +no_defs`,
    `+proj=longlat ${ellipsoidWords(to)} +towgs84=0,0,0 +no_defs`,
  )
}

/** Makes an NTv2 file known to proj4 in this thread. Finer sub-grids go first: proj4 takes the first that holds a point. */
export function loadGrid(key: string, bytes: Uint8Array): void {
  // A copy of exactly these bytes: a Uint8Array is often a view into something larger.
  const buffer = bytes.slice().buffer as ArrayBuffer
  const grid = proj4.nadgrid(key, buffer)
  grid.subgrids.sort((a, b) => a.del[0]! * a.del[1]! - b.del[0]! * b.del[1]!)
}

function arrayConverter(from: string, to: string): ArrayConverter {
  const converter = proj4(from, to)
  return {
    forward: (coords, out) => carry(converter.forward, coords, out),
    inverse: (coords, out) => carry(converter.inverse, coords, out),
  }
}

function carry(
  convert: (point: { x: number; y: number }) => { x: number; y: number } | undefined,
  coords: Float64Array,
  out: Float64Array,
): void {
  const point = { x: 0, y: 0 }
  for (let i = 0; i + 1 < coords.length; i += 2) {
    point.x = coords[i]!
    point.y = coords[i + 1]!
    const answer = Number.isFinite(point.x) && Number.isFinite(point.y) ? convert(point) : undefined
    // An infinite answer (a pole in Mercator) is no coordinate either.
    const good = answer !== undefined && Number.isFinite(answer.x) && Number.isFinite(answer.y)
    out[i] = good ? answer.x : Number.NaN
    out[i + 1] = good ? answer.y : Number.NaN
  }
}
