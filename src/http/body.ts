// Reads a request body within its limit, byte by byte as it comes, and looks it over before anything parses it.
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { AppError } from '../base/errors.ts'
import { scanJson } from '../kernel/formats/json-scan.ts'
import { BODY_LIMITS } from '../kernel/formats/prepare-request.ts'

/** Above this size a body is parsed in a worker, never in the main thread. */
export const PARSE_HERE_BYTES = 256 * 1024

/** Bodies that may be larger than this are read by their route, which hands them to a worker. */
export const LARGEST_READ_HERE = 1024 * 1024

const bodies = new WeakMap<IncomingMessage, Promise<Buffer>>()

/**
 * All bytes of the body; whoever asks again gets the same. Throws BODY_TOO_LARGE as soon as the limit is passed, REQUEST_INVALID
 * when it is cut off.
 */
export function readBody(incoming: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const known = bodies.get(incoming)
  if (known !== undefined) return known
  const body = receive(incoming, limitBytes)
  bodies.set(incoming, body)
  return body
}

function receive(incoming: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const stop = (error: AppError): void => {
      incoming.off('data', onData)
      incoming.resume()
      reject(error)
    }
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      if (size > limitBytes) stop(tooLarge(limitBytes))
      else chunks.push(chunk)
    }
    incoming.on('data', onData)
    incoming.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    incoming.once('error', () => stop(cutOff()))
    incoming.once('close', () => stop(cutOff()))
  })
}

/** The text of a small JSON body, looked over: UTF-8, depth, number of brackets. */
export function jsonText(bytes: Buffer): string {
  if (!isUtf8(bytes)) {
    throw new AppError('REQUEST_INVALID', 'The body is not valid UTF-8. Send JSON in UTF-8.')
  }
  const verdict = scanJson(bytes, BODY_LIMITS)
  if (verdict !== 'ok') {
    throw new AppError(
      'REQUEST_INVALID',
      `The body is not usable JSON (${verdict}). Send one JSON object, nested at most ${BODY_LIMITS.depth} deep.`,
    )
  }
  return bytes.toString('utf8')
}

export function tooLarge(limitBytes: number): AppError {
  return new AppError(
    'BODY_TOO_LARGE',
    `The body is larger than the ${Math.floor(limitBytes / 1024)} KiB that this address accepts. Split the data.`,
    { data: { limitBytes } },
  )
}

const cutOff = (): AppError =>
  new AppError('REQUEST_INVALID', 'The body was cut off before its end. Send it again.')
