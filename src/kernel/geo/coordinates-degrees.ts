// Reads latitude and longitude in degrees, with or without minutes and seconds, from text that coordinates-text.ts has tidied.
import type { ReadCoordinates } from './coordinates-reading.ts'
import { unreadable } from './coordinates-reading.ts'

/** One angle: its value, and which of the two it is when a letter or a word said so. */
interface Angle {
  degrees: number
  axis: 'lat' | 'lon' | null
  /** Minutes were written. */
  sexagesimal: boolean
}

/** English and Portuguese: O is oeste (west), L is leste (east). */
const LETTERS: Record<string, { axis: 'lat' | 'lon'; sign: 1 | -1 }> = {
  N: { axis: 'lat', sign: 1 },
  S: { axis: 'lat', sign: -1 },
  E: { axis: 'lon', sign: 1 },
  L: { axis: 'lon', sign: 1 },
  W: { axis: 'lon', sign: -1 },
  O: { axis: 'lon', sign: -1 },
}

const WORDS: [RegExp, string][] = [
  [/\bNOR(TE|TH)\b/g, 'N'],
  [/\b(SUL|SOUTH)\b/g, 'S'],
  [/\b(LESTE|EAST)\b/g, 'E'],
  [/\b(OESTE|WEST)\b/g, 'W'],
  [/(?<![A-Z])(GRAUS?|DEGREES?|DEG)(?![A-Z])/g, '°'],
  [/(?<![A-Z])MIN(UT[EO]S?)?\.?(?![A-Z])/g, "'"],
  [/(?<![A-Z])SE(C(ONDS?)?|G(UNDOS?)?)\.?(?![A-Z])/g, '"'],
  // 22d09m00s S
  [/(\d)D ?(\d[\d.,]*)M ?(\d[\d.,]*)S(?= ?[NSEWLO])/g, `$1°$2'$3"`],
  [/(\d)D ?(\d[\d.,]*)M/g, "$1°$2'"],
  // 22:09:00
  [/(?<![\d:])(\d{1,3}):(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)(?![\d:])/g, `$1°$2'$3"`],
  // "22° S e 42° O": and, no east.
  [/(?<=[NSWLO]) E (?=\d.*[EWLO]$)/g, ' '],
  // A dash between two angles that end in letters is no sign.
  [/(?<=[NSEWLO]) - (?=\d)/g, ' '],
]

const LATITUDE = String.raw`LAT(?:ITUDE)?\.?\s*[:=]?\s*`
const LONGITUDE = String.raw`LONG?(?:ITUDE)?\.?\s*[:=]?\s*`

/** The place, or COORDINATES_UNREADABLE. */
export function readDegrees(tidied: string): ReadCoordinates {
  let text = tidied
  for (const [word, letter] of WORDS) text = text.replace(word, letter)
  const named = new RegExp(`^${LATITUDE}(.+?)[\\s,;]*\\b${LONGITUDE}(.+)$`).exec(text)
  const reversed = new RegExp(`^${LONGITUDE}(.+?)[\\s,;]*\\b${LATITUDE}(.+)$`).exec(text)
  const halves = named
    ? [named[1]!, named[2]!]
    : reversed
      ? [reversed[2]!, reversed[1]!]
      : split(text)
  const [first, second] = halves.map(readAngle) as [Angle, Angle]
  const sexagesimal = first.sexagesimal || second.sexagesimal
  const swapped = first.axis === 'lon' || second.axis === 'lat'
  if (first.axis !== null && first.axis === second.axis) {
    throw unreadable('both values carry letters of the same axis')
  }
  if (sexagesimal && (first.axis === null || second.axis === null) && !text.includes('-')) {
    throw unreadable('degrees and minutes need N or S and E or W (or a minus sign)')
  }
  const lat = swapped ? second.degrees : first.degrees
  const lon = swapped ? first.degrees : second.degrees
  if (Math.abs(lat) > 90) {
    throw unreadable(
      `${lat} is no latitude; the latitude comes first, or letters say which is which`,
    )
  }
  if (Math.abs(lon) > 180) throw unreadable(`${lon} is no longitude`)
  return {
    lon,
    lat,
    reading: sexagesimal ? 'degrees, minutes, seconds' : 'decimal degrees',
    utm: null,
  }
}

