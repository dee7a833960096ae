// Reads an Overpass JSON answer (any `out` mode) from its bytes straight into columns; the file never becomes a string or a tree.
// Over 300 lines because one reader's methods share the cursor and the columns, and splitting them costs calls in the hot loop.
import { AppError } from '../../base/errors.ts'
import { type ByteSource, readSource, SourceWindow } from './byte-source.ts'
import { Float64Column, Int32Column } from './column.ts'
import { JsonCursor } from './json-cursor.ts'
import { readIdRun, readPositionRun, scanDegrees, scanned, scanWhole } from './json-runs.ts'
import type { OsmData, OsmElements } from './osm-data.ts'
import { NODE, RELATION, WAY } from './osm-data.ts'
import { mergeDuplicates } from './osm-merge.ts'
import { StringTable } from './string-table.ts'
import { decodeUtf8 } from './utf8.ts'

const OPEN_BRACE = 123
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93
const QUOTE = 34

/** Elements between two calls of `onProgress`. */
const PROGRESS_EVERY = 2000

/** What is seen of a file at a time; half a processor's second cache. */
const WINDOW_BYTES = 1 << 20
/** The window is moved on when less than this of it is left. An element that is longer, which few are, costs a second reading. */
const MOST_LEFT = 1 << 18

/** Largest id a double holds exactly. */
const MAX_ID = Number.MAX_SAFE_INTEGER

const ascii = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0))
const ID = ascii('id')
const LAT = ascii('lat')
const LON = ascii('lon')
const REF = ascii('ref')
const ROLE = ascii('role')
const TYPE = ascii('type')
const TAGS = ascii('tags')
const NODES = ascii('nodes')
const MEMBERS = ascii('members')
const VERSION = ascii('version')
const GEOMETRY = ascii('geometry')
const TIMESTAMP = ascii('timestamp')
const NODE_WORD = ascii('node')
const WAY_WORD = ascii('way')
const RELATION_WORD = ascii('relation')

/**
 * The elements of an Overpass JSON document. Element order, key order and white space do not matter; an element listed twice is merged
 * (osm-merge.ts). OSM_INVALID when the bytes are not such a document, OVERPASS_UNAVAILABLE when the server's `remark` reports an error:
 * then the answer is incomplete, whatever else it holds. `onProgress` (0…1) is called every few milliseconds and may throw to stop.
 */
export function decodeOsmJson(
  source: Uint8Array | ByteSource,
  onProgress: ((fraction: number) => void) | null = null,
): OsmData {
  if (source instanceof Uint8Array) return decode(source, null, source.length, onProgress)
  try {
    const window = new SourceWindow(source, WINDOW_BYTES)
    return decode(window.bytes, window, source.size, onProgress)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'OSM_INVALID') throw error
    // Damaged, or with something that is larger than the window: seen whole, it is read or refused for the right reason.
    return decodeOsmJson(readSource(source), onProgress)
  }
}

function decode(
  bytes: Uint8Array,
  window: SourceWindow | null,
  size: number,
  onProgress: ((fraction: number) => void) | null,
): OsmData {
  const start = startOfDocument(bytes)
  return mergeDuplicates(new OsmJsonReader(bytes, start, window, size, onProgress).read())
}

class OsmJsonReader {
  private readonly window: SourceWindow | null
  private readonly size: number
  private readonly cursor: JsonCursor
  private readonly onProgress: ((fraction: number) => void) | null
  private readonly strings = new StringTable()
  private readonly nodes: ElementColumns
  private readonly nodeLonLat: Float64Column
  private readonly ways: ElementColumns
  private readonly relations: ElementColumns
  private readonly refStart: Int32Column
  private readonly refEnd: Int32Column
  private readonly wayGeometryStart: Int32Column
  private readonly wayGeometryEnd: Int32Column
  private readonly refs: Float64Column
  private readonly geometry: Float64Column
  private readonly memberStart = new Int32Column()
  private readonly memberEnd = new Int32Column()
  private readonly memberTypes = new Int32Column()
  private readonly memberRefs = new Float64Column()
  private readonly memberRoles = new Int32Column()
  private readonly memberGeometryStart = new Int32Column()
  private readonly memberGeometryEnd = new Int32Column()
  private readonly tagKeys: Int32Column
  private readonly tagValues: Int32Column
  private timestamp: string | null = null
  private newestElement = ''
  private remark: string | null = null
  private ignored = 0

