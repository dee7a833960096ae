// The user's layer template as parsed JSON; the pipelines check what it holds.
import { readFileSync } from 'node:fs'
import { AppError } from '../base/errors.ts'

/** Null without a file. Throws LAYERS_INVALID when it cannot be read as JSON. */
export function readLayersFile(file: string | null): unknown {
  if (file === null) return null
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new AppError(
      'LAYERS_INVALID',
      'The layer template cannot be read as JSON. Correct it, or unset SISRUA_LAYERS.',
      { cause },
    )
  }
}
