// KML text → GeoJSON. A DOCTYPE is refused before anything parses it; network links are never followed.
import { kml } from '@tmcw/togeojson'
import { DOMParser } from '@xmldom/xmldom'
import { AppError } from '../base/errors.ts'

const MAX_ELEMENTS = 2_000_000
const MAX_DEPTH = 64

/** UTF-8 KML → UTF-8 FeatureCollection. Throws KML_INVALID. */
export function convertKml(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder('utf-8').decode(bytes)
  lookOver(text)
  const problems: string[] = []
  const parser = new DOMParser({
    onError: (level, message) => {
      if (level !== 'warning') problems.push(message)
    },
  })
  let collection: { type: string; features: unknown[] }
  try {
    const document = parser.parseFromString(text, 'text/xml')
    if (problems.length > 0) throw new Error(problems[0])
    collection = kml(document as never) as never
  } catch (cause) {
    throw new AppError('KML_INVALID', 'The KML is not well-formed XML. Export it again.', { cause })
  }
  if (collection.features.length === 0) {
    throw new AppError(
      'KML_INVALID',
      'The KML holds no placemark with a geometry. Check what was exported.',
    )
  }
  return new Uint8Array(Buffer.from(JSON.stringify(collection)))
}

/** One linear look: no DOCTYPE (entities, bombs), bounded size and depth, and something that is KML at all. */
function lookOver(text: string): void {
  if (/<!DOCTYPE/i.test(text)) {
    throw new AppError(
      'KML_INVALID',
      'KML with a DOCTYPE is refused, since it may define entities. Export it without.',
    )
  }
  if (!/<(\w+:)?(kml|Document|Placemark|Folder)[\s>]/.test(text)) {
    throw new AppError(
      'KML_INVALID',
      'The text is not KML: it has no kml, Document, Folder or Placemark element.',
    )
  }
  let depth = 0
  let elements = 0
  for (let i = text.indexOf('<'); i >= 0; i = text.indexOf('<', i + 1)) {
    const next = text[i + 1]
    if (next === '/') depth--
    else if (next !== '!' && next !== '?') {
      const end = text.indexOf('>', i)
      if (end > 0 && text[end - 1] !== '/') depth++
      if (++elements > MAX_ELEMENTS || depth > MAX_DEPTH) {
        throw new AppError(
          'KML_INVALID',
          'The KML has too many elements or is nested too deeply. Split it.',
        )
      }
    }
  }
}
