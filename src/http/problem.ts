// An error → a status and an RFC 9457 problem document, in the user's language. `detail` keeps the original's texts word
// for word where its clients or tests know them; a 5xx never tells more than the general text of its code.
import { conflictText } from '../base/conflict-texts.ts'
import { errorText, errorTitle } from '../base/error-texts.ts'
import { AppError, ERRORS, type ErrorCode } from '../base/errors.ts'
import type { Language } from '../base/texts.ts'

export const STATUS = {
  AUTH_REQUIRED: 401,
  AUTH_INVALID: 401,
  AUTH_NOT_CONFIGURED: 500,
  FORBIDDEN: 403,
  HOST_REFUSED: 421,
  ORIGIN_REFUSED: 403,
  REQUEST_INVALID: 400,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  MEDIA_TYPE_REFUSED: 415,
  BODY_TOO_LARGE: 413,
  PARAMS_INVALID: 422,
  RATE_LIMITED: 429,
  JOB_NOT_FOUND: 404,
  PROJECT_NOT_FOUND: 404,
  PROJECT_FILE_INVALID: 422,
  ARTIFACT_NOT_FOUND: 404,
  AUDIT_NOT_FOUND: 404,
  AUDIT_INCONSISTENT: 500,
  AUDIT_KEY_LOCKED: 503,
  WEBHOOK_NOT_FOUND: 404,
  WEBHOOK_TARGET_REFUSED: 422,
  VERSION_CONFLICT: 409,
  PRECONDITION_FAILED: 412,
  IDEMPOTENCY_KEY_REUSED: 422,
  IDEMPOTENCY_KEY_BUSY: 409,
  IDEMPOTENCY_KEY_SPENT: 409,
  CANCELLED: 409,
  SHUTDOWN: 503,
  QUEUE_FULL: 503,
  DISK_LOW: 507,
  STORE_UNAVAILABLE: 503,
  STORE_UNSAFE: 500,
  STORE_ON_NETWORK: 500,
  STORE_NEWER: 500,
  ALREADY_RUNNING: 409,
  RESULT_CORRUPT: 500,
  POISON_JOB: 422,
  MEMORY_LIMIT: 422,
  COMPUTE_TIMEOUT: 504,
  COORDINATES_MISSING: 422,
  COORDINATES_UNREADABLE: 422,
  GEOJSON_INVALID: 400,
  KML_INVALID: 400,
  GEOMETRY_INVALID: 400,
  OSM_INVALID: 503,
  OVERPASS_UNAVAILABLE: 503,
  OSM_NOT_COVERED: 503,
  DEM_UNREADABLE: 503,
  DEM_NOT_COVERED: 503,
  CONTOURS_TOO_MANY: 422,
  MESH_TOO_LARGE: 422,
  CRS_UNKNOWN: 422,
  CRS_REFUSED: 422,
  LAYERS_INVALID: 500,
  FILE_UNREADABLE: 500,
  UPSTREAM_UNAVAILABLE: 503,
  INTERNAL: 500,
} as const satisfies Record<ErrorCode, number>

/** Texts that the original's clients and tests know. */
const ORIGINAL_DETAIL: Partial<Record<ErrorCode, string>> = {
  AUTH_REQUIRED: 'Unauthorized',
  AUTH_INVALID: 'Unauthorized',
  AUTH_NOT_CONFIGURED: 'Server Authentication Not Configured',
  JOB_NOT_FOUND: 'Job not found',
  RATE_LIMITED: 'Rate limit exceeded. Please slow down.',
}

/** One wrong field, in the shape FastAPI gave and with a JSON Pointer. */
export interface FieldError {
  loc: (string | number)[]
  msg: string
  type: string
  pointer: string
}

export interface ProblemBody {
  type: string
  title: string
  status: number
  detail: string
  instance: string
  code: ErrorCode
  request_id: string
  retryable: boolean
  /** The particular cause in English, when `detail` is the general text in Portuguese. */
  reason?: string
  errors?: FieldError[]
}

export interface ProblemContext {
  language: Language
  /** Path without the query. */
  instance: string
  requestId: string
}

/** Whatever was thrown, as the body to send. Unknown errors become INTERNAL. */
export function toProblem(error: unknown, context: ProblemContext): ProblemBody {
  const known = error instanceof AppError ? error : new AppError('INTERNAL')
  const { code, message, data } = known
  const status: number = STATUS[code]
  const particular = message !== ERRORS[code].title && !(status === 500 || code === 'INTERNAL')
  const fields = error instanceof InvalidFields ? error.fields : undefined
  const body: ProblemBody = {
    type: `urn:sisrua:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: errorTitle(context.language, code),
    status,
    detail: detailOf(),
    instance: context.instance,
    code,
    request_id: context.requestId,
    retryable: ERRORS[code].retryable,
  }
  if (particular && body.detail !== message) body.reason = message
  if (fields !== undefined) body.errors = fields
  return body

  function detailOf(): string {
    const original = ORIGINAL_DETAIL[code]
    if (original !== undefined) return original
    if (code === 'VERSION_CONFLICT') return conflictText(context.language, data) ?? message
    if (fields !== undefined) return describeFields(fields, context.language)
    return context.language === 'en' && particular
      ? message
      : errorText(context.language, code, data)
  }
}

/** PARAMS_INVALID with the fields that were wrong. */
export class InvalidFields extends AppError {
  readonly fields: FieldError[]

  constructor(fields: FieldError[]) {
    super('PARAMS_INVALID', describeFields(fields, 'en'))
    this.fields = fields
  }
}

function describeFields(fields: FieldError[], language: Language): string {
  const list = fields.slice(0, 5).map((field) => {
    const name = field.loc.slice(1).join('.') || String(field.loc[0])
    return `${name}: ${language === 'en' ? field.msg : translate(field)}`
  })
  const start = language === 'en' ? 'Some parameters are not valid' : 'Há parâmetros inválidos'
  const end = language === 'en' ? 'Correct them and send again.' : 'Corrija e envie de novo.'
  return `${start} (${list.join('; ')}). ${end}`
}

/** Kinds of zod issues in Portuguese; numbers and names of the English message are kept. */
const PORTUGUESE: Record<string, string> = {
  invalid_type: 'tipo incorreto ou valor ausente',
  too_big: 'valor acima do máximo',
  too_small: 'valor abaixo do mínimo',
  invalid_value: 'valor fora das opções aceitas',
  invalid_format: 'formato incorreto',
  unrecognized_keys: 'campo desconhecido',
}

function translate(field: FieldError): string {
  const bound = /[<>]=?\s*-?[\d.]+/.exec(field.msg)?.[0]
  const text = PORTUGUESE[field.type] ?? 'valor inválido'
  return bound === undefined ? text : `${text} (${bound})`
}

/** zod's issues (structurally typed: this room's schemas are the only place that knows zod). */
export function fieldErrors(
  where: string,
  issues: readonly { path: readonly PropertyKey[]; message: string; code?: string }[],
): InvalidFields {
  return new InvalidFields(
    issues.slice(0, 20).map((issue) => {
      const path = issue.path.map((part) =>
        typeof part === 'number' ? part : String(part).slice(0, 64),
      )
      const pointer = path.map(
        (part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`,
      )
      return {
        loc: [where, ...path],
        msg: issue.message.slice(0, 200),
        type: issue.code ?? 'custom',
        pointer: `#${pointer.join('')}`,
      }
    }),
  )
}
