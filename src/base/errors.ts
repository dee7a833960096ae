// The closed list of what can go wrong, and the one class that carries it.
// Pure: the kernel compiles this file without Node. A door turns a code into a status (http/problem.ts)
// or an exit code (cli/exit.ts), and into the user's language (base/texts.ts).

/** Every code: a short English title, and whether the same request may succeed later. */
export const ERRORS = {
  AUTH_REQUIRED: { title: 'Token required', retryable: false },
  AUTH_INVALID: { title: 'Token not accepted', retryable: false },
  AUTH_NOT_CONFIGURED: { title: 'Server authentication not configured', retryable: false },
  FORBIDDEN: { title: 'Not allowed for this role', retryable: false },
  HOST_REFUSED: { title: 'Host header refused', retryable: false },
  ORIGIN_REFUSED: { title: 'Origin refused', retryable: false },
  REQUEST_INVALID: { title: 'Request not understood', retryable: false },
  NOT_FOUND: { title: 'Not found', retryable: false },
  METHOD_NOT_ALLOWED: { title: 'Method not allowed', retryable: false },
  MEDIA_TYPE_REFUSED: { title: 'Media type refused', retryable: false },
  BODY_TOO_LARGE: { title: 'Body too large', retryable: false },
  PARAMS_INVALID: { title: 'Parameters invalid', retryable: false },
  RATE_LIMITED: { title: 'Too many requests', retryable: true },
  JOB_NOT_FOUND: { title: 'Job not found', retryable: false },
  PROJECT_NOT_FOUND: { title: 'Project not found', retryable: false },
  PROJECT_FILE_INVALID: { title: 'Not a projects file of the plugin', retryable: false },
  ARTIFACT_NOT_FOUND: { title: 'Artifact not found', retryable: false },
  AUDIT_NOT_FOUND: { title: 'Audit entry not found', retryable: false },
  AUDIT_INCONSISTENT: { title: 'Audit log contradicts itself', retryable: false },
  AUDIT_KEY_LOCKED: { title: 'Signing key of the audit log locked', retryable: false },
  WEBHOOK_NOT_FOUND: { title: 'Webhook not found', retryable: false },
  WEBHOOK_TARGET_REFUSED: { title: 'Webhook target refused', retryable: false },
  VERSION_CONFLICT: { title: 'Version conflict', retryable: false },
  PRECONDITION_FAILED: { title: 'Changed meanwhile', retryable: false },
  IDEMPOTENCY_KEY_REUSED: { title: 'Idempotency key reused with another body', retryable: false },
  IDEMPOTENCY_KEY_BUSY: { title: 'Idempotency key in use', retryable: true },
  IDEMPOTENCY_KEY_SPENT: { title: 'Idempotency key spent', retryable: false },
  CANCELLED: { title: 'Cancelled', retryable: false },
  SHUTDOWN: { title: 'Server is stopping', retryable: true },
  QUEUE_FULL: { title: 'Queue full', retryable: true },
  DISK_LOW: { title: 'Disk almost full', retryable: true },
  STORE_UNAVAILABLE: { title: 'Storage not available', retryable: true },
  STORE_UNSAFE: { title: 'Storage engine not safe to use', retryable: false },
  STORE_ON_NETWORK: { title: 'Data folder on a network drive', retryable: false },
  STORE_NEWER: { title: 'Database newer than the program', retryable: false },
  ALREADY_RUNNING: { title: 'Another instance is running', retryable: false },
  RESULT_CORRUPT: { title: 'Stored result damaged', retryable: false },
  POISON_JOB: { title: 'Job crashed the program too often', retryable: false },
  MEMORY_LIMIT: { title: 'Memory limit reached', retryable: false },
  COMPUTE_TIMEOUT: { title: 'Computation took too long', retryable: false },
  COORDINATES_MISSING: { title: 'Coordinates missing', retryable: false },
  COORDINATES_UNREADABLE: { title: 'Coordinates not understood', retryable: false },
  GEOJSON_INVALID: { title: 'GeoJSON invalid', retryable: false },
  KML_INVALID: { title: 'KML invalid', retryable: false },
  GEOMETRY_INVALID: { title: 'Geometry invalid', retryable: false },
  OSM_INVALID: { title: 'OpenStreetMap data invalid', retryable: false },
  OVERPASS_UNAVAILABLE: { title: 'Overpass not available', retryable: true },
  OSM_NOT_COVERED: { title: 'Area not covered by the OSM library', retryable: false },
  DEM_UNREADABLE: { title: 'Elevation file not readable', retryable: false },
  DEM_NOT_COVERED: { title: 'No elevation for this place', retryable: false },
  CONTOURS_TOO_MANY: { title: 'Too many contours', retryable: false },
  MESH_TOO_LARGE: { title: 'Terrain mesh too large', retryable: false },
  CRS_UNKNOWN: { title: 'CRS unknown', retryable: false },
  CRS_REFUSED: { title: 'CRS operation refused', retryable: false },
  LAYERS_INVALID: { title: 'Layer template invalid', retryable: false },
  FILE_UNREADABLE: { title: 'File not readable', retryable: false },
  UPSTREAM_UNAVAILABLE: { title: 'Outside service not available', retryable: true },
  INTERNAL: { title: 'Unexpected error', retryable: false },
} as const satisfies Record<string, { title: string; retryable: boolean }>

export type ErrorCode = keyof typeof ERRORS

/** What a message template may need; scalars only, so that it crosses threads and JSON unharmed. */
export type ErrorData = Record<string, string | number | boolean | null>

/** An error as plain data: what crosses a thread or is kept in a row. */
export interface PlainError {
  code: ErrorCode
  message: string
  data: ErrorData
}

/**
 * The only error this program raises on purpose.
 * `message` is English and says what happened, why, and what to do; it never holds a path of ours, SQL or a stack.
 */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly data: ErrorData

  constructor(
    code: ErrorCode,
    message: string = ERRORS[code].title,
    options: { data?: ErrorData; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.data = options.data ?? {}
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable
  }
}

/** Anything thrown, as plain data; what is not an AppError becomes INTERNAL with a general text. */
export function toPlain(error: unknown): PlainError {
  if (error instanceof AppError) {
    return { code: error.code, message: error.message, data: error.data }
  }
  return { code: 'INTERNAL', message: ERRORS.INTERNAL.title, data: {} }
}
