// The properties of a GeoJSON feature: what a drawing's feature knows, what is unknown left out.
import type { Feature } from '../cad/drawing.ts'
import { type ByteWriter, type Fragment, fragmentOf } from './byte-writer.ts'
import { writeStrings, writeTags } from './json-tags.ts'

const METER_DECIMALS = 3

const CLASS = fragmentOf(',"class":')
const SOURCE = fragmentOf(',"source":')
const VERSION = fragmentOf(',"version":')
const NAME = fragmentOf(',"name":')
const HIGHWAY = fragmentOf(',"highway":')
const WIDTH_M = fragmentOf(',"width_m":')
const HEIGHT_M = fragmentOf(',"height_m":')
const LEVELS = fragmentOf(',"levels":')
const ELEVATION = fragmentOf(',"elevation":')
const ELEVATION_MIN = fragmentOf(',"elevation_min":')
const ELEVATION_MAX = fragmentOf(',"elevation_max":')
const SLOPE = fragmentOf(',"slope":')
const BLOCK_NAME = fragmentOf(',"block_name":')
const ROTATION = fragmentOf(',"rotation":')
const SCALE = fragmentOf(',"scale":')
const COLOR = fragmentOf(',"color":')
const TEXT = fragmentOf(',"text":')
const TEXT_HEIGHT_M = fragmentOf(',"text_height_m":')
const MERGED = fragmentOf(',"merged_sources":')
const TAGS = fragmentOf(',"tags":')

/** Properties after `layer`; what is unknown is left out, the source's own tags are under `tags`. */
export function writeProperties(writer: ByteWriter, feature: Feature): void {
  writeText(writer, CLASS, feature.class)
  writeText(writer, SOURCE, feature.source)
  writeNumber(writer, VERSION, feature.version)
  writeText(writer, NAME, feature.name)
  writeText(writer, HIGHWAY, feature.highway)
  writeNumber(writer, WIDTH_M, feature.width)
  writeNumber(writer, HEIGHT_M, feature.height)
  writeNumber(writer, LEVELS, feature.levels)
  writeNumber(writer, ELEVATION, feature.elevation)
  writeNumber(writer, ELEVATION_MIN, feature.minElevation)
  writeNumber(writer, ELEVATION_MAX, feature.maxElevation)
  writeNumber(writer, SLOPE, feature.slope)
  writeText(writer, BLOCK_NAME, feature.block)
  writeNumber(writer, ROTATION, feature.rotation, 6)
  writeNumber(writer, SCALE, feature.scale, 6)
  writeText(writer, COLOR, feature.color)
  writeText(writer, TEXT, feature.text)
  writeNumber(writer, TEXT_HEIGHT_M, feature.textHeight)
  if (feature.mergedSources !== null) {
    writer.fragment(MERGED)
    writeStrings(writer, feature.mergedSources)
  }
  if (feature.properties !== null) {
    writer.fragment(TAGS)
    writeTags(writer, feature.properties)
  }
}

function writeText(writer: ByteWriter, key: Fragment, value: string | null): void {
  if (value === null) return
  writer.fragment(key)
  writer.jsonString(value)
}

function writeNumber(
  writer: ByteWriter,
  key: Fragment,
  value: number | null,
  decimals = METER_DECIMALS,
): void {
  if (value === null || !(Math.abs(value) < 1e21)) return
  writer.fragment(key)
  writer.decimal(value, decimals)
}
