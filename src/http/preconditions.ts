// Conditional requests (RFC 9110, section 13): If-Match against lost updates, If-None-Match for what the client already has.
import { AppError } from '../base/errors.ts'
import type { AnyContext } from './context.ts'

/** A tag with what separates it from the next; lists may have empty places. */
const TAG = /[\s,]*(W\/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?:,[\s,]*|$)/y

/** The tags of a header; null when it is no list of them. */
function tagsOf(header: string): { tag: string; weak: boolean }[] | null {
  const tags: { tag: string; weak: boolean }[] = []
  TAG.lastIndex = 0
  for (let at = 0; at < header.length; at = TAG.lastIndex) {
    const found = TAG.exec(header)
    if (found === null) return null
    tags.push({ tag: found[2]!, weak: found[1] !== undefined })
  }
  return tags
}

/** Whether the client has this already, so that 304 is the answer. Weak tags count, and `*`. */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  return tagsOf(ifNoneMatch)?.some(({ tag }) => tag === etag) ?? false
}

/**
 * Works only while If-Match holds: `work` hears the version that it holds for, null without the header. `current` answers
 * the stored version. Throws PRECONDITION_FAILED when no tag is the current one (weak ones never are), also when that
 * changes under the work, or when If-None-Match names it, and PARAMS_INVALID when If-Match is no list of tags.
 */
export async function whileMatching<T, V extends number | string>(
  c: AnyContext,
  current: () => V,
  work: (seen: V | null) => Promise<T>,
): Promise<T> {
  const header = c.req.header('If-Match')
  const unwanted = c.req.header('If-None-Match')
  if (unwanted !== undefined && isKnown(unwanted, `"${current()}"`)) throw failed(current())
  if (header === undefined) return work(null)
  const tags = header.trim() === '*' ? '*' : tagsOf(header)
  if (tags === null || tags.length === 0) {
    throw new AppError('PARAMS_INVALID', 'If-Match must be ETags, e.g. "3", or *.')
  }
  const version = current()
  if (tags !== '*' && !tags.some(({ tag, weak }) => !weak && tag === `"${version}"`)) {
    throw failed(version)
  }
  try {
    return await work(version)
  } catch (error) {
    const found = current()
    if (error instanceof AppError && error.code === 'VERSION_CONFLICT' && found !== version) {
      throw failed(found)
    }
    throw error
  }
}

/** Neither the header nor the body said which version the change is meant for. */
export function versionMissing(): AppError {
  return new AppError(
    'PARAMS_INVALID',
    'Say which version you saw: the header If-Match or the field `version`.',
  )
}

function failed(found: number | string): AppError {
  return new AppError('PRECONDITION_FAILED', `It is at version ${found} now.`, {
    data: { found },
  })
}
