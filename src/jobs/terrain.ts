// Elevation answers at once, without a job: find the tiles, read the windows, compute in a worker.
import { AppError } from '../base/errors.ts'
import type { DemWindow } from '../kernel/formats/dem-file.ts'
import type { Bbox } from '../kernel/geo/bbox.ts'
import { elevationProfileBbox } from '../kernel/pipelines/elevation-profile.v1.ts'
import type { Sources } from '../sources/collect.ts'
import type { Compute } from '../workers/compute.ts'

export interface Terrain {
  /** Metres for each place (interleaved lon, lat); NaN where nothing is known. */
  heights(
    lonLat: Float64Array,
    signal: AbortSignal,
  ): Promise<{ heights: Float64Array; verticalDatum: string | null }>
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
  async function windows(bbox: Bbox, optional: boolean, signal: AbortSignal): Promise<DemWindow[]> {
    if (bbox.east - bbox.west > MAX_SPAN_DEGREES || bbox.north - bbox.south > MAX_SPAN_DEGREES) {
      throw new AppError(
        'PARAMS_INVALID',
        `The area is wider than ${MAX_SPAN_DEGREES} degree. Ask for it in parts.`,
      )
    }
    const inputs = await sources.collect([{ kind: 'dem', bbox, optional }], signal, () => {})
    return inputs.dem ?? []
  }
  return {
    async heights(lonLat, signal) {
      const dem = await windows(elevationProfileBbox(lonLat), true, signal)
      if (dem.length === 0) {
        return {
          heights: new Float64Array(lonLat.length / 2).fill(Number.NaN),
          verticalDatum: null,
        }
      }
      return compute.run('heights', { lonLat, dem }, { signal })
    },
    async contours(bbox, intervalMeters, signal) {
      const dem = await windows(bbox, false, signal)
      return compute.run('boxContours', { bbox, intervalMeters, dem }, { signal })
    },
  }
}
