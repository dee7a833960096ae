// The lists of coordinates of a KML document: tidied, checked, and without altitudes that are no heights above sea level.
import type { Document, Element } from '@xmldom/xmldom'
import { AppError } from '../base/errors.ts'

/** Elements between a list of coordinates and the one that states how its altitudes are meant. */
const GEOMETRY_PARTS = new Set([
  'Point',
  'LineString',
  'LinearRing',
  'outerBoundaryIs',
  'innerBoundaryIs',
  'Polygon',
])

const NUMBER = String.raw`[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?`
const POSITION = new RegExp(`^${NUMBER},${NUMBER}(?:,${NUMBER})?,?$`)
/** A point's numbers beyond the third mean nothing; in a line they would be positions without a space between them. */
const POINT_POSITION = new RegExp(`^${NUMBER},${NUMBER}(?:,${NUMBER})*,?$`)
const ZERO_ALTITUDE = /^[^,]*,[^,]*,[-+]?0*(\.0*)?$/

/**
 * Rewrites every list of coordinates of the document in place. Spaces beside commas go. Altitudes stay where the mode is `absolute`, or
 * where none is stated and they are not all zero; heights above the ground or the sea floor go, and the placemark keeps the largest
 * one in its data as `height_above_ground`, so that its vertices lie on the terrain. KML_INVALID names a position that is none.
 */
export function tidyCoordinates(document: Document): void {
  for (const box of [...document.getElementsByTagName('LatLonAltBox')]) {
    // togeojson writes to standard output when it meets one here, and that belongs to the result.
    for (const mode of [...box.getElementsByTagName('altitudeMode')])
      mode.parentNode?.removeChild(mode)
    for (const mode of [...box.getElementsByTagName('gx:altitudeMode')])
      mode.parentNode?.removeChild(mode)
  }
  const modes = new Map<Element, Mode>()
  for (const list of [...document.getElementsByTagName('coordinates')]) {
    const text = (list.textContent ?? '').trim()
    if (text === '') continue
    const positions = withoutSpaces(text).split(/\s+/)
    const pattern = list.parentNode?.nodeName === 'Point' ? POINT_POSITION : POSITION
    for (const position of positions) {
      if (!pattern.test(position)) throw noPosition(position)
    }
    const mode = modeOf(list.parentNode as Element | null, modes)
    const noHeights =
      mode === 'clamped' ||
      mode === 'above ground' ||
      (mode === null && positions.every((position) => ZERO_ALTITUDE.test(position)))
    if (mode === 'above ground') keepHeight(document, list, positions)
    list.textContent = positions
      .map((position) => position.split(',', noHeights ? 2 : 3).join(','))
      .join(' ')
  }
}

/** Without the spaces beside commas. Split and joined, since a pattern for them would take quadratic time in a run of spaces. */
function withoutSpaces(text: string): string {
  if (!/,\s|\s,/.test(text)) return text
  return text
    .split(',')
    .map((number) => number.trim())
    .join(',')
}

type Mode = 'absolute' | 'clamped' | 'above ground' | null

/** How the altitudes of a geometry are meant: as it says, or the one that it is a part of. */
function modeOf(element: Element | null, known: Map<Element, Mode>): Mode {
  if (element === null || !GEOMETRY_PARTS.has(element.tagName)) return null
  const before = known.get(element)
  if (before !== undefined) return before
  let mode: Mode = null
  for (let child = element.firstChild; child !== null; child = child.nextSibling) {
    if (!/^(gx:)?altitudeMode$/.test(child.nodeName)) continue
    const word = (child.textContent ?? '').trim()
    if (/^clampTo/.test(word)) mode = 'clamped'
    else mode = /^relativeTo/.test(word) ? 'above ground' : 'absolute'
  }
  mode ??= modeOf(element.parentNode as Element | null, known)
  known.set(element, mode)
  return mode
}

/** Writes the largest height above the ground into the placemark's own data. */
function keepHeight(document: Document, list: Element, positions: readonly string[]): void {
  const height = positions.reduce((most, position) => {
    return Math.max(most, Number(position.split(',')[2] || 0))
  }, 0)
  let placemark = list.parentNode as Element | null
  while (placemark !== null && placemark.tagName !== 'Placemark') {
    placemark = placemark.parentNode as Element | null
  }
  if (placemark === null || height === 0) return
  let data = placemark.getElementsByTagName('ExtendedData')[0]
  if (data === undefined) {
    data = document.createElement('ExtendedData')
    placemark.appendChild(data)
  }
  const item = document.createElement('Data')
  item.setAttribute('name', 'height_above_ground')
  const value = document.createElement('value')
  value.textContent = String(height)
  item.appendChild(value)
  data.appendChild(item)
}

function noPosition(position: string): AppError {
  return new AppError(
    'KML_INVALID',
    `The KML holds a position that is none: "${position.slice(0, 60)}". Positions are "longitude,latitude" or "longitude,latitude,altitude", with spaces between them.`,
  )
}
