// The ENTITIES section: every feature as LWPOLYLINE, INSERT, POINT or TEXT with its extended data, and the credits.
import { parseColor } from '../cad/aci.ts'
import type { Drawing, Feature } from '../cad/drawing.ts'
import { type Fragment, fragmentOf } from './byte-writer.ts'
import { creditLines } from './credit-lines.ts'
import { DECIMAL_ROOM, writeMeters } from './digits.ts'
import { escapeMtext, escapeText, limitUtf8 } from './dxf-names.ts'
import { type DxfPlan, GREATEST_METERS } from './dxf-plan.ts'
import { CREDITS_LAYER, type DxfWriter, fragment, HANDLES, hex, LABEL_STYLE } from './dxf-tags.ts'
import { XdataWriter } from './dxf-xdata.ts'

const DEGREES = 180 / Math.PI
/** Text height of a label that has none, metres. */
const DEFAULT_TEXT_HEIGHT = 2.5
/** Longest text of one TEXT entity or MTEXT chunk, bytes; AutoCAD cuts TEXT at 256. */
const MAX_TEXT = 250

const POLYLINE = fragmentOf('0\nLWPOLYLINE\n5\n')
const INSERT = fragmentOf('0\nINSERT\n5\n')
const POINT = fragmentOf('0\nPOINT\n5\n')
const TEXT = fragmentOf('0\nTEXT\n5\n')
/** Between an entity's handle and its layer. */
const OWNER = `\n330\n${hex(HANDLES.modelRecord)}\n100\nAcDbEntity\n8\n`
const AS_POLYLINE = fragmentOf('100\nAcDbPolyline\n90\n')
/** What follows the count of vertices. */
const OPEN = fragmentOf('\n70\n128\n43\n0\n')
const CLOSED = fragmentOf('\n70\n129\n43\n0\n')

export function writeEntities(
  writer: DxfWriter,
  drawing: Drawing,
  plan: DxfPlan,
  retrievedAt: string | null,
  extra: (() => void) | null = null,
): void {
  const entities = new EntityWriter(writer, drawing, plan)
  const { features } = drawing
  writer.section('ENTITIES', () => {
    for (let i = 0; i < features.length; i++) {
      if (plan.drawable[i] === 1) entities.write(features[i]!)
    }
    extra?.()
    writeCredits(writer, drawing, plan, retrievedAt)
  })
}

/** One entity after another. A call each: V8 optimises that better than one long loop. */
class EntityWriter {
  private readonly writer: DxfWriter
  private readonly drawing: Drawing
  private readonly plan: DxfPlan
  private readonly layers: readonly Fragment[]
  private readonly xdata: XdataWriter
  private readonly colors = new Map<string, Fragment | null>()

  constructor(writer: DxfWriter, drawing: Drawing, plan: DxfPlan) {
    this.writer = writer
    this.drawing = drawing
    this.plan = plan
    this.layers = plan.layerNames.map((name) => fragmentOf(`${OWNER}${name}\n`))
    this.xdata = new XdataWriter(writer)
  }

  write(feature: Feature): void {
    const { writer, drawing } = this
    const type =
      feature.kind === 'text'
        ? TEXT
        : feature.kind !== 'point'
          ? POLYLINE
          : feature.block === null
            ? POINT
            : INSERT
    writer.fragment(type)
    writer.hexDigits(writer.takeHandle())
    writer.fragment(this.layers[feature.layer]!)
    if (feature.color !== null) this.color(feature.color)
    const hash =
      type === POLYLINE
        ? writePolyline(writer, drawing, feature)
        : writePlaced(writer, drawing, feature, this.plan)
    this.xdata.write(feature, hash)
  }

  private color(text: string): void {
    let color = this.colors.get(text)
    if (color === undefined) {
      color = colorGroups(text)
      this.colors.set(text, color)
    }
    if (color !== null) this.writer.fragment(color)
  }
}

/** Colour of its own; null for a text that is no colour (by layer). */
function colorGroups(text: string): Fragment | null {
  const color = parseColor(text)
  if (color === null) return null
  return color.rgb === null
    ? fragment([62, color.aci])
    : fragment([62, color.aci], [420, color.rgb])
}

/** The vertices; answers their hash. */
function writePolyline(writer: DxfWriter, drawing: Drawing, feature: Feature): number {
  const { coords, offsets } = drawing.paths
  const first = offsets[feature.path]!
  let end = offsets[feature.path + 1]!
  const closed =
    feature.kind === 'ring' ||
    (end - first > 3 &&
      coords[2 * first] === coords[2 * end - 2] &&
      coords[2 * first + 1] === coords[2 * end - 1])
  if (
    closed &&
    coords[2 * first] === coords[2 * end - 2] &&
    coords[2 * first + 1] === coords[2 * end - 1]
  ) {
    end--
  }
  writer.fragment(AS_POLYLINE)
  writer.integer(end - first)
  writer.fragment(closed ? CLOSED : OPEN)
  const { packed } = feature
  if (packed !== undefined) {
    if (packed.figures !== null) writeElevation(writer, packed.figures.mean[packed.place]!)
  } else if (feature.elevation !== null) writeElevation(writer, feature.elevation)
  return writer.vertices(coords, first, end)
}

