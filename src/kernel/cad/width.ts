// Road widths and other lengths as mappers write them.

/** Metres in a foot, an inch. */
const FOOT = 0.3048
const INCH = 0.0254

/** Width of one lane where nobody measured the road: 3.5 m, the usual design width of an urban lane (DNIT IPR-706: 3.00–3.60 m). */
const LANE_METERS = 3.5

/** Usual widths in metres, after the stock plugin's table; values it does not know have none. */
const USUAL_WIDTHS: Readonly<Record<string, number>> = {
  motorway: 20,
  trunk: 16,
  primary: 12,
  secondary: 10,
  tertiary: 9,
  residential: 7,
  unclassified: 7,
  living_street: 6,
  service: 5,
  footway: 2.5,
  path: 2.5,
  cycleway: 2.5,
}

/** No road is wider; what claims to be is a slip of the keyboard. */
const MAX_WIDTH_METERS = 200

/**
 * A length in metres from an OSM value: plain metres (`7.5`, `7,5`, `7.5 m`), other units (`24 ft`, `16'7"`, `0.5 km`, `1 mi`), the first
 * of several (`3;4`). Null for anything else, negative or not finite.
 */
export function parseMeters(text: string): number | null {
  const feet = /^\s*(\d+(?:[.,]\d+)?)\s*'\s*(?:(\d+(?:[.,]\d+)?)\s*(?:"|''))?\s*$/.exec(text)
  if (feet !== null) return toNumber(feet[1]!) * FOOT + toNumber(feet[2] ?? '0') * INCH
  const match =
    /^\s*(\d{1,9}(?:[.,]\d{1,9})?)\s*(m|metros?|meters?|metres?|km|cm|mm|ft|feet|mi|")?\s*(?:[;|].*)?$/i.exec(
      text.slice(0, 60),
    )
  if (match === null) return null
  return toNumber(match[1]!) * unitMeters(match[2]?.toLowerCase() ?? 'm')
}

function toNumber(text: string): number {
  return Number(text.replace(',', '.'))
}

function unitMeters(unit: string): number {
  switch (unit) {
    case 'km':
      return 1000
    case 'cm':
      return 0.01
    case 'mm':
      return 0.001
    case 'ft':
    case 'feet':
      return FOOT
    case 'mi':
      return 1609.344
    case '"':
      return INCH
    default:
      return 1
  }
}

/**
 * Width of a road in metres: its `width` (or `est_width`), else lanes × 3.5 m, else the usual width of its kind; a link road counts as one lane
 * and two shoulders (5 m). Null when nothing is known.
 */
export function roadWidthMeters(
  highway: string,
  tagOf: (key: string) => string | null,
): number | null {
  for (const key of ['width', 'est_width']) {
    const text = tagOf(key)
    const width = text === null ? null : parseMeters(text)
    if (width !== null && width > 0 && width <= MAX_WIDTH_METERS) return round(width)
  }
  const lanesText = tagOf('lanes')
  if (lanesText !== null && /^\s*\d{1,2}\s*$/.test(lanesText)) {
    const lanes = Number(lanesText)
    if (lanes > 0 && lanes <= 20) return lanes * LANE_METERS
  }
  if (highway.endsWith('_link')) return 5
  return Object.hasOwn(USUAL_WIDTHS, highway) ? USUAL_WIDTHS[highway]! : null
}

/** To the millimetre, so that 24 ft is 7.315 and not 7.315200000000001. */
function round(meters: number): number {
  return Math.round(meters * 1000) / 1000
}
