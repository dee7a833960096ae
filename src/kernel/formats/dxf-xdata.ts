// Extended data of an entity, application SISRUA: where it came from and what it is, as `key=value` strings.
import type { Feature, HeightFigures, PackedElement } from '../cad/drawing.ts'
import { type Fragment, fragmentOf, putFragment } from './byte-writer.ts'
import { DECIMAL_ROOM, writeHex, writeMeters, writeWhole } from './digits.ts'
import { escapeString, limitUtf8 } from './dxf-names.ts'
import { APPLICATION, type DxfWriter } from './dxf-tags.ts'
import { DxfTexts } from './dxf-texts.ts'

/** Version of the keys below; changes when a reader must know. */
const SCHEMA = 1
/** AutoCAD's limit for one string, in bytes. */
const MAX_STRING = 255
/** AutoCAD's limit for all extended data of an entity is 16,383 bytes; inside it a string may take two bytes a character. */
const MAX_TOTAL = 16_383

const HEAD = fragmentOf(`1001\n${APPLICATION}\n1000\nschema=${SCHEMA}\n1000\ngeometry=`)
const key = (name: string, begin = '') => fragmentOf(`1000\n${name}=${begin}`)
const SOURCE = key('source')
const VERSION = key('version')
const NAME = key('name')
const WIDTH = key('width_m')
const HEIGHT = key('height_m')
const LEVELS = key('levels')
const ELEVATION = key('elevation_m')
const LOWEST = key('elevation_min_m')
const HIGHEST = key('elevation_max_m')
const SLOPE = key('slope_percent')
const POLYGON = key('polygon')
const HOLE = key('hole')
const MERGED = key('merged')
const TAG = fragmentOf('1000\ntag:')
const NODE = key('source', 'node/')
const WAY = key('source', 'way/')
const RELATION = key('source', 'relation/')

/** `source` up to the id; null for what is no kind of element. */
function sourceOf(type: string): Fragment | null {
  if (type === 'way') return WAY
  if (type === 'node') return NODE
  return type === 'relation' ? RELATION : null
}

/** More different values than this are no vocabulary, and are written without remembering. */
const MAX_REMEMBERED = 1000
/** More than the fields without free text take together. */
const BOUNDED = 1024
/** Length of `1000` and its line break, which is no part of the string. */
const CODE_LENGTH = 5

export class XdataWriter {
  private readonly writer: DxfWriter
  private readonly classes = new Vocabulary('class')
  private readonly highways = new Vocabulary('highway')
  /** The texts of the packed elements met so far: a drawing has one list of them. */
  private known: readonly string[] | null = null
  private texts: DxfTexts | null = null
  /** Bytes that are left to the entity. */
  private room = 0

  constructor(writer: DxfWriter) {
    this.writer = writer
  }

  /**
   * Writes the extended data. `geometryHash` is the hash of the geometry as drawn: a drafter's later edit can be told
   * from it. Source tags come last, as `tag:key=value`, while there is room.
   */
  write(feature: Feature, geometryHash: number): void {
    const { writer } = this
    this.room = MAX_TOTAL - 100
    // What is bounded goes behind one look at the room left in the file.
    writer.reserve(BOUNDED)
    const { view } = writer
    let p = putFragment(view, writer.length, HEAD)
    p = writeHex(view, p, geometryHash, true)
    view.setUint8(p++, 10)
    const { packed } = feature
    const element = packed === undefined ? null : sourceOf(packed.type)
    if (packed !== undefined && element !== null && packed.id >= 0) {
      p = putFragment(view, p, element)
      const digits = p
      p = writeWhole(view, p, packed.id)
      this.room -= 2 * (element.length + p - digits)
      view.setUint8(p++, 10)
      writer.length = p
    } else {
      writer.length = p
      this.text(SOURCE, feature.source)
    }
    this.number(VERSION, feature.version)
    this.repeated(this.classes, feature.class)
    this.text(NAME, feature.name)
    this.repeated(this.highways, feature.highway)
    this.number(WIDTH, feature.width)
    this.number(HEIGHT, feature.height)
    this.number(LEVELS, feature.levels)
    if (packed === undefined) {
      this.number(ELEVATION, feature.elevation)
      this.number(LOWEST, feature.minElevation)
      this.number(HIGHEST, feature.maxElevation)
      this.number(SLOPE, feature.slope)
    } else if (packed.figures !== null) this.heights(packed.figures, packed.place, feature.kind)
    if (feature.polygon >= 0) {
      this.number(POLYGON, feature.polygon)
      if (feature.hole) this.number(HOLE, 1)
    }
    if (feature.mergedSources !== null) this.merged(feature.mergedSources)
    if (packed !== undefined) {
      this.tags(packed)
      return
    }
    const { properties } = feature
    if (properties === null) return
    for (const name in properties) {
      if (!Object.hasOwn(properties, name)) continue
      const value = properties[name]
      if (value !== null) this.text(TAG, `${name}=${value}`)
    }
  }

