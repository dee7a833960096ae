// How the program ends: one table for the daemon, the command line and the README.
import type { ErrorCode } from './errors.ts'

export const EXIT = {
  /** Done, or asked to stop. */
  ok: 0,
  /** The work failed; the message says why. */
  failed: 1,
  /** Wrong command line or setting. */
  usage: 2,
  /** A verification found tampering. */
  tampered: 3,
  /** Another instance holds the data folder. */
  alreadyRunning: 11,
  /** The bootstrap line did not come, or was not understood. */
  badBootstrap: 64,
  /** An input file cannot be used. */
  badInput: 65,
  /** An outside service did not answer. */
  unavailable: 69,
  /** A mistake of the program. */
  internal: 70,
  /** The storage failed while running. */
  storageFailed: 74,
  /** The storage was restored from a backup; start again. */
  storageRestored: 75,
  /** SQLite has the WAL-reset defect, or the database is newer than the program. */
  storageUnsafe: 78,
  /** Stopped by Ctrl-C. */
  interrupted: 130,
} as const

export type ExitName = keyof typeof EXIT

const BY_CODE: Partial<Record<ErrorCode, ExitName>> = {
  PARAMS_INVALID: 'usage',
  ALREADY_RUNNING: 'alreadyRunning',
  STORE_UNSAFE: 'storageUnsafe',
  STORE_NEWER: 'storageUnsafe',
  STORE_UNAVAILABLE: 'storageFailed',
  FILE_UNREADABLE: 'badInput',
  GEOJSON_INVALID: 'badInput',
  KML_INVALID: 'badInput',
  OSM_INVALID: 'badInput',
  DEM_UNREADABLE: 'badInput',
  LAYERS_INVALID: 'badInput',
  COORDINATES_MISSING: 'usage',
  COORDINATES_UNREADABLE: 'usage',
  OVERPASS_UNAVAILABLE: 'unavailable',
  UPSTREAM_UNAVAILABLE: 'unavailable',
  INTERNAL: 'internal',
}

/** The exit code for an error code; everything not named is `failed`. */
export function exitCodeFor(code: ErrorCode): number {
  return EXIT[BY_CODE[code] ?? 'failed']
}
