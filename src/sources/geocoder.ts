// Place names through a Nominatim-compatible service that the settings name; at most one question a second, as its rules ask.
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { createOutbound, type Outbound } from '../base/outbound.ts'

interface FoundPlace {
  latitude: number
  longitude: number
  /** Host that answered. */
  source: string
  displayName: string
}

const PAUSE_MS = 1_000
/** Answers that are kept in memory. */
const MOST_KNOWN = 500

/** `url`: the search address, e.g. https://nominatim.example/search. */
function createGeocoder(options: { url: string; outbound: Outbound; clock: Clock }) {
  const { url, outbound, clock } = options
  let nextAt = 0
  // In the order of their last use; names of places do not change while a person works.
  const known = new Map<string, FoundPlace | null>()
  const remember = (key: string, place: FoundPlace | null): FoundPlace | null => {
    known.delete(key)
    known.set(key, place)
    const [oldest] = known.keys()
    if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest)
    return place
  }
  return {
    /** The best match, Brazil first in the service's own order; null when there is none. Throws UPSTREAM_UNAVAILABLE. */
    async find(query: string): Promise<FoundPlace | null> {
      const words = query.trim().replace(/\s+/g, ' ')
      const key = words.toLowerCase()
      const kept = known.get(key)
      if (kept !== undefined) return remember(key, kept)
      const now = clock.monotonic()
      const wait = Math.max(0, nextAt - now)
      nextAt = now + wait + PAUSE_MS
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
      const address = new URL(url)
      address.search = new URLSearchParams({
        q: words,
        format: 'jsonv2',
        limit: '1',
        'accept-language': 'pt-BR',
      }).toString()
      const answer = await outbound.request({
        url: address.href,
        timeoutMs: 8_000,
        maxBytes: 256 * 1024,
      })
      if (answer.status !== 200) throw unusable(address.host)
      return remember(key, read(answer.bytes, address.host))
    },
  }
}

function read(bytes: Uint8Array, host: string): FoundPlace | null {
  let list: unknown
  try {
    list = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    throw unusable(host)
  }
  if (!Array.isArray(list)) throw unusable(host)
  if (list.length === 0) return null
  const { lat, lon, display_name: name } = list[0] as Record<string, unknown>
  const latitude = Number(lat)
  const longitude = Number(lon)
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) throw unusable(host)
  return { latitude, longitude, source: host, displayName: String(name ?? '').slice(0, 500) }
}

const unusable = (host: string): AppError =>
  new AppError(
    'UPSTREAM_UNAVAILABLE',
    `The geocoder ${host} gave no usable answer. Write coordinates instead.`,
  )

/** The geocoder that the settings name, with a connection to its host and no other; null when they name none. */
export function openGeocoder(
  settings: { geocoderUrl: string | null; userAgent: string },
  clock: Clock,
) {
  const { geocoderUrl: url, userAgent } = settings
  if (url === null) return null
  const { host } = new URL(url)
  const outbound = createOutbound({ userAgent, allow: (asked) => asked.host === host })
  return createGeocoder({ url, outbound, clock })
}
