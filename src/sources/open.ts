// The sources as plain settings describe them: local libraries, kept answers and map servers, for the daemon and for commands alike.
import path from 'node:path'
import type { Clock } from '../base/clock.ts'
import { createOutbound } from '../base/outbound.ts'
import { type CacheState, createCache } from './cache.ts'
import { createSources, type Sources } from './collect.ts'
import { createDemLibrary, type DemLibrary } from './dem-library.ts'
import { createOsmLibrary, type OsmLibrary } from './osm-library.ts'
import { createOverpass, type ServerState } from './overpass.ts'

export interface SourceSettings {
  /** Null = none. */
  osmLibrary: string | null
  demLibrary: string | null
  /** EPSG code of elevation files that name no system; such files are refused without it. */
  demCrs?: number | undefined
  /** In order of preference; empty = offline. */
  overpassUrls: readonly string[]
  overpassTimeoutMs: number
  userAgent: string
  cacheFolder: string
  cacheBytes: number
}

export interface OpenedSources {
  sources: Sources
  library: OsmLibrary | null
  dem: DemLibrary
  /** How the map servers are, without asking them. */
  servers(): ServerState[]
  cache(): Promise<CacheState>
}

/** Opens nothing yet: folders are read and servers asked when something is needed. */
export function openSources(settings: SourceSettings, clock: Clock): OpenedSources {
  const { osmLibrary, overpassUrls, cacheFolder } = settings
  const hosts = new Set(overpassUrls.map((url) => new URL(url).host))
  const dem = createDemLibrary({
    folder: settings.demLibrary,
    ...(settings.demCrs === undefined ? {} : { epsgIfNone: settings.demCrs }),
  })
  const library =
    osmLibrary === null
      ? null
      : createOsmLibrary({
          folder: osmLibrary,
          indexFile: path.join(cacheFolder, 'osm-library.json'),
        })
  const overpass =
    overpassUrls.length === 0
      ? null
      : createOverpass({
          endpoints: overpassUrls,
          outbound: createOutbound({
            userAgent: settings.userAgent,
            allow: (url) => hosts.has(url.host),
          }),
          clock,
          timeoutMs: settings.overpassTimeoutMs,
        })
  const cache = createCache({
    folder: path.join(cacheFolder, 'answers'),
    maxBytes: settings.cacheBytes,
    clock,
  })
  return {
    sources: createSources({ library, cache, overpass, dem }),
    library,
    dem,
    servers: () => overpass?.servers() ?? [],
    cache: () => cache.state(),
  }
}
