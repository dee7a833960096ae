// Elevation answers at once, without a job: find the tiles, read the windows, compute in a worker.
import { AppError } from '../base/errors.ts'
import type { DemWindow } from '../kernel/formats/dem-file.ts'
import type { Bbox } from '../kernel/geo/bbox.ts'
import type { SampleMethod } from '../kernel/geo/sample.ts'
import { type ElevationPoint, elevationPointBbox } from '../kernel/pipelines/elevation-point.v1.ts'
import {
  type ElevationProfile,
  elevationProfileBbox,
} from '../kernel/pipelines/elevation-profile.v1.ts'
import type { Sources } from '../sources/collect.ts'
import type { Compute } from '../workers/compute.ts'

export interface Terrain {
  /** Height of one place. Throws DEM_NOT_COVERED when no file reaches it or it lies in a void. */
  point(
    lon: number,
    lat: number,
    method: SampleMethod,
    signal: AbortSignal,
  ): Promise<ElevationPoint>
  /** Heights at the vertices of a line (interleaved lon, lat). Throws DEM_NOT_COVERED when none is known. */
  profile(
    lonLat: Float64Array,
    method: SampleMethod,
    signal: AbortSignal,
  ): Promise<ElevationProfile>
  /** The wire's JSON (UTF-8). Throws DEM_NOT_COVERED, CONTOURS_TOO_MANY. */
  contours(bbox: Bbox, intervalMeters: number, signal: AbortSignal): Promise<Uint8Array>
}

/** Degrees; a wider request would read more terrain than an answer at once should. */
const MAX_SPAN_DEGREES = 1

export function createTerrain({
  sources,
  compute,
}: {
  sources: Sources
  compute: Compute
}): Terrain {
  async function windows(bbox: Bbox, signal: AbortSignal): Promise<DemWindow[]> {
    if (bbox.east - bbox.west > MAX_SPAN_DEGREES || bbox.north - bbox.south > MAX_SPAN_DEGREES) {
      throw new AppError(
        'PARAMS_INVALID',
        `The area is wider than ${MAX_SPAN_DEGREES} degree. Ask for it in parts.`,
      )
    }
    const inputs = await sources.collect([{ kind: 'dem', bbox, optional: false }], signal, () => {})
    return inputs.dem ?? []
  }
  return {
    async point(lon, lat, method, signal) {
      const dem = await windows(elevationPointBbox(lon, lat), signal)
      const found = await compute.run(
        'elevationPoint',
        { latitude: lat, longitude: lon, method, dem },
        { signal },
      )
      if (found.elevation === null) throw inVoid('this place')
      return found
    },
    async profile(lonLat, method, signal) {
      const dem = await windows(elevationProfileBbox(lonLat), signal)
      const found = await compute.run(
        'elevationProfile',
        // No points between the given vertices.
        { path: lonLat, stepMeters: Number.POSITIVE_INFINITY, method, dem },
        { signal },
      )
      if (found.elevations.every((height) => height === null)) throw inVoid('this line')
      return found
    },
    async contours(bbox, intervalMeters, signal) {
      const dem = await windows(bbox, signal)
      return compute.run('boxContours', { bbox, intervalMeters, dem }, { signal })
    },
  }
}

const inVoid = (what: string): AppError =>
  new AppError(
    'DEM_NOT_COVERED',
    `The elevation files have no height at ${what}. Put a tile that has one into the SISRUA_DEM_LIBRARY folder.`,
  )
