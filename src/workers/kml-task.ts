// KML → GeoJSON. A DOCTYPE is refused before anything parses it; links are followed within an archive only.
import { type Folder, kmlWithFolders, type Root } from '@tmcw/togeojson'
import { DOMParser } from '@xmldom/xmldom'
import { AppError } from '../base/errors.ts'
import { tidyCoordinates } from './kml-coordinates.ts'
import { decodeKml } from './kml-text.ts'

const MAX_ELEMENTS = 2_000_000
const MAX_DEPTH = 64

interface KmlFeature {
  type: 'Feature'
  geometry: unknown
  properties: Record<string, unknown>
}

/** The document that a network link leads to, and the rest of the way from there; null when it leads to somewhere else. */
export interface LinkedKml {
  bytes: Uint8Array
  follow: FollowLink
}
export type FollowLink = (href: string) => LinkedKml | null

/**
 * KML in any encoding → UTF-8 FeatureCollection. A placemark's folders stand in its property `folder` (`Obra/Rede`), and the innermost is
 * its `layer` unless it brings one. Altitudes: see kml-coordinates.ts. `follow` answers links within an archive, each document once;
 * without it no link is followed. Throws KML_INVALID.
 */
export function convertKml(bytes: Uint8Array, follow: FollowLink = () => null): Uint8Array {
  const gathered: Gathered = { features: [], links: 0, documents: new Set() }
  gather({ bytes, follow }, [], gathered)
  const { features, links } = gathered
  if (features.length === 0) {
    throw new AppError(
      'KML_INVALID',
      links > 0
        ? 'The KML holds only links to other files, which are not followed. Open it in Google Earth and save the places themselves.'
        : 'The KML holds no placemark with a geometry. Check what was exported.',
    )
  }
  return new Uint8Array(Buffer.from(JSON.stringify({ type: 'FeatureCollection', features })))
}

interface Gathered {
  features: KmlFeature[]
  /** Network links that lead out. */
  links: number
  documents: Set<Uint8Array>
}

/** Reads one document and those it links to; each once. */
function gather(document: LinkedKml, folders: string[], gathered: Gathered): void {
  if (gathered.documents.has(document.bytes)) return
  gathered.documents.add(document.bytes)
  collect(parse(document.bytes), folders, document.follow, gathered)
}

function parse(bytes: Uint8Array): Root {
  const text = decodeKml(bytes)
  lookOver(text)
  const problems: string[] = []
  const parser = new DOMParser({
    onError: (level, message) => {
      if (level !== 'warning') problems.push(message)
    },
  })
  try {
    const document = parser.parseFromString(text, 'text/xml')
    if (problems.length > 0) throw new Error(problems[0])
    tidyCoordinates(document)
    return kmlWithFolders(document as never)
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('KML_INVALID', 'The KML is not well-formed XML. Export it again.', { cause })
  }
}

/** Takes the features out of their folders. */
function collect(
  at: Root | Folder,
  folders: string[],
  follow: FollowLink,
  gathered: Gathered,
): void {
  for (const child of at.children) {
    if (child.type === 'folder') {
      const name = typeof child.meta.name === 'string' ? child.meta.name.trim() : ''
      collect(child, name === '' ? folders : [...folders, name], follow, gathered)
      continue
    }
    const feature = child as unknown as KmlFeature
    const properties = feature.properties ?? {}
    if (properties['@geometry-type'] === 'networklink') {
      const linked = typeof properties.href === 'string' ? follow(properties.href.trim()) : null
      if (linked === null) gathered.links++
      else gather(linked, folders, gathered)
      continue
    }
    if (folders.length > 0) {
      properties.folder ??= folders.join('/')
      if (properties.Layer === undefined) properties.layer ??= folders.at(-1)
    }
    gathered.features.push({ ...feature, properties })
  }
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
