// Extended data of an entity, application SISRUA: where it came from and what it is, as `key=value` strings.
import type { Feature } from '../cad/drawing.ts'
import { escapeString, limitUtf8 } from './dxf-names.ts'
import { APPLICATION, type DxfWriter, fragment } from './dxf-tags.ts'

/** Version of the keys below; changes when a reader must know. */
const SCHEMA = 1
/** AutoCAD's limit for one string, in bytes. */
const MAX_STRING = 255
/** AutoCAD's limit for all extended data of an entity is 16,383 bytes; inside it a string may take two bytes a character. */
const MAX_TOTAL = 16_383

const HEAD = fragment([1001, APPLICATION], [1000, `schema=${SCHEMA}`])

/**
 * Writes the extended data. `geometryHash` is the hash of the geometry as drawn: a drafter's later edit can be told
 * from it. Source tags follow as `tag:key=value` while there is room.
 */
export function writeXdata(writer: DxfWriter, feature: Feature, geometryHash: number): void {
  writer.bytes(HEAD)
  let room = MAX_TOTAL - 100
  const put = (text: string) => {
    const value = limitUtf8(escapeString(text), MAX_STRING)
    room -= 2 * value.length + 4
    if (room >= 0) writer.group(1000, value)
  }
  const text = (key: string, value: string | null) => {
    if (value !== null && value !== '') put(`${key}=${value}`)
  }
  const number = (key: string, value: number | null) => {
    if (value !== null && Number.isFinite(value)) put(`${key}=${rounded(value)}`)
  }
  text('source', feature.source)
  number('version', feature.version)
  text('class', feature.class)
  put(`geometry=${(geometryHash >>> 0).toString(16).padStart(8, '0')}`)
  text('name', feature.name)
  text('highway', feature.highway)
  number('width_m', feature.width)
  number('height_m', feature.height)
  number('levels', feature.levels)
  number('elevation_m', feature.elevation)
  number('elevation_min_m', feature.minElevation)
  number('elevation_max_m', feature.maxElevation)
  number('slope_percent', feature.slope)
  if (feature.polygon >= 0) {
    number('polygon', feature.polygon)
    if (feature.hole) put('hole=1')
  }
  if (feature.mergedSources !== null) mergedSources(feature.mergedSources, put)
  if (feature.properties !== null) {
    for (const [key, value] of Object.entries(feature.properties)) {
      if (value !== null) put(`tag:${key}=${value}`)
    }
  }
}

/** The further sources, several to a string. */
function mergedSources(sources: readonly string[], put: (text: string) => void): void {
  let line = ''
  for (const source of sources) {
    if (line !== '' && line.length + source.length > 200) {
      put(`merged=${line}`)
      line = ''
    }
    line += line === '' ? source : `,${source}`
  }
  if (line !== '') put(`merged=${line}`)
}

/** Three decimals at most, no exponent for anything a map holds. */
function rounded(value: number): string {
  return String(Math.round(value * 1000) / 1000)
}