  constructor(
    bytes: Uint8Array,
    start: number,
    window: SourceWindow | null,
    size: number,
    onProgress: ((fraction: number) => void) | null,
  ) {
    this.cursor = new JsonCursor(bytes, invalid)
    this.cursor.position = start
    this.window = window
    this.size = size
    this.onProgress = onProgress
    // First capacities from the fewest bytes that one of each usually takes. Room that is never written to takes no memory, while a
    // column that must grow is written twice.
    const room = (bytesEach: number) => Math.max(1024, Math.floor(size / bytesEach))
    this.nodes = new ElementColumns(room(200))
    this.nodeLonLat = new Float64Column(room(100))
    this.ways = new ElementColumns(room(600))
    this.relations = new ElementColumns(256)
    this.refStart = new Int32Column(room(600))
    this.refEnd = new Int32Column(room(600))
    this.wayGeometryStart = new Int32Column(room(600))
    this.wayGeometryEnd = new Int32Column(room(600))
    this.refs = new Float64Column(room(100))
    this.geometry = new Float64Column(room(50))
    this.tagKeys = new Int32Column(room(150))
    this.tagValues = new Int32Column(room(150))
  }

  read(): OsmData {
    const { cursor } = this
    let found = false
    cursor.expect(OPEN_BRACE)
    for (let first = true; cursor.nextKey(first); first = false) {
      const key = cursor.text()
      if (key === 'elements') {
        this.readElements()
        found = true
      } else if (key === 'osm3s') this.readOsm3s()
      else if (key === 'remark') this.remark = this.textValue()
      else cursor.skip()
    }
    if (cursor.peek() >= 0 || this.window?.last === false) cursor.fail('something follows its end')
    if (this.remark !== null && /error/i.test(this.remark)) throw serverError(this.remark)
    if (!found) cursor.fail('it holds no "elements"')
    return this.result()
  }

  private readOsm3s(): void {
    const { cursor } = this
    if (!this.opens(OPEN_BRACE)) return
    for (let first = true; cursor.nextKey(first); first = false) {
      if (cursor.text() === 'timestamp_osm_base') this.timestamp = this.textValue()
      else cursor.skip()
    }
  }

  /** Steps into an array or object; anything else, such as null, is stepped over and answers false. */
  private opens(bracket: number): boolean {
    const { cursor } = this
    if (cursor.peek() !== bracket) {
      cursor.skip()
      return false
    }
    cursor.position++
    return true
  }

  /** A string value, or null (and a step over it) when it is something else. */
  private textValue(): string | null {
    const { cursor } = this
    if (cursor.peek() !== QUOTE) {
      cursor.skip()
      return null
    }
    cursor.string()
    return cursor.text()
  }

  private readElements(): void {
    const { cursor } = this
    cursor.expect(OPEN_BRACKET)
    let countdown = PROGRESS_EVERY
    let moveAt = this.moveAt()
    for (let first = true; cursor.more(CLOSE_BRACKET, first); first = false) {
      this.readElement()
      if (cursor.position >= moveAt) {
        this.window!.moveTo(cursor.position)
        cursor.goOn(this.window!.bytes)
        moveAt = this.moveAt()
      }
      if (--countdown === 0) {
        countdown = PROGRESS_EVERY
        this.onProgress?.(((this.window?.base ?? 0) + cursor.position) / this.size)
      }
    }
  }

  /** Where the window is moved on: there stays room for a large element, and for the few lines that follow the last. */
  private moveAt(): number {
    const { window } = this
    return window === null || window.last
      ? Number.POSITIVE_INFINITY
      : window.bytes.length - MOST_LEFT
  }

