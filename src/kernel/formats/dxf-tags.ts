// DXF groups into bytes: a group is a code and a value, a line each. Also where handles come from.
import { type ByteSink, ByteWriter, type Fragment, fragmentOf } from './byte-writer.ts'
import { DECIMAL_ROOM, word, writeHex, writeMeters } from './digits.ts'

/** Handles that other records point at; everything else is numbered from FIRST_FREE_HANDLE on. */
export const HANDLES = {
  blockRecordTable: 0x1,
  layerTable: 0x2,
  styleTable: 0x3,
  linetypeTable: 0x5,
  viewTable: 0x6,
  ucsTable: 0x7,
  viewportTable: 0x8,
  appidTable: 0x9,
  dimstyleTable: 0xa,
  rootDictionary: 0xc,
  groups: 0xd,
  plotStyleNames: 0xe,
  plotStyleNormal: 0xf,
  layouts: 0x1a,
  mlineStyles: 0x17,
  mlineStandard: 0x18,
  plotSettings: 0x19,
  modelRecord: 0x1f,
  modelBlock: 0x20,
  modelEnd: 0x21,
  modelLayout: 0x22,
  paperRecord: 0x23,
  paperBlock: 0x24,
  paperEnd: 0x25,
  paperLayout: 0x26,
  colors: 0x27,
  materials: 0x28,
  materialByBlock: 0x29,
  materialByLayer: 0x2a,
  materialGlobal: 0x2b,
  multileaderStyles: 0x2c,
  multileaderStandard: 0x2d,
  scales: 0x2e,
  tableStyles: 0x2f,
  visualStyles: 0x30,
  standardStyle: 0x31,
  labelStyle: 0x32,
  dimstyleStandard: 0x33,
  viewport: 0x34,
  modelExtension: 0x35,
  geoData: 0x36,
} as const
export const FIRST_FREE_HANDLE = 0x100

/** What stands before an X, and between it and its Y. */
const X_CODE = word('10\n')
const Y_CODE = word('\n20\n')

/** Text style of labels and credits: a font that has every Latin letter, unlike the stroke font of `Standard`. */
export const LABEL_STYLE = 'SISRUA'

/** Application name of our extended data. */
export const APPLICATION = 'SISRUA'

/** Layer of the credits, as the plugin calls it. */
export const CREDITS_LAYER = 'SISRUA_ATTRIB'

export class DxfWriter extends ByteWriter {
  private nextHandle: number

  /** `firstHandle` is the first one `takeHandle` gives out. */
  constructor(firstHandle = FIRST_FREE_HANDLE, capacity = 1 << 16, sink: ByteSink | null = null) {
    super(capacity, sink)
    this.nextHandle = firstHandle
  }

  /** A handle nobody else has. */
  takeHandle(): number {
    return this.nextHandle++
  }

  /** A group whose value is already valid text. */
  group(code: number, value: string): void {
    this.integer(code)
    this.byte(10)
    this.text(value)
    this.byte(10)
  }

  /** A group with a whole number. */
  int(code: number, value: number): void {
    this.group(code, String(value))
  }

  /** A group with a number of at most `decimals` decimals. */
  real(code: number, value: number, decimals = 3): void {
    this.integer(code)
    this.byte(10)
    this.decimal(value, decimals)
    this.byte(10)
  }

  /**
   * Vertices `first … end - 1` of interleaved coordinates as groups 10 and 20, metres with three decimals; answers their hash:
   * FNV-1a over the coordinates in whole millimetres, low 32 bits of each.
   */
  vertices(coords: Float64Array, first: number, end: number): number {
    this.reserve((end - first) * (2 * DECIMAL_ROOM + 8))
    const { view } = this
    let p = this.length
    let hash = 0x811c9dc5
    for (let v = 2 * first; v < 2 * end; v += 2) {
      const x = coords[v]!
      const y = coords[v + 1]!
      hash = Math.imul(hash ^ Math.floor(x * 1000 + 0.5), 0x01000193)
      hash = Math.imul(hash ^ Math.floor(y * 1000 + 0.5), 0x01000193)
      view.setUint32(p, X_CODE, true)
      p = writeMeters(view, p + 3, x)
      view.setUint32(p, Y_CODE, true)
      p = writeMeters(view, p + 4, y)
      view.setUint8(p++, 10)
    }
    this.length = p
    return hash
  }

  /** A handle's digits. */
  hexDigits(value: number): void {
    this.reserve(8)
    this.length = writeHex(this.view, this.length, value, false)
  }

  /** A 32-bit hash, eight digits. */
  hexWord(value: number): void {
    this.reserve(8)
    this.length = writeHex(this.view, this.length, value, true)
  }

  /** X, Y and Z under `code`, `code + 10`, `code + 20`; metres. */
  point(code: number, x: number, y: number, z = 0): void {
    this.real(code, x)
    this.real(code + 10, y)
    this.real(code + 20, z)
  }

  /** A group with a handle. */
  handle(code: number, handle: number): void {
    this.group(code, hex(handle))
  }

  /** Groups given as `code value` pairs, for the parts of a file that are always the same. */
  groups(...pairs: readonly (readonly [number, string | number])[]): void {
    for (const [code, value] of pairs) this.group(code, String(value))
  }

  /** Start of an object or entity: type, handle, owner. */
  record(type: string, handle: number, owner: number): void {
    this.group(0, type)
    this.handle(5, handle)
    this.handle(330, owner)
  }

  section(name: string, body: () => void): void {
    this.groups([0, 'SECTION'], [2, name])
    body()
    this.group(0, 'ENDSEC')
  }
}

/** A handle as DXF writes it. */
export function hex(handle: number): string {
  return handle.toString(16).toUpperCase()
}

/** Groups as bytes, encoded once for writing them often. */
export function fragment(...pairs: readonly (readonly [number, string | number])[]): Fragment {
  return fragmentOf(pairs.map(([code, value]) => `${code}\n${value}\n`).join(''))
}