const ELEVATION = fragmentOf('38\n')

/** Nothing for NaN and what is no height. */
function writeElevation(writer: DxfWriter, meters: number): void {
  if (!(Math.abs(meters) < GREATEST_METERS)) return
  writer.fragment(ELEVATION)
  writer.reserve(DECIMAL_ROOM)
  const end = writeMeters(writer.view, writer.length, meters)
  writer.view.setUint8(end, 10)
  writer.length = end + 1
}

/** INSERT, POINT or TEXT. */
function writePlaced(writer: DxfWriter, drawing: Drawing, feature: Feature, plan: DxfPlan): number {
  const at = drawing.paths.offsets[feature.path]!
  const x = drawing.paths.coords[2 * at]!
  const y = drawing.paths.coords[2 * at + 1]!
  const height = finiteOr(feature.elevation, 0)
  const rotation = degrees(feature.rotation)
  if (feature.kind === 'text') {
    writer.group(100, 'AcDbText')
    writer.point(10, x, y, height)
    writer.real(40, positiveOr(feature.textHeight, DEFAULT_TEXT_HEIGHT))
    writer.group(1, limitUtf8(escapeText(feature.text ?? feature.name ?? ''), MAX_TEXT))
    if (rotation !== 0) writer.real(50, rotation, 6)
    writer.group(7, LABEL_STYLE)
    // Centred on the point: 72 = 1, 73 = 2 and the alignment point under 11.
    writer.int(72, 1)
    writer.point(11, x, y, height)
    writer.group(100, 'AcDbText')
    writer.int(73, 2)
  } else if (feature.block === null) {
    writer.group(100, 'AcDbPoint')
    writer.point(10, x, y, height)
  } else {
    writer.group(100, 'AcDbBlockReference')
    writer.group(2, plan.blockOf.get(feature.block)!.name)
    writer.point(10, x, y, height)
    const scale = positiveOr(feature.scale, 1)
    if (scale !== 1) {
      for (const code of [41, 42, 43]) writer.real(code, scale, 6)
    }
    if (rotation !== 0) writer.real(50, rotation, 6)
  }
  // The hash of the one vertex, as `vertices` makes it.
  const hash = Math.imul(0x811c9dc5 ^ Math.floor(x * 1000 + 0.5), 0x01000193)
  return Math.imul(hash ^ Math.floor(y * 1000 + 0.5), 0x01000193)
}

/** The credits above the upper left corner of the data, as the plugin sizes them. */
function writeCredits(
  writer: DxfWriter,
  drawing: Drawing,
  plan: DxfPlan,
  retrievedAt: string | null,
): void {
  const lines = creditLines(drawing, retrievedAt)
  if (drawing.credits.length === 0 || plan.extent === null) return
  const [west, south, east, north] = plan.extent
  const height = Math.min(50, Math.max(2, Math.max(east - west, north - south) / 500))
  const layer = plan.layers.find((one) => one.name.toUpperCase() === CREDITS_LAYER)!
  writer.record('MTEXT', writer.takeHandle(), HANDLES.modelRecord)
  writer.groups([100, 'AcDbEntity'], [8, layer.name], [100, 'AcDbMText'])
  writer.point(10, west, north + height)
  writer.real(40, height)
  // Attachment 7: the text stands on its insertion point, so it covers no data; flow by style.
  writer.groups([41, 0], [71, 7], [72, 5])
  const chunks = chunksOf(escapeMtext(lines.join('\n')), MAX_TEXT)
  chunks.forEach((chunk, i) => {
    writer.group(i === chunks.length - 1 ? 1 : 3, chunk)
  })
  writer.groups([7, LABEL_STYLE], [73, 1], [44, 1])
}

/** Cut into pieces of at most `maxBytes`, never inside a character or an escape. */
function chunksOf(text: string, maxBytes: number): string[] {
  const chunks: string[] = []
  let rest = text
  do {
    let piece = limitUtf8(rest, maxBytes)
    if (piece.length < rest.length) {
      const tail = /(\\P?|\^|%+)$/.exec(piece)
      if (tail !== null && tail.index > 0) piece = piece.slice(0, tail.index)
    }
    chunks.push(piece)
    rest = rest.slice(piece.length)
  } while (rest !== '')
  return chunks
}

/** Radians to degrees 0 … 360; 0 for null and what is no angle. */
function degrees(radians: number | null): number {
  if (radians === null || !(Math.abs(radians) < 1e9)) return 0
  const turned = (radians * DEGREES) % 360
  return turned < 0 ? turned + 360 : turned
}

function finiteOr(value: number | null, fallback: number): number {
  return value !== null && Math.abs(value) < GREATEST_METERS ? value : fallback
}

function positiveOr(value: number | null, fallback: number): number {
  return value !== null && value > 1e-6 && value < 1e6 ? value : fallback
}