  /** Elevation, least, greatest and, along lines, slope: what is known of them. */
  private heights({ mean, low, high, slope }: HeightFigures, place: number, kind: string): void {
    const { writer } = this
    writer.reserve(BOUNDED)
    const { view } = writer
    let p = writer.length
    p = this.put(view, p, ELEVATION, mean[place]!)
    p = this.put(view, p, LOWEST, low[place]!)
    p = this.put(view, p, HIGHEST, high[place]!)
    if (kind === 'line') p = this.put(view, p, SLOPE, slope[place]!)
    writer.length = p
  }

  /** Nothing for NaN, and when the entity has no room left. There is room in the file. */
  private put(view: DataView, position: number, prefix: Fragment, value: number): number {
    if (!(Math.abs(value) < 1e21)) return position
    this.room -= 2 * (prefix.length + DECIMAL_ROOM)
    if (this.room < 0) return position
    const p = writeMeters(view, putFragment(view, position, prefix), value)
    view.setUint8(p, 10)
    return p + 1
  }

  private tags({ keys, values, texts, from, to }: PackedElement): void {
    if (texts !== this.known) {
      this.known = texts
      this.texts = new DxfTexts(texts)
    }
    const encoded = this.texts!
    const { writer } = this
    const most = MAX_STRING - (TAG.length - CODE_LENGTH)
    for (let t = from; t < to; t++) {
      const key = keys[t]!
      const value = values[t]!
      if (encoded.lengthOf(key) + 1 + encoded.lengthOf(value) > most) {
        this.text(TAG, `${texts[key]!}=${texts[value]!}`)
        continue
      }
      this.room -= 2 * (TAG.length + texts[key]!.length + 1 + texts[value]!.length)
      if (this.room < 0) continue
      writer.fragment(TAG)
      encoded.write(writer, key, 61)
      encoded.write(writer, value, 10)
    }
  }

  /** The further sources, several to a string. */
  private merged(sources: readonly string[]): void {
    let line = ''
    for (const source of sources) {
      if (line !== '' && line.length + source.length > 200) {
        this.text(MERGED, line)
        line = ''
      }
      line += line === '' ? source : `,${source}`
    }
    this.text(MERGED, line)
  }

  private number(prefix: Fragment, value: number | null): void {
    if (value === null) return
    const { writer } = this
    writer.reserve(BOUNDED)
    writer.length = this.put(writer.view, writer.length, prefix, value)
  }

  /** A string from a short vocabulary. */
  private repeated(vocabulary: Vocabulary, value: string | null): void {
    if (value === null || value === '') return
    const group = vocabulary.groupOf(value)
    this.room -= 2 * group.length
    if (this.room >= 0) this.writer.fragment(group)
  }

  private text(prefix: Fragment, value: string | null): void {
    if (value === null || value === '') return
    const { writer } = this
    const count = value.length
    const most = MAX_STRING - (prefix.length - CODE_LENGTH)
    this.room -= 2 * (prefix.length + Math.min(count, most))
    if (this.room < 0) return
    writer.fragment(prefix)
    if (count > most || !this.plain(value, count)) {
      // Letters with accents: three bytes at the most.
      const asItIs = count * 3 <= most && !needsEscape(value, count)
      writer.text(asItIs ? value : limitUtf8(escapeString(value), most))
    }
    writer.byte(10)
  }

  /** Writes a string that needs neither escapes nor more than a byte a character; false, and nothing written, for any other. */
  private plain(value: string, count: number): boolean {
    const { writer } = this
    writer.reserve(count)
    const { buffer, length } = writer
    for (let i = 0; i < count; i++) {
      const code = value.charCodeAt(i)
      if (code < 32 || code > 126 || code === 94 || code === 92) return false
      buffer[length + i] = code
    }
    writer.length = length + count
    return true
  }
}

/** Groups of one key as written before: a town has few classes, many things of each, and often several in a row. */
class Vocabulary {
  private readonly name: string
  private readonly known = new Map<string, Fragment>()
  private last: string | null = null
  private lastGroup: Fragment = HEAD

  constructor(name: string) {
    this.name = name
  }

  groupOf(value: string): Fragment {
    if (value === this.last) return this.lastGroup
    let group = this.known.get(value)
    if (group === undefined) {
      const most = MAX_STRING - this.name.length - 1
      group = fragmentOf(`1000\n${this.name}=${limitUtf8(escapeString(value), most)}\n`)
      if (this.known.size < MAX_REMEMBERED) this.known.set(value, group)
    }
    this.last = value
    this.lastGroup = group
    return group
  }
}

/** Whether `escapeString` might change the text. */
function needsEscape(value: string, count: number): boolean {
  for (let i = 0; i < count; i++) {
    const code = value.charCodeAt(i)
    if (code < 32 || code === 92 || code === 94 || (code > 126 && code < 160)) return true
    if (code === 0x2028 || code === 0x2029) return true
  }
  return false
}
