// Height and storeys of buildings from their tags.
import { parseMeters } from './width.ts'

/** No building is higher. */
const MAX_HEIGHT_METERS = 1000
/** Height of one storey where only their number is known. */
const STOREY_METERS = 3

/** Height above ground in metres (`height`, `building:height`, `est_height`), else storeys × 3 m; null when nothing is known. */
export function buildingHeightMeters(tagOf: (key: string) => string | null): number | null {
  for (const key of ['height', 'building:height', 'est_height']) {
    const text = tagOf(key)
    const meters = text === null ? null : parseMeters(text)
    if (meters !== null && meters > 0 && meters <= MAX_HEIGHT_METERS) {
      return Math.round(meters * 1000) / 1000
    }
  }
  const levels = buildingLevels(tagOf)
  return levels === null || levels === 0 ? null : levels * STOREY_METERS
}

/** Storeys above ground (`building:levels`, `levels`), 0 to 200, halves allowed; null when not stated. */
export function buildingLevels(tagOf: (key: string) => string | null): number | null {
  const text = tagOf('building:levels') ?? tagOf('levels')
  if (text === null || !/^\s*\d{1,3}(?:[.,]\d)?\s*$/.test(text)) return null
  const levels = Number(text.replace(',', '.'))
  return levels <= 200 ? levels : null
}
