// Reads UTM coordinates from text that coordinates-text.ts has tidied: zone with or without a latitude band, easting, northing.
import { takeMeridian } from './coordinates-meridian.ts'
import type { CoordinatesHint, ReadCoordinates } from './coordinates-reading.ts'
import { unreadable } from './coordinates-reading.ts'
import { createProjector } from './projector.ts'
import { chooseCrs } from './zone.ts'

/** Eight degrees each from 80° S; I and O are left out, X has twelve. */
const BANDS = 'CDEFGHJKLMNPQRSTUVWX'

/** Digits with any marks; coordinates-text.ts has seen to it that metres are long. */
const METRES = String.raw`(\d[\d.,]*\d)`

/** Ways to label the two; the first group is the easting unless `northFirst`. A trailing S (Google Earth) is a hemisphere. */
const LABELLED: { pattern: RegExp; northFirst: boolean }[] = [
  {
    pattern: new RegExp(
      String.raw`\b(?:E|X|EASTING|LESTE)\s*[:=]?\s*${METRES}\s*M?\b[\s,;]*(?:N|Y|NORTHING|NORTE)\s*[:=]?\s*${METRES}\s*M?\b`,
    ),
    northFirst: false,
  },
  {
    pattern: new RegExp(
      String.raw`\b(?:N|Y|NORTHING|NORTE)\s*[:=]?\s*${METRES}\s*M?\b[\s,;]*(?:E|X|EASTING|LESTE)\s*[:=]?\s*${METRES}\s*M?\b`,
    ),
    northFirst: true,
  },
  {
    pattern: new RegExp(String.raw`${METRES}\s*M?\s*E\b[\s,;]*${METRES}\s*M?\s*([NS])\b`),
    northFirst: false,
  },
  {
    pattern: new RegExp(String.raw`${METRES}\s*M?\s*([NS])\b[\s,;]*${METRES}\s*M?\s*E\b`),
    northFirst: true,
  },
]

const UNLABELLED = new RegExp(String.raw`${METRES}\s*M?[\s,;/]+${METRES}\s*M?(?![\d.,])`)

const ZONE_WORDS = String.raw`(?:(?:UTM|ZONA|ZONE|FUSO)\s*:?\s*)*`
const ZONE_BEFORE = new RegExp(
  String.raw`^${ZONE_WORDS}(?:\d{1,2}\s*[A-Z][\s,;]*|\d{1,2}[\s,;]+)(?=\d{3})`,
)
/** Not right behind a comma, where decimals stand, unless a word says zone. */
const ZONE_BEHIND = new RegExp(
  String.raw`(?:[\s;]|,\s|,(?=[UZF]))${ZONE_WORDS}\d{1,2}\s*(?:[A-Z]|SUL|NORTE|SOUTH|NORTH)?$`,
)

/** The place, or COORDINATES_UNREADABLE. */
export function readUtm(whole: string, hint: CoordinatesHint): ReadCoordinates {
  const { text, zone: byMeridian } = takeMeridian(whole)
  const { eastingText, northingText, hemisphere: written, rest } = findMetres(text)
  const { zone: zoneText, letter } = findZone(rest)
  if (zoneText !== undefined && byMeridian !== null && zoneText !== byMeridian) {
    throw unreadable(`zone ${zoneText} has another central meridian than the text names`)
  }
  const zone = zoneText ?? byMeridian ?? hint.zone
  if (zone === undefined) throw unreadable('UTM needs its zone, for example "23K" or "zone 23 S"')
  if (!(Number.isInteger(zone) && zone >= 1 && zone <= 60)) {
    throw unreadable(`${zone} is no UTM zone; zones are 1 to 60`)
  }
  let easting = metres(eastingText, 100_000, 1_000_000)
  let northing = metres(northingText, 0, 10_900_000)
  if (easting === null && metres(northingText, 100_000, 1_000_000) !== null) {
    // Unlabelled and the first cannot be an easting, the second can: northing first.
    easting = metres(northingText, 100_000, 1_000_000)
    northing = metres(eastingText, 0, 10_900_000)
  }
  if (easting === null) throw unreadable('the easting lies outside 100 000 to 1 000 000 m')
  if (northing === null) throw unreadable('the northing lies outside 0 to 10 900 000 m')
  const candidates = placesOf(zone, easting, northing)
  const place = choose(candidates, zone, letter, written ?? hint.hemisphere)
  if (written === 'S' && !place.south)
    throw unreadable('its letters contradict each other about the hemisphere')
  return {
    lon: place.lon,
    lat: place.lat,
    reading: 'UTM',
    utm: { epsg: systemOf(place, zone), zone, easting, northing },
  }
}