  private readElement(): void {
    const { cursor, refs, geometry } = this
    const tagStart = this.tagKeys.length
    const refStart = refs.length
    const geometryStart = geometry.length >> 1
    let geometryEnd = geometryStart
    const memberStart = this.memberTypes.length
    let type = 0
    let id = Number.NaN
    let lat = Number.NaN
    let lon = Number.NaN
    let version = 0
    cursor.expect(OPEN_BRACE)
    for (let first = true; cursor.nextKey(first); first = false) {
      switch (this.keyLength()) {
        case 2:
          if (cursor.stringIs(ID)) {
            this.readWhole()
            id = scanned[0]!
          } else cursor.skip()
          break
        case 3:
          if (cursor.stringIs(LAT)) {
            this.readDegrees()
            lat = scanned[0]!
          } else if (cursor.stringIs(LON)) {
            this.readDegrees()
            lon = scanned[0]!
          } else cursor.skip()
          break
        case 4:
          if (cursor.stringIs(TYPE)) type = this.elementType()
          else if (cursor.stringIs(TAGS)) this.readTags()
          else cursor.skip()
          break
        case 5:
          if (cursor.stringIs(NODES)) this.readRefs()
          else cursor.skip()
          break
        case 7:
          if (cursor.stringIs(MEMBERS)) this.readMembers()
          else if (cursor.stringIs(VERSION)) {
            this.readWhole()
            version = scanned[0]!
          } else cursor.skip()
          break
        case 8:
          if (cursor.stringIs(GEOMETRY)) {
            this.readGeometry()
            geometryEnd = geometry.length >> 1
          } else cursor.skip()
          break
        case 9:
          // Only asked for where the answer does not state its age before its elements.
          if (this.timestamp === null && cursor.stringIs(TIMESTAMP)) this.readTimestamp()
          else cursor.skip()
          break
        default:
          cursor.skip()
      }
    }
    if (type === 0 || Number.isNaN(id)) {
      this.ignored++
      this.rollBack(tagStart, refStart, memberStart, geometryStart)
      return
    }
    if (!Number.isInteger(id) || Math.abs(id) > MAX_ID) cursor.fail(`the id ${id} is not usable`)
    const known = version > 0 && version < 0x7fff_ffff ? version | 0 : 0
    const tagEnd = this.tagKeys.length
    if (type === NODE) {
      this.rollBack(tagEnd, refStart, memberStart, geometryStart)
      this.nodes.push(id, known, tagStart, tagEnd)
      const placed = Math.abs(lon) <= 180 && Math.abs(lat) <= 90
      this.nodeLonLat.push(placed ? lon : Number.NaN)
      this.nodeLonLat.push(placed ? lat : Number.NaN)
    } else if (type === WAY) {
      this.rollBack(tagEnd, refs.length, memberStart, geometryEnd)
      this.ways.push(id, known, tagStart, tagEnd)
      this.refStart.push(refStart)
      this.refEnd.push(refs.length)
      this.wayGeometryStart.push(geometryStart)
      this.wayGeometryEnd.push(geometryEnd)
    } else {
      refs.length = refStart
      this.relations.push(id, known, tagStart, tagEnd)
      this.memberStart.push(memberStart)
      this.memberEnd.push(this.memberTypes.length)
    }
  }

  /** Forgets what an element wrote into columns that its kind does not own. */
  private rollBack(tags: number, refs: number, members: number, geometry: number): void {
    this.tagKeys.length = tags
    this.tagValues.length = tags
    this.refs.length = refs
    this.memberTypes.length = members
    this.memberRefs.length = members
    this.memberRoles.length = members
    this.memberGeometryStart.length = members
    this.memberGeometryEnd.length = members
    this.geometry.length = geometry * 2
  }

  /** Length of the key just read; 0, which matches none, when it is written with escapes (no server does). */
  private keyLength(): number {
    const { cursor } = this
    return cursor.stringEscaped ? 0 : cursor.stringEnd - cursor.stringStart
  }

  /** A number, or NaN (and a step over it) for anything else, such as null. */
  private numberValue(): number {
    const { cursor } = this
    const c = cursor.peek()
    if ((c >= 48 && c <= 57) || c === 45) return cursor.number()
    cursor.skip()
    return Number.NaN
  }

  /** A whole number into `scanned`; NaN (and a step over it) for anything that is no number. */
  private readWhole(): void {
    const { cursor } = this
    const after = scanWhole(cursor.bytes, cursor.position)
    if (after >= 0) cursor.position = after
    else scanned[0] = this.numberValue()
  }

  /** The same for a number with decimals. */
  private readDegrees(): void {
    const { cursor } = this
    const after = scanDegrees(cursor.bytes, cursor.position)
    if (after >= 0) cursor.position = after
    else scanned[0] = this.numberValue()
  }

