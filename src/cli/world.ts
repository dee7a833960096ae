// The sources as the settings describe them, for commands that work without a server.
import { systemClock } from '../base/clock.ts'
import type { Config } from '../config.ts'
import { type OpenedSources, openSources } from '../sources/open.ts'

/** `demFolder` replaces the folder of the settings. */
export function openWorld(config: Config, demFolder: string | null = null): OpenedSources {
  const demLibrary = demFolder ?? config.demLibrary
  return openSources({ ...config, demLibrary, cacheFolder: config.folders.cache }, systemClock)
}
