// One feature of the wire's PrepareResponse: the original's keys first and all of them always there; ours follow.
import type { Drawing, Feature } from '../cad/drawing.ts'
import { type BlockFile, blockFilesOf } from './block-file.ts'
import { type ByteWriter, type Fragment, fragmentOf, jsonFragmentOf } from './byte-writer.ts'
import { writeStrings, writeTags } from './json-tags.ts'

/**
 * Decimals of a coordinate in metres. The promise is a millimetre; four decimals keep rounding below 0.05 mm, so that
 * what the plugin does with the numbers afterwards starts from an error twenty times smaller than the promise.
 */
const COORDINATE_DECIMALS = 4
const METER_DECIMALS = 3

/** The stock plugin's enumeration, in its order. */
const TYPE_NUMBERS = { Polyline: 0, Point: 1, Text: 2 } as const
type FeatureType = keyof typeof TYPE_NUMBERS

export interface PrepareFeatureOptions {
  /** `feature_type` as 0, 1, 2 for the stock plugin, whose JSON reader takes no text there. */
  numericFeatureType: boolean
  /**
   * Absolute folder of the symbol files; null leaves `block_filepath` null. The caller sees to it that the files of `blockFilesOf` are in it.
   */
  blocksFolder: string | null
}

/** A property that would make the plugin shift the whole drawing (contract.md §3.7); coordinates here are absolute. */
const ORIGIN_KEY = 'sys_sisrua_origin'

/** A key before its value, and the key with `null`, which most of them have. */
interface Key {
  before: Fragment
  none: Fragment
}

function keyOf(name: string): Key {
  return { before: fragmentOf(`,"${name}":`), none: fragmentOf(`,"${name}":null`) }
}

const AFTER_TYPE = fragmentOf(',"layer":')
const NAME = keyOf('name')
const HIGHWAY = keyOf('highway')
const WIDTH = keyOf('width_m')
const COORDS = fragmentOf(',"coords_xy":')
const INSERTION = fragmentOf(',"insertion_point_xy":')
const BLOCK = keyOf('block_name')
const BLOCK_FILE = keyOf('block_filepath')
const ROTATION = keyOf('rotation')
const SCALE = keyOf('scale')
const COLOR = keyOf('color')
const ELEVATION = keyOf('elevation')
const SLOPE = keyOf('slope')
const PROPERTIES = fragmentOf(',"original_geojson_properties":')
const TEXT = keyOf('text_content')
const SOURCE = keyOf('source_id')
const VERSION = keyOf('source_version')
const CLASS = keyOf('class')
const LOWEST = keyOf('elevation_min')
const HIGHEST = keyOf('elevation_max')
const HEIGHTS = fragmentOf(',"elevations":')
const HEIGHT = keyOf('height_m')
const LEVELS = keyOf('levels')
const HOLE = fragmentOf(',"hole":')
const POLYGON = keyOf('polygon')
const MERGED = fragmentOf(',"merged_source_ids":')
const TEXT_HEIGHT = keyOf('text_height_m')
const NULL = fragmentOf('null')

/** Writes the features of one drawing. */
export class PrepareFeatureWriter {
  private readonly writer: ByteWriter
  private readonly drawing: Drawing
  private readonly folder: string | null
  private readonly layers: Fragment[]
  private readonly types: Record<FeatureType, Fragment>
  private readonly blockFiles: ReadonlyMap<string, BlockFile>

  constructor(writer: ByteWriter, drawing: Drawing, options: PrepareFeatureOptions) {
    this.writer = writer
    this.drawing = drawing
    this.folder = options.blocksFolder === null ? null : withSeparator(options.blocksFolder)
    this.blockFiles = blockFilesOf(drawing)
    this.layers = drawing.layers.map((layer) => jsonFragmentOf(layer.name))
    const type = (name: FeatureType) =>
      fragmentOf(`{"feature_type":${options.numericFeatureType ? TYPE_NUMBERS[name] : `"${name}"`}`)
    this.types = { Polyline: type('Polyline'), Point: type('Point'), Text: type('Text') }
  }

  /** Whether the contract's rules let this feature through: finite, and two vertices for a line. */
  drawable(feature: Feature): boolean {
    const { coords, offsets } = this.drawing.paths
    const first = offsets[feature.path]!
    const isLine = feature.kind === 'line' || feature.kind === 'ring'
    const end = isLine ? offsets[feature.path + 1]! : first + 1
    if (end > offsets[feature.path + 1]! || end - first < (isLine ? 2 : 1)) return false
    for (let i = 2 * first; i < 2 * end; i++) {
      if (!(Math.abs(coords[i]!) < 1e15)) return false
    }
    return true
  }

