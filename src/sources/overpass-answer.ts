// Whether bytes that came from an Overpass server are an answer at all. Overpass reports trouble in many ways: status codes,
// HTML pages, a `remark` under status 200, or an answer that simply ends.

/** Why an answer cannot be used; stable words for texts and tests. */
export type OverpassReason =
  | 'rate_limited'
  | 'user_agent_refused'
  | 'query_refused'
  | 'overloaded'
  | 'server_error'
  | 'not_json'
  | 'remark'
  | 'cut_off'
  | 'timeout'
  | 'silent'
  | 'too_large'
  | 'redirect'
  | 'network'
  | 'not_allowed'
  | 'resting'
  | 'no_server'

/** What the status says; null for 200. */
export function reasonOfStatus(status: number): OverpassReason | null {
  if (status === 200) return null
  if (status === 429) return 'rate_limited'
  if (status === 406) return 'user_agent_refused'
  if (status === 400) return 'query_refused'
  return status === 502 || status === 503 || status === 504 ? 'overloaded' : 'server_error'
}

/** Enough for the longest remark Overpass writes. */
const TAIL_BYTES = 16_384

/**
 * Looks at both ends of a body that came with status 200. A remark of Overpass is the last member after the elements,
 * so a tag called `remark` inside the data is not mistaken for one.
 */
export function inspectBody(
  bytes: Uint8Array,
): { reason: OverpassReason; words: string | null } | null {
  const decoder = new TextDecoder()
  const head = decoder.decode(bytes.subarray(0, 64)).trimStart()
  if (!head.startsWith('{')) return { reason: 'not_json', words: null }
  const tail = decoder.decode(bytes.subarray(Math.max(0, bytes.length - TAIL_BYTES))).trimEnd()
  if (!tail.endsWith('}')) return { reason: 'cut_off', words: null }
  const remark = /\]\s*,\s*"remark"\s*:\s*"((?:[^"\\]|\\.)*)"\s*\}$/.exec(tail)
  if (remark !== null) return { reason: 'remark', words: remark[1]!.slice(0, 200) }
  return /\]\s*(,\s*"[^"]*"\s*:\s*("(?:[^"\\]|\\.)*"|[\d.]+)\s*)*\}$/.test(tail)
    ? null
    : { reason: 'cut_off', words: null }
}