/** The text of the two angles. */
function split(text: string): [string, string] {
  const number = '[-+]?\\d+(?:[.,]\\d+)?'
  const angle = `${number}(?:\\s*°\\s*(?:\\d+(?:[.,]\\d+)?\\s*'\\s*(?:\\d+(?:[.,]\\d+)?\\s*")?)?)?`
  const patterns = [
    // Letters end or begin an angle, whatever lies between.
    /^(.*\d.*?[NSEWLO])[\s,;/]*([-+\d].*[NSEWLO])$/,
    /^([NSEWLO].*\d[°'"]?)[\s,;/]*([NSEWLO].*)$/,
    // Degree signs, or plain numbers with a decimal point: anything may separate.
    new RegExp(`^(${angle})\\s*[;/|]\\s*(${angle})$`),
    new RegExp(`^(${angle})\\s*,?\\s+(${angle})$`),
    /^([-+]?\d+\.\d+°?),([-+]?\d+(?:\.\d+)?°?)$/,
    /^([-+]?\d+(?:\.\d+)?°?),([-+]?\d+\.\d+°?)$/,
    /^([-+]?\d+°?),([-+]\d+°?)$/,
    // Decimal commas with a comma between.
    /^([-+]?\d+,\d+),([-+]?\d+,\d+)$/,
    /^([-+]?\d+,\d+),([-+]\d+)$/,
    /^([-+]?\d+°.*["'°]),?([-+]?\d+°.*)$/,
    // Three numbers each: degrees, minutes, seconds without their signs.
    /^([-+]?\d+ \d+ \d+(?:[.,]\d+)?)[\s,;]+([-+]?\d+ \d+ \d+(?:[.,]\d+)?)$/,
  ]
  for (const pattern of patterns) {
    const found = pattern.exec(text)
    if (found !== null) return [found[1]!.trim(), found[2]!.trim()]
  }
  if (/^[-+]?\d+,\d+$/.test(text)) {
    throw unreadable(
      'one comma may be a decimal mark or stand between two whole numbers; put a space or ";" between the two values',
    )
  }
  throw unreadable('it holds no two values; put a space or ";" between latitude and longitude')
}

/** One angle: a number, or degrees with minutes and seconds, with an optional letter before or after. */
function readAngle(text: string): Angle {
  const parts =
    /^([NSEWLO])?\s*([-+])?\s*(\d+(?:[.,]\d+)?)\s*°?\s*(?:(\d+(?:[.,]\d+)?)\s*'?\s*(?:(\d+(?:[.,]\d+)?)\s*"?\s*)?)?([NSEWLO])?[\s,;]*$/.exec(
      text,
    )
  if (parts === null) throw unreadable(`"${text.slice(0, 40)}" is no angle`)
  const [, before, minus, ...numbers] = parts
  const after = numbers.pop()
  if (before !== undefined && after !== undefined) {
    throw unreadable(`"${text.slice(0, 40)}" carries two letters`)
  }
  const letter = LETTERS[before ?? after ?? '']
  const [degrees, minutes, seconds] = numbers.map((part) =>
    part === undefined ? 0 : Number(part.replace(',', '.')),
  ) as [number, number, number]
  const [wholeDegrees, wholeMinutes] = [numbers[0], numbers[1]].map(
    (part) => part === undefined || /^\d+$/.test(part),
  )
  if ((numbers[1] !== undefined && !wholeDegrees) || (numbers[2] !== undefined && !wholeMinutes)) {
    throw unreadable(`"${text.slice(0, 40)}" has decimals before its smallest unit`)
  }
  if (minutes >= 60 || seconds >= 60) {
    throw unreadable(`"${text.slice(0, 40)}" has 60 minutes or seconds, or more`)
  }
  if (letter !== undefined && minus === '-') {
    throw unreadable(`"${text.slice(0, 40)}" carries both a minus sign and a letter`)
  }
  const size = degrees + minutes / 60 + seconds / 3600
  const sign = letter?.sign ?? (minus === '-' ? -1 : 1)
  return {
    degrees: size === 0 ? 0 : sign * size,
    axis: letter?.axis ?? null,
    sexagesimal: numbers[1] !== undefined,
  }
}