  /** A feature that `drawable` lets through, as a JSON object. */
  write(feature: Feature): void {
    const { writer } = this
    const placed = feature.kind === 'point' || feature.kind === 'text'
    const first = this.drawing.paths.offsets[feature.path]!
    const end = this.drawing.paths.offsets[feature.path + 1]!
    const closing = feature.kind === 'ring' && !this.closed(first, end)
    writer.fragment(this.types[placed ? (feature.kind === 'text' ? 'Text' : 'Point') : 'Polyline'])
    writer.fragment(AFTER_TYPE)
    writer.fragment(this.layers[feature.layer]!)
    this.text(NAME, feature.name)
    this.text(HIGHWAY, feature.highway)
    this.number(WIDTH, feature.width)
    writer.fragment(COORDS)
    if (placed) writer.fragment(NULL)
    else this.positions(first, end, closing)
    writer.fragment(INSERTION)
    if (placed) this.position(first)
    else writer.fragment(NULL)
    this.block(feature)
    this.number(ROTATION, feature.rotation, 9)
    this.number(SCALE, feature.scale, 6)
    this.text(COLOR, feature.color)
    this.number(ELEVATION, feature.elevation)
    this.number(SLOPE, feature.slope)
    writer.fragment(PROPERTIES)
    this.properties(feature)
    this.text(TEXT, feature.text)
    this.text(SOURCE, feature.source)
    this.number(VERSION, feature.version)
    this.text(CLASS, feature.class)
    this.number(LOWEST, feature.minElevation)
    this.number(HIGHEST, feature.maxElevation)
    writer.fragment(HEIGHTS)
    this.heights(first, placed ? first + 1 : end, closing)
    this.number(HEIGHT, feature.height)
    this.number(LEVELS, feature.levels)
    writer.fragment(HOLE)
    writer.text(feature.hole ? 'true' : 'false')
    this.number(POLYGON, feature.polygon < 0 ? null : feature.polygon)
    writer.fragment(MERGED)
    if (feature.mergedSources === null) writer.fragment(NULL)
    else writeStrings(writer, feature.mergedSources)
    this.number(TEXT_HEIGHT, feature.textHeight)
    writer.byte(125)
  }

  private text(key: Key, value: string | null): void {
    if (value === null) {
      this.writer.fragment(key.none)
      return
    }
    this.writer.fragment(key.before)
    this.writer.jsonString(value)
  }

  private number(key: Key, value: number | null, decimals = METER_DECIMALS): void {
    if (value === null) {
      this.writer.fragment(key.none)
      return
    }
    this.writer.fragment(key.before)
    this.writer.jsonDecimal(value, decimals)
  }

  private positions(first: number, end: number, closing: boolean): void {
    const { writer } = this
    writer.byte(91)
    writer.jsonPositions(this.drawing.paths.coords, first, end, COORDINATE_DECIMALS)
    if (closing) {
      writer.byte(44)
      this.position(first)
    }
    writer.byte(93)
  }

  private position(vertex: number): void {
    const { writer } = this
    const { coords } = this.drawing.paths
    writer.byte(91)
    writer.decimal(coords[2 * vertex]!, COORDINATE_DECIMALS)
    writer.byte(44)
    writer.decimal(coords[2 * vertex + 1]!, COORDINATE_DECIMALS)
    writer.byte(93)
  }

  /** A height for each vertex, null where unknown; null altogether when none is known. */
  private heights(first: number, end: number, closing: boolean): void {
    const { writer } = this
    const { z } = this.drawing.paths
    let known = false
    if (z !== undefined) {
      for (let i = first; i < end && !known; i++) known = Number.isFinite(z[i]!)
    }
    if (z === undefined || !known) {
      writer.fragment(NULL)
      return
    }
    writer.byte(91)
    for (let i = first; i < end; i++) {
      if (i > first) writer.byte(44)
      writer.jsonDecimal(z[i]!, METER_DECIMALS)
    }
    if (closing) {
      writer.byte(44)
      writer.jsonDecimal(z[first]!, METER_DECIMALS)
    }
    writer.byte(93)
  }

  private properties(feature: Feature): void {
    if (feature.properties === null) {
      this.writer.fragment(NULL)
      return
    }
    if (Object.hasOwn(feature.properties, ORIGIN_KEY)) {
      const { [ORIGIN_KEY]: _dropped, ...kept } = feature.properties
      writeTags(this.writer, kept)
      return
    }
    writeTags(this.writer, feature.properties)
  }

  /** Name and file of the block: the request's own file as it stands, else the symbol file in the folder and the name defined in it. */
  private block({ kind, block, blockFile }: Feature): void {
    let name = kind === 'point' ? block : null
    let path = kind === 'point' ? blockFile : null
    if (name !== null && path === null && this.folder !== null) {
      const symbol = this.blockFiles.get(name)!
      name = symbol.name
      path = this.folder + symbol.file
    }
    this.text(BLOCK, name)
    this.text(BLOCK_FILE, path)
  }

  private closed(first: number, end: number): boolean {
    const { coords } = this.drawing.paths
    return (
      coords[2 * first] === coords[2 * end - 2] && coords[2 * first + 1] === coords[2 * end - 1]
    )
  }
}

/** The folder with the separator its own path uses: a backslash when it has one or starts with a drive letter. */
function withSeparator(folder: string): string {
  if (/[\\/]$/.test(folder)) return folder
  const windows = folder.includes('\\') || /^[A-Za-z]:/.test(folder)
  return folder + (windows ? '\\' : '/')
}