/** The system that the numbers belong to: SIRGAS 2000 in its area, even when they are written in the place's neighbour zone. */
function systemOf(place: Place, zone: number): number {
  const sirgas = chooseCrs(place.lon, place.lat).system === 'SIRGAS 2000'
  if (!place.south) return sirgas && zone >= 11 && zone <= 22 ? 31_954 + zone : 32_600 + zone
  if (!(sirgas && zone >= 17 && zone <= 26)) return 32_700 + zone
  return zone === 26 ? 5396 : 31_960 + zone
}

interface Place {
  lon: number
  lat: number
  /** Read with the southern false northing. */
  south: boolean
}

/** The places that zone, easting and northing can mean: in the southern system, in the northern one. */
function placesOf(zone: number, easting: number, northing: number): Place[] {
  return [true, false].flatMap((south) => {
    const [lon, lat] = createProjector((south ? 32_700 : 32_600) + zone).inverse(
      Float64Array.of(easting, northing),
    )
    // UTM's limits; the southern system is also used across the equator in Brazil, the northern one never south of it.
    const inside = south ? lat! >= -80 && lat! <= 8 : lat! >= 0 && lat! <= 84
    return inside ? [{ lon: lon!, lat: lat!, south }] : []
  })
}

/** The one place that letter, hemisphere and common sense leave. */
function choose(
  candidates: Place[],
  zone: number,
  letter: string | null,
  hemisphere: 'N' | 'S' | undefined,
): Place {
  const byBand = letter === null ? [] : candidates.filter((place) => inBand(place.lat, letter))
  // People write 23S for "zone 23 south", and S is also the band of 32–40° N.
  if (letter === 'S') {
    const southern = candidates.filter((place) => place.south)
    if (byBand.length > 0 && southern.length > 0) {
      throw unreadable(
        `"${zone}S" may mean the south or the latitude band S (32° to 40° N) here; write the band letter of the place, or "zone ${zone} south" as "${zone}${bandOf(southern[0]!.lat)}"`,
      )
    }
    const left = southern.length > 0 ? southern : byBand
    if (left.length === 0) throw unreadable(`no place has this northing in zone ${zone} south`)
    return left[0]!
  }
  if (letter === 'N' && byBand.length === 0) {
    const northern = candidates.filter((place) => !place.south)
    if (northern.length === 1) return northern[0]!
  }
  if (letter !== null) {
    if (byBand.length === 0) {
      const bands = candidates.map((place) => `${zone}${bandOf(place.lat)}`).join(' or ')
      throw unreadable(
        `the northing does not lie in the latitude band ${letter}; it would be ${bands || 'in no band'}`,
      )
    }
    return byBand[0]!
  }
  if (hemisphere !== undefined) {
    const left = candidates.filter((place) => place.south === (hemisphere === 'S'))
    if (left.length === 1) return left[0]!
  }
  if (candidates.length === 1) return candidates[0]!
  // Without a letter: the reading inside the area of SIRGAS 2000, if only one is.
  const near = candidates.filter(
    (place) => chooseCrs(place.lon, place.lat).system === 'SIRGAS 2000',
  )
  if (near.length === 1 && hemisphere === undefined) return near[0]!
  const readings = candidates.map(
    (place) => `"${zone}${bandOf(place.lat)}" (latitude ${place.lat.toFixed(2)})`,
  )
  throw unreadable(
    readings.length === 0
      ? `no place has this northing in zone ${zone}`
      : `the hemisphere is missing; write ${readings.join(' or ')}`,
  )
}

