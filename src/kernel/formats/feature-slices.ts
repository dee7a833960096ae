// Finds the features of a large document without parsing it whole: a hundred thousand of them as objects would take ten times
// the memory of their bytes. Each is then parsed alone, and stored as the bytes it came in.
import { AppError } from '../../base/errors.ts'
import { scanJson } from './json-scan.ts'
import { decodeUtf8 } from './utf8.ts'

export interface FeatureSlices {
  /** Start and end (exclusive) of each feature in the bytes, interleaved. */
  bounds: Uint32Array
  /** The document with an empty list of features. */
  rest: Record<string, unknown>
}

/** A feature is nested less deeply than this, and a document holds at most so many brackets outside its texts. */
const LIMITS = { depth: 40, openers: 20_000_000 }
const MAX_FEATURES = 500_000
const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [34, 92, 44, 91, 93, 123, 125]

/** Throws REQUEST_INVALID when the bytes are no JSON object with a list `features`, or it is too long. */
export function sliceFeatures(bytes: Uint8Array): FeatureSlices {
  if (scanJson(bytes, LIMITS) !== 'ok') throw notUnderstood()
  const list = findList(bytes)
  const bounds: number[] = []
  let depth = 0
  let start = -1
  let i = list + 1
  for (; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte === QUOTE) {
      if (start < 0) start = i
      i = endOfString(bytes, i)
    } else if (byte === OPEN || byte === OPEN_LIST) {
      if (depth++ === 0 && start < 0) start = i
    } else if (byte === CLOSE_LIST && depth === 0) break
    else if (byte === CLOSE || byte === CLOSE_LIST) depth--
    else if (byte === COMMA && depth === 0) {
      if (start < 0) throw notUnderstood()
      bounds.push(start, i)
      start = -1
    } else if (byte > 32 && start < 0) start = i
  }
  if (start >= 0) bounds.push(start, i)
  else if (bounds.length > 0) throw notUnderstood()
  if (bounds.length > 2 * MAX_FEATURES) {
    throw new AppError('REQUEST_INVALID', `More than ${MAX_FEATURES} features; split the project.`)
  }
  const rest = parse(decodeUtf8(bytes, 0, list + 1) + decodeUtf8(bytes, i))
  // A second list of the same name would be left out unseen.
  if (!Array.isArray(rest.features) || rest.features.length > 0) throw notUnderstood()
  return { bounds: Uint32Array.from(bounds), rest }
}

/** One feature. Throws REQUEST_INVALID when it is no JSON object. */
export function parseFeature(bytes: Uint8Array, start: number, end: number) {
  return parse(decodeUtf8(bytes, start, end))
}

/** Where the list of the key `features` of the outermost object begins. */
function findList(bytes: Uint8Array): number {
  let depth = 0
  let key: string | null = null
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte === QUOTE) {
      const end = endOfString(bytes, i)
      if (depth === 1 && end - i < 16) key = decodeUtf8(bytes, i + 1, end)
      else if (depth === 1) key = null
      i = end
    } else if (byte === OPEN_LIST && depth === 1 && key === 'features') return i
    else if (byte === OPEN || byte === OPEN_LIST) depth++
    else if (byte === CLOSE || byte === CLOSE_LIST) depth--
    else if (byte === COMMA && depth === 1) key = null
  }
  throw notUnderstood()
}

/** The closing quote of the string that opens at `i`. */
function endOfString(bytes: Uint8Array, i: number): number {
  let at = i + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}

function parse(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw notUnderstood()
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notUnderstood()
  return value as Record<string, unknown>
}

const notUnderstood = (): AppError =>
  new AppError(
    'REQUEST_INVALID',
    'The features are not understood. Send one JSON object whose list `features` holds objects.',
  )
