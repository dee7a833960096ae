// The sources as the settings describe them, for commands that work without a server.
import type { Command } from 'commander'
import { systemClock } from '../base/clock.ts'
import type { Config } from '../config.ts'
import { type OpenedSources, openSources } from '../sources/open.ts'
import { epsgCode } from './arguments.ts'

/** Where a command's elevation comes from. */
export interface DemOptions {
  /** Replaces the folder of the settings. */
  demDir?: string
  /** EPSG code of files that name no system. */
  demCrs?: number
}

export function openWorld(config: Config, { demDir, demCrs }: DemOptions = {}): OpenedSources {
  const demLibrary = demDir ?? config.demLibrary
  return openSources(
    { ...config, demLibrary, demCrs, cacheFolder: config.folders.cache },
    systemClock,
  )
}

/** The options of every command that reads elevation. */
export function addDemOptions(command: Command): Command {
  return command
    .option('--dem-dir <folder>', 'elevation tiles (GeoTIFF, .hgt)')
    .option('--dem-crs <epsg>', 'coordinate system of tiles that name none', epsgCode)
}
