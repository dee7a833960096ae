// Heights along a line: one per given vertex, as the original answered, and beside it the densified profile.
import { AppError } from '../../base/errors.ts'
import { decodeDemWindows } from '../formats/dem.ts'
import type { DemWindow } from '../formats/dem-file.ts'
import type { Bbox } from '../geo/bbox.ts'
import { profileAlong } from '../geo/profile.ts'
import type { SampleMethod } from '../geo/sample.ts'
import { lineSlope } from '../geo/slope.ts'
import { elevationPointBbox } from './elevation-point.v1.ts'
import type { Codecs } from './pipeline.ts'

export interface ElevationProfileInput {
  /** Interleaved lon, lat in degrees. */
  path: Float64Array
  /** Distance between points of the profile; 0 or absent: the DEM's cell size. */
  stepMeters?: number
  method?: SampleMethod
  dem: DemWindow[]
}

export interface ElevationProfile {
  /** One per given vertex; null where no file has a height. */
  elevations: (number | null)[]
  /** True metres from the start at each given vertex. */
  chainageMeters: number[]
  verticalDatum: string | null
  sources: string[]
  method: SampleMethod
  /** The densified line: lon, lat, metres from the start, height, slope of the step that ends here in percent. */
  profile: {
    longitude: number
    latitude: number
    chainageMeters: number
    elevation: number | null
    slopePercent: number | null
  }[]
  minElevation: number | null
  maxElevation: number | null
  meanSlopePercent: number | null
  maxSlopePercent: number | null
  climbMeters: number
  descentMeters: number
}

/** Degrees that the windows must cover; PARAMS_INVALID for an empty path or one that holds no places. */
export function elevationProfileBbox(path: Float64Array): Bbox {
  const box = { west: 180, south: 90, east: -180, north: -90 }
  for (let i = 0; i + 1 < path.length; i += 2) {
    const lon = path[i]!
    const lat = path[i + 1]!
    if (!(Math.abs(lon) <= 180 && Math.abs(lat) <= 90)) {
      throw new AppError(
        'PARAMS_INVALID',
        'Every vertex needs a latitude within ±90 and a longitude within ±180.',
      )
    }
    const around = elevationPointBbox(lon, lat)
    box.west = Math.min(box.west, around.west)
    box.south = Math.min(box.south, around.south)
    box.east = Math.max(box.east, around.east)
    box.north = Math.max(box.north, around.north)
  }
  if (path.length < 2) throw new AppError('PARAMS_INVALID', 'A profile needs at least one vertex.')
  return box
}

/** Profile along the path, bilinear unless asked otherwise. */
export async function elevationProfile(
  input: ElevationProfileInput,
  codecs: Codecs,
): Promise<ElevationProfile> {
  const { path, method = 'bilinear', dem } = input
  elevationProfileBbox(path)
  const grids = await decodeDemWindows(dem, codecs)
  const first = grids[0]
  const degrees = first?.epsg === 4326 || first?.epsg === 4674
  const cellMeters = first === undefined ? 0 : first.cellSizeY * (degrees ? 111_000 : 1)
  const asked = input.stepMeters ?? 0
  // Without end: only the given places, which is what the original's door asks for.
  if (!(asked >= 0)) {
    throw new AppError('PARAMS_INVALID', 'The step of a profile must be above 0 m.')
  }
  const line = profileAlong(grids, path, asked > 0 ? asked : cellMeters, method)
  const { heights, chainageMeters, lonLat, slopePercent } = line
  // Distance against height is a line as well: its slope figures come from there.
  const unrolled = new Float64Array(2 * heights.length)
  for (let i = 0; i < heights.length; i++) unrolled[2 * i] = chainageMeters[i]!
  const figures = lineSlope(unrolled, heights, 0, heights.length)
  const profile = Array.from(heights, (height, i) => ({
    longitude: lonLat[2 * i]!,
    latitude: lonLat[2 * i + 1]!,
    chainageMeters: chainageMeters[i]!,
    elevation: known(height),
    slopePercent: known(slopePercent[i]!),
  }))
  return {
    elevations: Array.from(line.vertexAt, (i) => known(heights[i]!)),
    chainageMeters: Array.from(line.vertexAt, (i) => chainageMeters[i]!),
    verticalDatum: line.verticalDatums[0] ?? null,
    sources: line.sources,
    method,
    profile,
    minElevation: figures?.minElevation ?? null,
    maxElevation: figures?.maxElevation ?? null,
    meanSlopePercent: figures === null ? null : known(figures.meanSlopePercent),
    maxSlopePercent: figures?.maxSlopePercent ?? null,
    climbMeters: figures?.climbMeters ?? 0,
    descentMeters: figures?.descentMeters ?? 0,
  }
}

function known(value: number): number | null {
  return Number.isNaN(value) ? null : value
}
