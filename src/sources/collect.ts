// A pipeline's needs → its inputs: the local library first, then kept answers, then the network.
import { AppError } from '../base/errors.ts'
import type { DemWindow } from '../kernel/formats/dem.ts'
import type { Inputs, Need, OsmInput } from '../kernel/pipelines/pipeline.ts'
import type { Cache } from './cache.ts'
import type { DemLibrary } from './dem-library.ts'
import type { OsmLibrary } from './osm-library.ts'
import type { Overpass } from './overpass.ts'

export interface CollectOptions {
  /** Null when no folder is set. */
  library: OsmLibrary | null
  cache: Cache | null
  /** Null = offline. */
  overpass: Overpass | null
  dem: Pick<DemLibrary, 'windows' | 'notCovered'> | null
}

export interface Sources {
  /**
   * Fetches what is needed. `onProgress`: 0…1. Rejects with OSM_NOT_COVERED (offline), OVERPASS_UNAVAILABLE, DEM_NOT_COVERED
   * (when the need is not optional), DEM_UNREADABLE, or the signal's reason.
   */
  collect(
    needs: readonly Need[],
    signal: AbortSignal,
    onProgress: (fraction: number) => void,
  ): Promise<Inputs>
}

export function createSources(options: CollectOptions): Sources {
  return {
    async collect(needs, signal, onProgress) {
      const inputs: Inputs = {}
      for (const [i, need] of needs.entries()) {
        signal.throwIfAborted()
        onProgress(i / needs.length)
        if (need.kind === 'osm') inputs.osm = await collectOsm(options, need, signal)
        else inputs.dem = await collectDem(options.dem, need, signal)
      }
      onProgress(1)
      return inputs
    },
  }
}

async function collectOsm(
  { library, cache, overpass }: CollectOptions,
  { bbox, query }: Extract<Need, { kind: 'osm' }>,
  signal: AbortSignal,
): Promise<OsmInput> {
  const local = await library?.find(bbox)
  if (local) return local
  const key = `overpass\n${query}`
  const kept = (await cache?.get(key)) ?? null
  if (kept?.fresh) return { bytes: kept.bytes, source: kept.source }
  if (overpass === null && kept === null) {
    throw new AppError(
      'OSM_NOT_COVERED',
      'No saved extract covers this area and no Overpass server is set; put an extract into the OSM library, or set SISRUA_OVERPASS_URLS.',
    )
  }
  try {
    if (overpass === null) throw new AppError('OVERPASS_UNAVAILABLE')
    const { bytes, server } = await overpass.ask(query, signal)
    await cache?.put(key, bytes, server)
    return { bytes, source: server }
  } catch (error) {
    // An old map is better than none; its age stands in the drawing as the data's own time stamp.
    const gone = error instanceof AppError && error.code === 'OVERPASS_UNAVAILABLE'
    if (!gone || kept === null) throw error
    return { bytes: kept.bytes, source: kept.source }
  }
}

async function collectDem(
  dem: CollectOptions['dem'],
  { bbox, optional }: Extract<Need, { kind: 'dem' }>,
  signal: AbortSignal,
): Promise<DemWindow[]> {
  const windows = (await dem?.windows(bbox, { signal })) ?? []
  if (windows.length === 0 && !optional) {
    throw (await dem?.notCovered(signal)) ?? new AppError('DEM_NOT_COVERED')
  }
  return windows
}