  private elementType(): number {
    const { cursor } = this
    if (cursor.peek() !== QUOTE) {
      cursor.skip()
      return 0
    }
    cursor.string()
    if (cursor.stringIs(NODE_WORD)) return NODE
    if (cursor.stringIs(WAY_WORD)) return WAY
    return cursor.stringIs(RELATION_WORD) ? RELATION : 0
  }

  private readTimestamp(): void {
    const { cursor } = this
    if (cursor.peek() !== QUOTE) {
      cursor.skip()
      return
    }
    cursor.string()
    // ISO 8601 in UTC sorts as text; only a newer one is decoded.
    const { bytes, stringStart, stringEnd } = cursor
    const { newestElement } = this
    const length = Math.min(stringEnd - stringStart, 20)
    for (let i = 0; i < length; i++) {
      const difference = bytes[stringStart + i]! - (newestElement.charCodeAt(i) || 0)
      if (difference < 0) return
      if (difference > 0) {
        this.newestElement = cursor.text()
        return
      }
    }
  }

  private readTags(): void {
    const { cursor, strings, tagKeys, tagValues } = this
    if (!this.opens(OPEN_BRACE)) return
    const start = tagKeys.length
    for (let first = true; cursor.nextKey(first); first = false) {
      const key = strings.add(cursor)
      const c = cursor.peek()
      let value = 0
      if (c === QUOTE) value = strings.read(cursor)
      else {
        cursor.skip()
        // A number or true stays as its text; an object or array is no tag.
        if (c === OPEN_BRACE || c === OPEN_BRACKET) continue
        value = strings.add(cursor)
      }
      let at = start
      while (at < tagKeys.length && tagKeys.values[at] !== key) at++
      if (at < tagKeys.length) {
        // Of a key that stands twice the last value counts, as for every other reader of JSON.
        tagValues.values[at] = value
        continue
      }
      tagKeys.push(key)
      tagValues.push(value)
    }
  }

  private readRefs(): void {
    const { cursor, refs } = this
    if (!this.opens(OPEN_BRACKET)) return
    const start = cursor.position
    cursor.position = readIdRun(cursor.bytes, start, refs)
    for (let first = cursor.position === start; cursor.more(CLOSE_BRACKET, first); first = false) {
      refs.push(cursor.number())
    }
  }

  /** `[{"lat":…,"lon":…}, null, …]`. */
  private readGeometry(): void {
    const { cursor, geometry } = this
    if (!this.opens(OPEN_BRACKET)) return
    const run = cursor.position
    cursor.position = readPositionRun(cursor.bytes, run, geometry)
    for (let first = cursor.position === run; cursor.more(CLOSE_BRACKET, first); first = false) {
      let lon = Number.NaN
      let lat = Number.NaN
      if (cursor.peek() === OPEN_BRACE) {
        cursor.expect(OPEN_BRACE)
        for (let start = true; cursor.nextKey(start); start = false) {
          if (cursor.stringIs(LAT)) lat = this.numberValue()
          else if (cursor.stringIs(LON)) lon = this.numberValue()
          else cursor.skip()
        }
      } else cursor.skip()
      const placed = Math.abs(lon) <= 180 && Math.abs(lat) <= 90
      geometry.push(placed ? lon : Number.NaN)
      geometry.push(placed ? lat : Number.NaN)
    }
  }

  private readMembers(): void {
    const { cursor } = this
    if (!this.opens(OPEN_BRACKET)) return
    for (let first = true; cursor.more(CLOSE_BRACKET, first); first = false) this.readMember()
  }

  private readMember(): void {
    const { cursor, geometry } = this
    const geometryStart = geometry.length >> 1
    let type = 0
    let ref = Number.NaN
    let role = -1
    cursor.expect(OPEN_BRACE)
    for (let first = true; cursor.nextKey(first); first = false) {
      if (cursor.stringIs(TYPE)) type = this.elementType()
      else if (cursor.stringIs(REF)) ref = this.numberValue()
      else if (cursor.stringIs(GEOMETRY)) this.readGeometry()
      else if (cursor.stringIs(ROLE) && cursor.peek() === QUOTE) {
        cursor.string()
        role = this.strings.add(cursor)
      } else cursor.skip()
    }
    this.memberTypes.push(type)
    this.memberRefs.push(ref)
    this.memberRoles.push(role)
    this.memberGeometryStart.push(geometryStart)
    this.memberGeometryEnd.push(geometry.length >> 1)
  }

