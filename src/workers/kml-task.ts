// KML text → GeoJSON. A DOCTYPE is refused before anything parses it; network links are never followed.
import { type Folder, kmlWithFolders, type Root } from '@tmcw/togeojson'
import { DOMParser, type Element } from '@xmldom/xmldom'
import { AppError } from '../base/errors.ts'

const MAX_ELEMENTS = 2_000_000
const MAX_DEPTH = 64

/** Elements between a list of coordinates and the one that states how its altitudes are meant. */
const GEOMETRY_PARTS = new Set([
  'Point',
  'LineString',
  'LinearRing',
  'outerBoundaryIs',
  'innerBoundaryIs',
  'Polygon',
])

interface KmlFeature {
  type: 'Feature'
  geometry: unknown
  properties: Record<string, unknown>
}

/**
 * UTF-8 KML → UTF-8 FeatureCollection. A placemark's folders stand in its property `folder` (`Obra/Rede`), and the innermost is its
 * `layer` unless it brings one. Altitudes that are all 0 without an altitude mode are Google Earth's way of saying none, and go.
 * Throws KML_INVALID.
 */
export function convertKml(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder('utf-8').decode(bytes)
  lookOver(text)
  const problems: string[] = []
  const parser = new DOMParser({
    onError: (level, message) => {
      if (level !== 'warning') problems.push(message)
    },
  })
  let root: Root
  try {
    const document = parser.parseFromString(text, 'text/xml')
    if (problems.length > 0) throw new Error(problems[0])
    dropEmptyAltitudes(document.getElementsByTagName('coordinates'))
    root = kmlWithFolders(document as never)
  } catch (cause) {
    throw new AppError('KML_INVALID', 'The KML is not well-formed XML. Export it again.', { cause })
  }
  const features: KmlFeature[] = []
  const links = collect(root, [], features)
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

/** Takes the features out of their folders; answers the number of network links left out. */
function collect(at: Root | Folder, folders: string[], features: KmlFeature[]): number {
  let links = 0
  for (const child of at.children) {
    if (child.type === 'folder') {
      const name = typeof child.meta.name === 'string' ? child.meta.name.trim() : ''
      links += collect(child, name === '' ? folders : [...folders, name], features)
      continue
    }
    const feature = child as unknown as KmlFeature
    const properties = feature.properties ?? {}
    if (properties['@geometry-type'] === 'networklink') {
      links++
      continue
    }
    if (folders.length > 0) {
      properties.folder ??= folders.join('/')
      if (properties.Layer === undefined) properties.layer ??= folders.at(-1)
    }
    features.push({ ...feature, properties })
  }
  return links
}

/** Cuts the third numbers off where all are zero and no altitude mode says that they are meant. */
function dropEmptyAltitudes(lists: Iterable<Element>): void {
  const modes = new Map<Element, boolean>()
  for (const list of [...lists]) {
    if (hasAltitudeMode(list.parentNode as Element | null, modes)) continue
    const positions = (list.textContent ?? '').trim().split(/\s+/)
    const isZero = (position: string): boolean => /^[^,]*,[^,]*,[-+]?0*(\.0*)?$/.test(position)
    if (!positions.every(isZero)) continue
    list.textContent = positions.map((position) => position.split(',', 2).join(',')).join(' ')
  }
}

/** Whether the geometry, or the one it is a part of, states another mode than the default (`clampToGround`). */
function hasAltitudeMode(element: Element | null, known: Map<Element, boolean>): boolean {
  if (element === null || !GEOMETRY_PARTS.has(element.tagName)) return false
  const before = known.get(element)
  if (before !== undefined) return before
  let stated = false
  for (let child = element.firstChild; child !== null && !stated; child = child.nextSibling) {
    if (!/^(gx:)?altitudeMode$/.test(child.nodeName)) continue
    stated = !/^clampTo/.test((child.textContent ?? '').trim())
  }
  stated ||= hasAltitudeMode(element.parentNode as Element | null, known)
  known.set(element, stated)
  return stated
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
