// The version of a project that a client saw, from its If-Match header.
import { AppError } from '../base/errors.ts'
import type { AnyContext } from './context.ts'

/** Null without the header and for `*`. Throws PARAMS_INVALID when it is not one of our ETags. */
export function seenVersion(c: AnyContext): number | null {
  const given = c.req.header('If-Match')?.trim()
  if (given === undefined || given === '*') return null
  const found = /^"(\d{1,15})"$/.exec(given)
  if (found === null) {
    throw new AppError('PARAMS_INVALID', 'If-Match must be one ETag of a project, e.g. "3".')
  }
  return Number(found[1])
}
