// The question to Overpass: one request for an area and its themes, with positions beside the node ids, so that one answer is enough.
import { AppError } from '../../base/errors.ts'
import type { ThemeName } from '../cad/themes.ts'
import { THEMES } from '../cad/themes.ts'
import type { Bbox } from '../geo/bbox.ts'

/** The server may work this long on it. */
const TIMEOUT_SECONDS = 60
/** Memory the server may use: 256 MiB, its own default being twice that. A modest claim is served sooner. */
const MAX_SIZE_BYTES = 268_435_456
/** Boxes are widened to multiples of this, so that nearby requests ask the same question and the cache can answer. */
const GRID_DEGREES = 0.01

/** The box widened to the 0.01° grid; degrees. */
export function snapBboxOutward(bbox: Bbox): Bbox {
  return {
    west: Math.max(-180, snap(Math.floor, bbox.west)),
    south: Math.max(-90, snap(Math.floor, bbox.south)),
    east: Math.min(180, snap(Math.ceil, bbox.east)),
    north: Math.min(90, snap(Math.ceil, bbox.north)),
  }
}

function snap(round: (value: number) => number, degrees: number): number {
  // Division by 100 gives the double nearest to the decimal number; multiplication by 0.01 would not.
  return round(degrees / GRID_DEGREES) / 100
}

/**
 * Overpass QL for the box (degrees, used as it is: snap it first) and themes. `out meta geom` gives version, node ids and positions;
 * `out geom(bbox)` is not used, because it would cut members off. Clipping to the circle happens here, later.
 */
export function overpassQuery(bbox: Bbox, themes: readonly ThemeName[]): string {
  const { west, south, east, north } = bbox
  if (!(west < east && south < north)) {
    throw new AppError('PARAMS_INVALID', 'The area to ask Overpass for is empty.')
  }
  const selections = new Set<string>()
  for (const theme of themes)
    for (const selection of THEMES[theme].selections) selections.add(selection)
  const box = [south, west, north, east].map((degrees) => degrees.toFixed(2)).join(',')
  return [
    `[out:json][timeout:${TIMEOUT_SECONDS}][maxsize:${MAX_SIZE_BYTES}][bbox:${box}];`,
    '(',
    ...[...selections].map((selection) => `  ${selection};`),
    ');',
    'out meta geom qt;',
    '',
  ].join('\n')
}
