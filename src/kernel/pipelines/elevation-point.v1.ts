// The height of one place. Not a drawing, so a plain pair of functions in the manner of a pipeline: what it needs, what it computes.
import { AppError } from '../../base/errors.ts'
import { decodeDemWindows } from '../formats/dem.ts'
import type { DemWindow } from '../formats/dem-file.ts'
import type { Bbox } from '../geo/bbox.ts'
import { heightsAt } from '../geo/heights.ts'
import type { SampleMethod } from '../geo/sample.ts'
import type { Codecs } from './pipeline.ts'

export interface ElevationPointInput {
  latitude: number
  longitude: number
  method?: SampleMethod
  dem: DemWindow[]
}

export interface ElevationPoint {
  latitude: number
  longitude: number
  /** Metres; null where the files have a void. */
  elevation: number | null
  verticalDatum: string | null
  /** File name; null without a height. */
  source: string | null
  method: SampleMethod
}

/** About 100 m around the place: the cells that any method looks at come with the window's margin. */
const AROUND_DEGREES = 0.001

/** Degrees that the windows must cover. PARAMS_INVALID when the place is none. */
export function elevationPointBbox(longitude: number, latitude: number): Bbox {
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) {
    throw new AppError(
      'PARAMS_INVALID',
      'A place needs a latitude within ±90 and a longitude within ±180.',
    )
  }
  return {
    west: Math.max(-180, longitude - AROUND_DEGREES),
    south: Math.max(-90, latitude - AROUND_DEGREES),
    east: Math.min(180, longitude + AROUND_DEGREES),
    north: Math.min(90, latitude + AROUND_DEGREES),
  }
}

/** The height at a place, bilinear unless asked otherwise. PARAMS_INVALID when the place is none. */
export async function elevationPoint(
  input: ElevationPointInput,
  codecs: Codecs,
): Promise<ElevationPoint> {
  const { latitude, longitude, method = 'bilinear', dem } = input
  elevationPointBbox(longitude, latitude)
  const grids = await decodeDemWindows(dem, codecs)
  const answer = heightsAt(grids, Float64Array.of(longitude, latitude), method)
  const height = answer.heights[0]!
  const known = !Number.isNaN(height)
  return {
    latitude,
    longitude,
    elevation: known ? height : null,
    verticalDatum: known ? answer.verticalDatums[0]! : null,
    source: known ? answer.sources[0]! : null,
    method,
  }
}
