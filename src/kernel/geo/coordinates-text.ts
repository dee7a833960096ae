// Reads a place as an engineer writes it: decimal degrees, degrees-minutes-seconds, or UTM. What can be read in two ways is refused,
// with the words that would make it one.
// Degrees are LATITUDE FIRST, as people type them and every map shows them, unless letters say which is which. UTM is easting first
// unless labels or sizes say otherwise. Points and commas both serve as decimal mark.
import { readDegrees } from './coordinates-degrees.ts'
import type { CoordinatesHint, ReadCoordinates } from './coordinates-reading.ts'
import { unreadable } from './coordinates-reading.ts'
import { readUtm } from './coordinates-utm.ts'

const LONGEST_TEXT = 200

/** The place that a text means, or COORDINATES_UNREADABLE with the reason and an example. */
export function parseCoordinates(text: string, hint: CoordinatesHint = {}): ReadCoordinates {
  if (text.length > LONGEST_TEXT) {
    throw unreadable(`it is longer than ${LONGEST_TEXT} characters`)
  }
  const plain = withoutDatum(normalise(text))
  if (plain === '') throw unreadable('it is empty')
  // Six digits in a row, points and commas aside, are metres: degrees have at most three before the decimal mark.
  const metres =
    /(?<![\d.,])\d{1,3}(?:[.,]\d{3}){2,}|(?<![\d.,])\d{5,}|(?<![\d.,])\d{3}\.\d{3},\d|(?<![\d.,])\d{3},\d{3}\.\d/
  return metres.test(plain) ? readUtm(plain, hint) : readDegrees(plain)
}

/** Datums that lie tens of metres away; the words a person may name them by. */
const OLD_DATUMS: [RegExp, string, number][] = [
  [/\bSAD[\s-]*(?:19)?69\b/, 'SAD69', 4618],
  [/\bC[ÓO]RREGO\s+ALEGRE\b/, 'Córrego Alegre', 4225],
]

/** Without the names of datums that are one with ours; a text in an older one is refused, as it would be read 65 m off. */
function withoutDatum(text: string): string {
  for (const [words, name, epsg] of OLD_DATUMS) {
    if (words.test(text)) {
      throw unreadable(
        `it names ${name}, and coordinates here are SIRGAS 2000 or WGS 84; transform it first, for example "sisrua crs transform --from ${epsg} --to 4674"`,
      )
    }
  }
  return text
    .replace(/^GEO:/, '')
    .replace(/\b(?:DATUM|SIRGAS[\s-]*(?:20)?00|SIRGAS|WGS[\s-]*(?:19)?84)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/^[:,;/ ]+/, '')
}

/** Upper case, plain minus signs and quotes, single spaces. */
function normalise(text: string): string {
  return (
    text
      // Before NFKC, which makes a letter o of the ordinal sign that keyboards have for the degree sign, a space with a mark of
      // the acute accent, and two signs of the double prime.
      .replace(/[º˚∘]/g, '°')
      .replace(/[’‘′´`]/g, "'")
      .replace(/[“”″]/g, '"')
      .normalize('NFKC')
      .toUpperCase()
      .replace(/[‐‑‒–—−]/g, '-')
      .replace(/(^|[,;/|]) *([-+]) +(?=\d)/g, '$1 $2')
      .replace(/''/g, '"')
      .replace(/\s+/g, ' ')
      .replace(/^[[({ ]+|[\])},; ]+$/g, '')
  )
}