  private result(): OsmData {
    const canonical = this.strings.canonical()
    if (canonical !== null) {
      for (const column of [this.tagKeys, this.tagValues]) {
        for (let t = 0; t < column.length; t++) column.values[t] = canonical[column.values[t]!]!
      }
    }
    return {
      nodes: { ...this.nodes.filled(), lonLat: this.nodeLonLat.filled() },
      ways: {
        ...this.ways.filled(),
        refStart: this.refStart.filled(),
        refEnd: this.refEnd.filled(),
        geometryStart: this.wayGeometryStart.filled(),
        geometryEnd: this.wayGeometryEnd.filled(),
      },
      relations: {
        ...this.relations.filled(),
        memberStart: this.memberStart.filled(),
        memberEnd: this.memberEnd.filled(),
      },
      members: {
        types: this.memberTypes.filled(),
        refs: this.memberRefs.filled(),
        roles: this.memberRoles.filled(),
        geometryStart: this.memberGeometryStart.filled(),
        geometryEnd: this.memberGeometryEnd.filled(),
      },
      refs: this.refs.filled(),
      geometry: this.geometry.filled(),
      tagKeys: this.tagKeys.filled(),
      tagValues: this.tagValues.filled(),
      strings: this.strings.strings,
      timestamp: this.timestamp ?? (this.newestElement || null),
      remark: this.remark,
      ignored: this.ignored,
    }
  }
}

/** The columns that every element kind has. */
class ElementColumns {
  private readonly ids: Float64Column
  private readonly versions: Int32Column
  private readonly tagStart: Int32Column
  private readonly tagEnd: Int32Column

  constructor(capacity: number) {
    this.ids = new Float64Column(capacity)
    this.versions = new Int32Column(capacity)
    this.tagStart = new Int32Column(capacity)
    this.tagEnd = new Int32Column(capacity)
  }

  push(id: number, version: number, tagStart: number, tagEnd: number): void {
    this.ids.push(id)
    this.versions.push(version)
    this.tagStart.push(tagStart)
    this.tagEnd.push(tagEnd)
  }

  filled(): OsmElements {
    return {
      count: this.ids.length,
      ids: this.ids.filled(),
      versions: this.versions.filled(),
      tagStart: this.tagStart.filled(),
      tagEnd: this.tagEnd.filled(),
    }
  }
}

function invalid(problem: string, position: number): AppError {
  return new AppError(
    'OSM_INVALID',
    `The OpenStreetMap answer cannot be read: ${problem} (byte ${position}). It may have been cut off on the way; ask again or use another file.`,
    { data: { problem, position } },
  )
}

function serverError(remark: string): AppError {
  const short = remark.slice(0, 300)
  return new AppError(
    'OVERPASS_UNAVAILABLE',
    `The Overpass server gave up on the query and its answer is incomplete. It said: "${short}". Try a smaller radius, fewer themes, or later.`,
    { data: { remark: short } },
  )
}

/** Where the first brace stands; OSM_INVALID naming what a file is when it plainly is no JSON object. */
function startOfDocument(bytes: Uint8Array): number {
  let start = 0
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) start = 3
  while (start < bytes.length && bytes[start]! <= 32) start++
  const c = bytes[start]
  if (c === OPEN_BRACE) return start
  let what = 'something else'
  if (c === undefined) what = 'nothing at all'
  else if (c === 60) what = 'an HTML or XML page'
  else if (bytes[0] === 0x1f && bytes[1] === 0x8b) what = 'gzip-compressed data'
  const opening = c === 60 ? pageText(bytes, start) : ''
  throw new AppError(
    'OSM_INVALID',
    `Overpass JSON was expected and ${what} came${opening === '' ? '' : ` ("${opening}")`}. Use an answer made with [out:json].`,
    { data: { what, opening } },
  )
}

/** The first words of an error page without its markup. */
function pageText(bytes: Uint8Array, start: number): string {
  const text = decodeUtf8(bytes, start, Math.min(bytes.length, start + 2000))
  return text
    .replace(/<(style|script|head)[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 160)
}
