// The sources as the settings describe them, for commands that work without a server.
import path from 'node:path'
import { systemClock } from '../base/clock.ts'
import { createOutbound } from '../base/outbound.ts'
import type { Config } from '../config.ts'
import { createCache } from '../sources/cache.ts'
import { createSources, type Sources } from '../sources/collect.ts'
import { createDemLibrary, type DemLibrary } from '../sources/dem-library.ts'
import { createOsmLibrary, type OsmLibrary } from '../sources/osm-library.ts'
import { createOverpass } from '../sources/overpass.ts'

export interface World {
  sources: Sources
  library: OsmLibrary | null
  dem: DemLibrary
}

/** `demFolder` replaces the folder of the settings. */
export function openWorld(config: Config, demFolder: string | null = null): World {
  const hosts = new Set(config.overpassUrls.map((url) => new URL(url).host))
  const dem = createDemLibrary({ folder: demFolder ?? config.demLibrary })
  const library =
    config.osmLibrary === null
      ? null
      : createOsmLibrary({
          folder: config.osmLibrary,
          indexFile: path.join(config.folders.cache, 'osm-library.json'),
        })
  const overpass =
    config.overpassUrls.length === 0
      ? null
      : createOverpass({
          endpoints: config.overpassUrls,
          outbound: createOutbound({
            userAgent: config.userAgent,
            allow: (url) => hosts.has(url.host),
          }),
          clock: systemClock,
          timeoutMs: config.overpassTimeoutMs,
        })
  const cache = createCache({
    folder: path.join(config.folders.cache, 'answers'),
    maxBytes: config.cacheBytes,
    clock: systemClock,
  })
  return { sources: createSources({ library, cache, overpass, dem }), library, dem }
}
