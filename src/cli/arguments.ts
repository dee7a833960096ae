// Readers for option values: text → what a command works with. What does not fit is PARAMS_INVALID, naming the option.
import { InvalidArgumentError } from 'commander'

/** A finite number; decimal point or comma. */
export function decimal(text: string): number {
  const value = Number(text.trim().replace(',', '.'))
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError('It must be a number.')
  }
  return value
}

/** `31984` or `EPSG:31984`. */
export function epsgCode(text: string): number {
  const found = /^(?:epsg:)?(\d{4,6})$/i.exec(text.trim())
  if (found === null) throw new InvalidArgumentError('It must be an EPSG code, e.g. 31984.')
  return Number(found[1])
}

/** Words separated by commas or spaces. */
export function wordList(text: string): string[] {
  return text.split(/[\s,;]+/).filter((word) => word !== '')
}

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * `2026-11-20`, `2026-11-20T14:30` (both in the computer's time zone), the same with seconds or a zone, or so long ago: `90m`, `36h`,
 * `7d`. Milliseconds UTC.
 */
export function moment(text: string, now = Date.now()): number {
  const ago = /^(\d{1,6})([mhd])$/.exec(text.trim())
  if (ago !== null) return now - Number(ago[1]) * UNITS_MS[ago[2]!]!
  const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?(Z|[+-]\d\d:\d\d)?$/.exec(
    text.trim(),
  )
  const [, day, time = '00:00', zone = ''] = iso ?? []
  const found = Date.parse(`${day}T${time}${zone}`)
  if (iso === null || Number.isNaN(found) || found < 0) {
    throw new InvalidArgumentError(
      'It must be a date, e.g. 2026-11-20 or 2026-11-20T14:30, or so long ago: 90m, 36h, 7d.',
    )
  }
  return found
}
