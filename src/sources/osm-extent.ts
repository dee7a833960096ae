// Where the data of a saved Overpass answer lies, found without parsing it.
import { setImmediate as breathe } from 'node:timers/promises'
import type { Bbox } from '../kernel/geo/bbox.ts'

const HEAD_BYTES = 8_192
/** Between two pieces of this size other work gets its turn. */
const PIECE_BYTES = 4_194_304

/** A box that stands before the elements, as `bounds` (Overpass's own shape) or `bbox` (west, south, east, north); else null. */
export function statedBounds(bytes: Uint8Array): Bbox | null {
  const text = new TextDecoder().decode(bytes.subarray(0, HEAD_BYTES))
  const head = text.slice(0, text.indexOf('"elements"') >>> 0)
  const bounds = /"bounds"\s*:\s*(\{[^}]*\})/.exec(head)?.[1]
  const list = /"bbox"\s*:\s*(\[[^\]]*\])/.exec(head)?.[1]
  try {
    if (bounds !== undefined) {
      const { minlon, minlat, maxlon, maxlat } = JSON.parse(bounds) as Record<string, number>
      return validBox([minlon, minlat, maxlon, maxlat])
    }
    return list === undefined ? null : validBox(JSON.parse(list) as unknown[])
  } catch {
    return null
  }
}

function validBox(numbers: unknown[]): Bbox | null {
  if (numbers.length !== 4 || !numbers.every(Number.isFinite)) return null
  const [west, south, east, north] = numbers as [number, number, number, number]
  return west <= east && south <= north ? { west, south, east, north } : null
}

/** Smallest box around every `lat` and `lon` in the text; null when there are none. */
export async function dataExtent(bytes: Uint8Array): Promise<Bbox | null> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [south, north] = await rangeOf(text, '"lat"')
  const [west, east] = await rangeOf(text, '"lon"')
  return validBox([west, south, east, north])
}

async function rangeOf(text: Buffer, key: string): Promise<[number, number]> {
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  let nextBreath = PIECE_BYTES
  for (let at = text.indexOf(key); at !== -1; at = text.indexOf(key, at + 5)) {
    const value = Number.parseFloat(
      text.toString('latin1', at + 5, at + 32).replace(/^\s*:\s*/, ''),
    )
    if (value < least) least = value
    if (value > most) most = value
    if (at > nextBreath) {
      nextBreath = at + PIECE_BYTES
      await breathe()
    }
  }
  return [least, most]
}
