// Sends stored bytes as they are: whole, in parts between small texts, or a range of them.
import { Readable } from 'node:stream'
import type { StoredFile } from '../jobs/jobs.ts'

/** Small texts and stored files one after the other; nothing is parsed or joined in memory. */
export function sendParts(
  parts: (Buffer | StoredFile)[],
  headers: Record<string, string>,
  headOnly: boolean,
): Response {
  let length = 0
  for (const part of parts) length += Buffer.isBuffer(part) ? part.length : part.size
  const all = { ...headers, 'Content-Length': String(length) }
  if (headOnly) return new Response(null, { headers: all })
  if (parts.every((part) => Buffer.isBuffer(part))) {
    return new Response(new Uint8Array(Buffer.concat(parts as Buffer[])), { headers: all })
  }
  return new Response(toWeb(Readable.from(chunksOf(parts))), { headers: all })
}

async function* chunksOf(parts: (Buffer | StoredFile)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (Buffer.isBuffer(part)) yield part
    else yield* part.stream()
  }
}

const toWeb = (stream: Readable): ReadableStream<Uint8Array> =>
  Readable.toWeb(stream) as ReadableStream<Uint8Array>

interface Range {
  start: number
  /** Exclusive. */
  end: number
}

/**
 * A file with ETag (its SHA-256), Last-Modified left out, Range (one range), If-None-Match and If-Range (RFC 9110).
 * Several ranges are answered with the whole file, which the RFC allows.
 */
export function sendFile(
  file: StoredFile,
  asked: {
    range: string | undefined
    ifNoneMatch: string | undefined
    ifRange: string | undefined
  },
  headers: Record<string, string>,
  headOnly: boolean,
): Response {
  const etag = `"${file.sha256}"`
  const common = {
    ...headers,
    'Content-Type': file.mediaType,
    ETag: etag,
    'Accept-Ranges': 'bytes',
  }
  const known = (asked.ifNoneMatch ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''))
  if (known.includes(etag) || known.includes('*'))
    return new Response(null, { status: 304, headers: common })
  const ranged =
    asked.range !== undefined &&
    !headOnly &&
    (asked.ifRange === undefined || asked.ifRange === etag)
  const range = ranged ? parseRange(asked.range!, file.size) : null
  if (range === 'unsatisfiable') {
    return new Response(null, {
      status: 416,
      headers: { ...common, 'Content-Range': `bytes */${file.size}` },
    })
  }
  if (range === null) {
    const whole = { ...common, 'Content-Length': String(file.size) }
    return new Response(headOnly ? null : toWeb(file.stream()), { headers: whole })
  }
  return new Response(toWeb(file.stream(range.start, range.end)), {
    status: 206,
    headers: {
      ...common,
      'Content-Length': String(range.end - range.start),
      'Content-Range': `bytes ${range.start}-${range.end - 1}/${file.size}`,
    },
  })
}

/** `bytes=0-99`, `bytes=100-`, `bytes=-100`; null = send everything. */
function parseRange(text: string, size: number): Range | 'unsatisfiable' | null {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text.trim())
  if (found === null || (found[1] === '' && found[2] === '')) return null
  const [, first, last] = found
  if (first === '') {
    const count = Math.min(Number(last), size)
    return count === 0 ? 'unsatisfiable' : { start: size - count, end: size }
  }
  const start = Number(first)
  const end = last === '' ? size : Math.min(Number(last) + 1, size)
  if (start >= size) return 'unsatisfiable'
  return end <= start ? null : { start, end }
}
