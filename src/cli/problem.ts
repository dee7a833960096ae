// How a failed command tells its failure: one sentence for a person, or one JSON document, and the exit code.

import { errorText, errorTitle } from '../base/error-texts.ts'
import { AppError, ERRORS, type ErrorCode } from '../base/errors.ts'
import { EXIT, exitCodeFor } from '../base/exit-codes.ts'
import type { Language } from '../base/texts.ts'

export interface CliProblem {
  exitCode: number
  /** `sisrua: …`, with the stable code at the end. */
  line: string
  /** RFC 9457 members without a status, which belongs to HTTP. */
  document: Record<string, unknown>
}

/** `interrupted`: the person pressed Ctrl-C, whatever the error then was. */
export function describeProblem(
  error: unknown,
  language: Language,
  interrupted: boolean,
): CliProblem {
  const known =
    error instanceof AppError ? error : new AppError('INTERNAL', undefined, { cause: error })
  const detail = detailOf(known, language)
  const exitCode = interrupted ? EXIT.interrupted : exitCodeFor(known.code)
  return {
    exitCode,
    line: `sisrua: ${detail} [${known.code}]`,
    document: {
      code: known.code,
      data: known.data,
      detail,
      exit_code: exitCode,
      retryable: known.retryable,
      title: titleOf(known.code, language),
      type: `urn:sisrua:problem:${known.code.toLowerCase().replaceAll('_', '-')}`,
    },
  }
}

/** Codes whose general text does not say which option or file is meant; the exact English sentence follows in brackets. */
const NEEDS_EXACT_WORDS: readonly ErrorCode[] = [
  'PARAMS_INVALID',
  'COORDINATES_UNREADABLE',
  'CRS_REFUSED',
  'REQUEST_INVALID',
  'FILE_UNREADABLE',
  'LAYERS_INVALID',
  'OVERPASS_UNAVAILABLE',
  'GEOJSON_INVALID',
  'GEOMETRY_INVALID',
  'KML_INVALID',
  'PROJECT_FILE_INVALID',
  'OSM_INVALID',
  'DEM_UNREADABLE',
  'DEM_NOT_COVERED',
  'CRS_UNKNOWN',
  'STORE_UNAVAILABLE',
  'STORE_UNSAFE',
]

/** English says exactly what happened; Portuguese has a text for every code. */
function detailOf(error: AppError, language: Language): string {
  const general = error.message === ERRORS[error.code].title
  if (language === 'en' && !general) return error.message
  const text = errorText(language, error.code, error.data)
  const exact = !general && NEEDS_EXACT_WORDS.includes(error.code)
  return language === 'pt-BR' && exact ? `${text} (${error.message})` : text
}

function titleOf(code: ErrorCode, language: Language): string {
  return language === 'en' ? ERRORS[code].title : errorTitle(language, code)
}
