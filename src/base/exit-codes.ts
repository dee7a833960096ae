// How the program ends: one table for the daemon, the command line and the README.
// Below 11 and 130: the command line; 11 and from 64 on: the daemon, whose numbers follow sysexits.h.
import type { ErrorCode } from './errors.ts'

export const EXIT = {
  /** Done, or asked to stop. */
  ok: 0,
  /** The work failed; the message says why. */
  failed: 1,
  /** Wrong command line or setting. */
  usage: 2,
  /** What was named does not exist, or no data covers the place. */
  notFound: 3,
  /** Somebody else changed it meanwhile. */
  conflict: 4,
  /** An input file or value cannot be used. */
  badInput: 5,
  /** An outside service did not answer. */
  unavailable: 6,
  /** Too many requests; try later. */
  rateLimited: 7,
  /** Done, but parts of the data had to be left out; the notes say which. */
  partial: 8,
  /** The job was cancelled. */
  cancelled: 9,
  /** A coordinate system is unknown, or a datum change was refused. */
  crsRefused: 10,
  /** Another instance holds the data folder. */
  alreadyRunning: 11,
  /** A verification found tampering. */
  tampered: 12,
  /** A verification found the log rolled back or cut short. */
  rolledBack: 13,
  /** A verification could not be decided: no key or no checkpoint to rely on. */
  undecided: 14,
  /** The bootstrap line did not come, or was not understood. */
  badBootstrap: 64,
  /** A mistake of the program. */
  internal: 70,
  /** Threads or memory did not come back; stopped in order, start again. */
  wornOut: 71,
  /** The storage failed while running. */
  storageFailed: 74,
  /** SQLite has the WAL-reset defect, the data folder lies on a network drive, or the database is newer than the program. */
  storageUnsafe: 78,
  /** Stopped by Ctrl-C. */
  interrupted: 130,
} as const

export type ExitName = keyof typeof EXIT

const BY_CODE: Partial<Record<ErrorCode, ExitName>> = {
  PARAMS_INVALID: 'usage',
  REQUEST_INVALID: 'usage',
  COORDINATES_MISSING: 'usage',
  COORDINATES_UNREADABLE: 'usage',
  NOT_FOUND: 'notFound',
  JOB_NOT_FOUND: 'notFound',
  PROJECT_NOT_FOUND: 'notFound',
  ARTIFACT_NOT_FOUND: 'notFound',
  AUDIT_NOT_FOUND: 'notFound',
  WEBHOOK_NOT_FOUND: 'notFound',
  DEM_NOT_COVERED: 'notFound',
  OSM_NOT_COVERED: 'notFound',
  VERSION_CONFLICT: 'conflict',
  PRECONDITION_FAILED: 'conflict',
  IDEMPOTENCY_KEY_REUSED: 'conflict',
  IDEMPOTENCY_KEY_BUSY: 'conflict',
  IDEMPOTENCY_KEY_SPENT: 'conflict',
  FILE_UNREADABLE: 'badInput',
  GEOJSON_INVALID: 'badInput',
  KML_INVALID: 'badInput',
  OSM_INVALID: 'badInput',
  DEM_UNREADABLE: 'badInput',
  LAYERS_INVALID: 'badInput',
  PROJECT_FILE_INVALID: 'badInput',
  GEOMETRY_INVALID: 'badInput',
  CONTOURS_TOO_MANY: 'badInput',
  MESH_TOO_LARGE: 'badInput',
  OVERPASS_UNAVAILABLE: 'unavailable',
  UPSTREAM_UNAVAILABLE: 'unavailable',
  RATE_LIMITED: 'rateLimited',
  QUEUE_FULL: 'rateLimited',
  CANCELLED: 'cancelled',
  CRS_UNKNOWN: 'crsRefused',
  CRS_REFUSED: 'crsRefused',
  ALREADY_RUNNING: 'alreadyRunning',
  STORE_UNSAFE: 'storageUnsafe',
  STORE_ON_NETWORK: 'storageUnsafe',
  STORE_NEWER: 'storageUnsafe',
  STORE_UNAVAILABLE: 'storageFailed',
  DISK_LOW: 'storageFailed',
  AUDIT_INCONSISTENT: 'tampered',
  AUDIT_KEY_LOCKED: 'unavailable',
  INTERNAL: 'internal',
}

/** The exit code for an error code; everything not named is `failed`. */
export function exitCodeFor(code: ErrorCode): number {
  return EXIT[BY_CODE[code] ?? 'failed']
}