/** Letter of the latitude band. */
function bandOf(lat: number): string {
  return BANDS[Math.min(19, Math.max(0, Math.floor((lat + 80) / 8)))]!
}

/** True when the latitude lies in the band, with 100 m of grace at its edges. */
function inBand(lat: number, letter: string): boolean {
  const index = BANDS.indexOf(letter)
  const grace = 0.001
  const south = -80 + 8 * index
  const north = letter === 'X' ? 84 : south + 8
  return lat >= south - grace && lat <= north + grace
}

function findMetres(text: string): {
  eastingText: string
  northingText: string
  hemisphere: 'S' | undefined
  rest: string
} {
  for (const { pattern, northFirst } of LABELLED) {
    const found = pattern.exec(text)
    if (found === null) continue
    const rest = text.replace(found[0], ' ')
    const groups = found.slice(1)
    const letter = groups.find((group) => group === 'N' || group === 'S')
    const [first, second] = groups.filter((group) => group !== letter) as [string, string]
    return {
      eastingText: northFirst ? second : first,
      northingText: northFirst ? first : second,
      hemisphere: letter === 'S' ? 'S' : undefined,
      rest,
    }
  }
  // A zone in front or behind is set aside first, so that its digits are not taken for metres.
  const zone = ZONE_BEFORE.exec(text)?.[0] ?? ZONE_BEHIND.exec(text)?.[0] ?? ''
  const metresText = text.replace(zone, ' ').trim()
  const found = UNLABELLED.exec(metresText)
  if (found === null) throw unreadable('UTM needs an easting and a northing')
  return {
    eastingText: found[1]!,
    northingText: found[2]!,
    hemisphere: undefined,
    rest: `${zone} ${metresText.replace(found[0], ' ')}`,
  }
}

/** Zone and letter in what the metres leave over; anything else there is refused. */
function findZone(rest: string): { zone: number | undefined; letter: string | null } {
  const words = rest
    .replace(/\b(UTM|ZONA|ZONE|FUSO|SIRGAS\s*2000|WGS\s*84|DATUM)\b/g, ' ')
    .replace(/\b(NORTE|NORTH)\b/g, 'N')
    .replace(/\b(SUL|SOUTH)\b/g, 'S')
    .replace(/[\s,;:=/()-]+/g, ' ')
    .trim()
  if (words === '') return { zone: undefined, letter: null }
  const found = /^(\d{1,2})\s?([A-Z])?$/.exec(words)
  if (found === null) throw unreadable(`"${words.slice(0, 40)}" is no UTM zone`)
  const letter = found[2] ?? null
  if (letter !== null && !BANDS.includes(letter)) {
    throw unreadable(`${letter} is no latitude band; bands are C to X without I and O`)
  }
  return { zone: Number(found[1]), letter }
}

/** Metres from text with any decimal and thousands marks: the one reading inside [low, high], or null. */
function metres(text: string, low: number, high: number): number | null {
  const readings = new Set<number>()
  const marks = text.match(/[.,]/g) ?? []
  const last = marks.at(-1)
  const grouped = /^\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*$/.test(text)
  if (marks.length === 0) readings.add(Number(text))
  else {
    // The last mark as decimal mark, when those before it are the other one and stand at thousands.
    const whole = text.slice(0, text.lastIndexOf(last!))
    const other = last === '.' ? ',' : '.'
    const thousands = other === '.' ? /^\d{1,3}(?:\.\d{3})+$/ : /^\d{1,3}(?:,\d{3})+$/
    if (/^\d+$/.test(whole) || thousands.test(whole)) {
      readings.add(Number(`${whole.replace(/[.,]/g, '')}.${text.slice(whole.length + 1)}`))
    }
    if (grouped) readings.add(Number(text.replace(/[.,]/g, '')))
  }
  const inside = [...readings].filter((value) => value >= low && value <= high)
  return inside.length === 1 ? inside[0]! : null
}
