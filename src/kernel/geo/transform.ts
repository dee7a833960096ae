// Any system of the table to any other, in one call that says what it did: which published operation, how good, which grid.
// The road is always: plane → degrees → SIRGAS 2000 degrees → degrees → plane, with the steps that are not needed left out.
import { AppError } from '../../base/errors.ts'
import { crsOf, DATUM_ELLIPSOIDS } from './crs.ts'
import type { DatumName } from './crs-row.ts'
import { DATUM_OPERATIONS, SIRGAS_TO_WGS84 } from './datum-operations.ts'
import { GRS80 } from './ellipsoid.ts'
import { translateDegrees } from './geocentric.ts'
import type { ShiftGrid } from './ntv2.ts'
import { gridCovers, gridShift } from './ntv2.ts'
import { createProjector } from './projector.ts'

export interface TransformOptions {
  /** Grids at hand (`openShiftGrid`), found by name; others are ignored. */
  grids?: readonly ShiftGrid[]
  /**
   * `best` (default): the grid when it covers EVERY point, else the published translation, and `fallback` says so.
   * `grid`: the grid or nothing. `translation`: never the grid. One call uses one operation for all of its points.
   */
  method?: 'best' | 'grid' | 'translation'
  /** With method `grid`: refuse the call when a point lies outside the grid (default), or give that point NaN. */
  outsideGrid?: 'refuse' | 'nan'
}

/** What was done to the coordinates' datum. */
export interface TransformOperation {
  /** E.g. `SAD69 to SIRGAS 2000 (1) [EPSG:15485]`; several joined by ` + `; `none` when both systems share a datum. */
  name: string
  /** As the publishers state it, summed over the steps; 0 when both systems share a datum. */
  accuracyMeters: number
  /** Names of the grids used, in order. */
  grids: string[]
  /** Why a better operation was not used; null when the best one was. */
  fallback: string | null
}

export interface Transformed {
  /** Interleaved x, y in the target's units: degrees (lon, lat) or metres. */
  coords: Float64Array
  operation: TransformOperation
}

/**
 * Transforms interleaved x, y (lon before lat) from one EPSG code to another; `coords` is not changed. NaN comes out where NaN went
 * in and where a projection has no answer. CRS_UNKNOWN for a code that the table has not, CRS_REFUSED when no operation can be used:
 * nothing is ever shifted by guess, and nothing that needs a shift goes without one.
 */
export function transform(
  from: number,
  to: number,
  coords: Float64Array,
  options: TransformOptions = {},
): Transformed {
  const source = crsOf(from)
  const target = crsOf(to)
  const operation: TransformOperation = {
    name: 'none',
    accuracyMeters: 0,
    grids: [],
    fallback: null,
  }
  const places = createProjector(from).inverse(coords)
  if (source.datum !== target.datum) {
    const steps: string[] = []
    shift(source.datum, false, places, options, operation, steps)
    shift(target.datum, true, places, options, operation, steps)
    operation.name = steps.join(' + ')
  }
  return { coords: createProjector(to).forward(places, places), operation }
}

/** Moves degrees between a datum and SIRGAS 2000 in place, and writes down how. */
function shift(
  datum: DatumName,
  inverse: boolean,
  places: Float64Array,
  options: TransformOptions,
  operation: TransformOperation,
  steps: string[],
): void {
  if (datum === 'SIRGAS 2000') return
  const direction = inverse ? 'Inverse of ' : ''
  const published = DATUM_OPERATIONS[datum]
  if (published === undefined) {
    const towardsWgs84 = inverse ? '' : 'Inverse of '
    steps.push(`${towardsWgs84}${SIRGAS_TO_WGS84.name} [EPSG:${SIRGAS_TO_WGS84.epsg}]`)
    operation.accuracyMeters += SIRGAS_TO_WGS84.accuracyMeters
    return
  }
  const ellipsoid = DATUM_ELLIPSOIDS[datum]
  const method = options.method ?? 'best'
  const found = options.grids?.find((grid) => grid.name === published.grid.file)
  const obstacle =
    method === 'translation'
      ? 'the translation was asked for'
      : gridObstacle(found, published.grid.file, places, inverse, options)
  if (obstacle === null) {
    const { forward, inverse: backward } = gridShift(found!, ellipsoid, GRS80)
    if (inverse) backward(places, places)
    else forward(places, places)
    steps.push(`${direction}${published.grid.name} [EPSG:${published.grid.epsg}]`)
    operation.accuracyMeters += published.grid.accuracyMeters
    operation.grids.push(found!.name)
    return
  }
  const { translation } = published
  if (method === 'grid' || translation === null) {
    const reason =
      translation === null
        ? `no operation between ${datum} and SIRGAS 2000 is published without a grid`
        : 'only the grid was allowed'
    throw new AppError(
      'CRS_REFUSED',
      `${datum} and SIRGAS 2000: ${obstacle}, and ${reason}. Put IBGE's ${published.grid.file}.gsb into the grids folder, or keep to the area it covers.`,
      { data: { grid: published.grid.file, datum } },
    )
  }
  const [x, y, z] = translation.meters
  if (inverse) translateDegrees(places, GRS80, ellipsoid, [-x, -y, -z])
  else translateDegrees(places, ellipsoid, GRS80, [x, y, z])
  steps.push(`${direction}${translation.name} [EPSG:${translation.epsg}]`)
  operation.accuracyMeters += translation.accuracyMeters
  if (method === 'best') {
    const text = `${obstacle}: used the three-parameter translation, good to ${translation.accuracyMeters} m instead of ${published.grid.accuracyMeters} m`
    operation.fallback = operation.fallback === null ? text : `${operation.fallback}; ${text}`
  }
}

/** Why the grid cannot serve these points; null when it can. */
function gridObstacle(
  grid: ShiftGrid | undefined,
  file: string,
  places: Float64Array,
  inverse: boolean,
  options: TransformOptions,
): string | null {
  if (grid === undefined) return `the grid ${file} is not at hand`
  if (options.method === 'grid' && options.outsideGrid === 'nan') return null
  let outside = 0
  for (let i = 0; i + 1 < places.length; i += 2) {
    const lon = places[i]!
    if (!Number.isNaN(lon) && !gridCovers(grid, lon, places[i + 1]!, inverse)) outside++
  }
  return outside === 0
    ? null
    : `${outside} of ${places.length / 2} points lie outside the grid ${file}`
}
