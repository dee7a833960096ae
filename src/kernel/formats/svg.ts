// A drawing as a picture: what AutoCAD's model space will show, in layer colours on its dark background, north up.
import { aciToRgb, parseColor } from '../cad/aci.ts'
import { type Stroke, symbolOf } from '../cad/blocks.ts'
import type { Drawing, Feature } from '../cad/drawing.ts'
import { ByteWriter } from './byte-writer.ts'
import { creditLines } from './credit-lines.ts'
import { linetypeOf } from './dxf-linetypes.ts'
import { escapeXml } from './xml-text.ts'

export interface SvgOptions {
  /** Width of the picture in pixels; 1600 unless given. */
  widthPixels?: number
  retrievedAt?: string | null
}

/** AutoCAD's model space. */
const BACKGROUND = '#212830'
const FOREGROUND = '#d8dde2'
/** Below this many pixels a symbol would be a dot, so it is drawn larger than life. */
const LEAST_SYMBOL_PIXELS = 9
const SYMBOL_METERS = 1.5
/** Below this many pixels a label cannot be read, so it is left out. */
const LEAST_LABEL_PIXELS = 5

/**
 * The picture. Coordinates inside are metres from the upper left corner of the data, y down; features that are not finite are left out.
 * Symbols have a least size on screen; labels too small to read at `widthPixels` are left out.
 */
export function writeSvg(drawing: Drawing, options: SvgOptions = {}): Uint8Array {
  const frame = frameOf(drawing, options.widthPixels ?? 1600)
  const writer = new ByteWriter(8192 + drawing.paths.coords.length * 10)
  const { widthPixels, heightPixels, width, height, pixel } = frame
  writer.text(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPixels}" height="${heightPixels}" viewBox="0 0 ${fixed(width)} ${fixed(height)}">\n`,
  )
  writer.text(`<title>EPSG:${drawing.epsg}</title>\n`)
  writer.text(`<rect width="100%" height="100%" fill="${BACKGROUND}"/>\n`)
  const used = symbolNames(drawing)
  writeSymbols(writer, used)
  writer.text(
    '<g fill="none" stroke-linecap="round" stroke-linejoin="round" font-family="Arial, Helvetica, sans-serif">\n',
  )
  const byLayer: Feature[][] = drawing.layers.map(() => [])
  for (const feature of drawing.features) byLayer[feature.layer]?.push(feature)
  drawing.layers.forEach((layer, i) => {
    const features = byLayer[i]!
    if (features.length === 0) return
    const dashes = linetypeOf(layer.linetype).dashes
    // A dot of a line type is a dash as long as the stroke is wide; its round ends make it a dot.
    const pattern = dashes.map((dash) => fixed(Math.max(Math.abs(dash), pixel * 0.1))).join(' ')
    writer.text(
      `<g id="layer-${i}" data-layer="${escapeXml(layer.name)}" stroke="${css(aciToRgb(layer.aci))}" stroke-width="${fixed(strokePixels(layer.lineweight) * pixel)}"${pattern === '' ? '' : ` stroke-dasharray="${pattern}" stroke-linecap="butt"`}>\n<title>${escapeXml(layer.name)}</title>\n`,
    )
    for (const feature of features) writeFeature(writer, drawing, feature, frame, used)
    writer.text('</g>\n')
  })
  writer.text('</g>\n')
  writeFoot(writer, drawing, frame, options.retrievedAt ?? null)
  writer.text('</svg>\n')
  return writer.take()
}

interface Frame {
  widthPixels: number
  heightPixels: number
  /** Metres. */
  width: number
  height: number
  /** Easting and northing of the upper left corner. */
  west: number
  north: number
  /** Metres that one pixel covers. */
  pixel: number
  /** Metres at the bottom for the scale bar and the credits. */
  foot: number
}

/** The data's box with a margin, a foot below it, and never flatter or taller than a sheet may be. */
function frameOf(drawing: Drawing, widthPixels: number): Frame {
  const { coords } = drawing.paths
  let west = Number.POSITIVE_INFINITY
  let south = Number.POSITIVE_INFINITY
  let east = Number.NEGATIVE_INFINITY
  let north = Number.NEGATIVE_INFINITY
  for (let i = 0; i < coords.length; i += 2) {
    const x = coords[i]!
    const y = coords[i + 1]!
    if (!(Math.abs(x) < 1e15 && Math.abs(y) < 1e15)) continue
    if (x < west) west = x
    if (x > east) east = x
    if (y < south) south = y
    if (y > north) north = y
  }
  if (west > east) {
    west = 0
    south = 0
    east = 100
    north = 100
  }
  const span = Math.max(east - west, (north - south) / 4, 1)
  const margin = 0.03 * span
  const middle = (west + east) / 2
  const width = span + 2 * margin
  const pixel = width / widthPixels
  const dataHeight = Math.max(north - south, span / 4)
  const foot = 34 * pixel
  const height = dataHeight + 2 * margin + foot
  return {
    widthPixels,
    heightPixels: Math.round(height / pixel),
    width,
    height,
    west: middle - width / 2,
    north: (south + north) / 2 + dataHeight / 2 + margin,
    pixel,
    foot,
  }
}

function writeFeature(
  writer: ByteWriter,
  drawing: Drawing,
  feature: Feature,
  frame: Frame,
  used: ReadonlyMap<string, number>,
): void {
  const { coords, offsets } = drawing.paths
  const first = offsets[feature.path]!
  const end = offsets[feature.path + 1]!
  const isLine = feature.kind === 'line' || feature.kind === 'ring'
  if (end - first < (isLine ? 2 : 1)) return
  for (let i = 2 * first; i < 2 * (isLine ? end : first + 1); i++) {
    if (!(Math.abs(coords[i]!) < 1e15)) return
  }
  const own = parseColor(feature.color)
  const color = own === null ? null : css(own.rgb ?? aciToRgb(own.aci))
  if (isLine) {
    writer.text('<path d="M')
    for (let v = first; v < end; v++) {
      if (v > first) writer.byte(32)
      writer.decimal(coords[2 * v]! - frame.west, 2)
      writer.byte(44)
      writer.decimal(frame.north - coords[2 * v + 1]!, 2)
    }
    if (feature.kind === 'ring') writer.byte(90)
    writer.byte(34)
    if (color !== null) writer.text(` stroke="${color}"`)
    writer.text('/>\n')
    return
  }
  const x = fixed(coords[2 * first]! - frame.west)
  const y = fixed(frame.north - coords[2 * first + 1]!)
  // Counter-clockwise in the drawing is clockwise with y down.
  const turn = (finite(feature.rotation) * -180) / Math.PI
  if (feature.kind === 'text') {
    const size = placedSize(feature.textHeight, 2.5)
    if (size < LEAST_LABEL_PIXELS * frame.pixel) return
    const text = escapeXml(feature.text ?? feature.name ?? '')
    // A height in CAD is that of the capitals, about 0.72 of the font size.
    writer.text(
      `<text transform="translate(${x} ${y}) rotate(${fixed(turn)})" font-size="${fixed(size / 0.72)}" text-anchor="middle" dominant-baseline="central" stroke="none" fill="${color ?? css(aciToRgb(drawing.layers[feature.layer]!.aci))}">${text}</text>\n`,
    )
    return
  }
  const scale = placedSize(feature.scale, 1)
  const least = (LEAST_SYMBOL_PIXELS * frame.pixel) / SYMBOL_METERS
  writer.text(
    `<use href="#symbol-${used.get(feature.block ?? '')}" transform="translate(${x} ${y}) rotate(${fixed(turn)}) scale(${fixed(Math.max(scale, least), 4)})"`,
  )
  if (color !== null) writer.text(` stroke="${color}"`)
  writer.text('/>\n')
}

/** Block names in use to the number of their symbol; the empty name is a point without a block. */
function symbolNames(drawing: Drawing): Map<string, number> {
  const used = new Map<string, number>()
  for (const { kind, block } of drawing.features) {
    if (kind === 'point' && !used.has(block ?? '')) used.set(block ?? '', used.size)
  }
  return used
}

function writeSymbols(writer: ByteWriter, used: ReadonlyMap<string, number>): void {
  if (used.size === 0) return
  writer.text('<defs>\n')
  for (const [name, number] of used) {
    const strokes: readonly Stroke[] =
      name === ''
        ? [
            { kind: 'line', points: [-0.4, 0, 0.4, 0], closed: false },
            { kind: 'line', points: [0, -0.4, 0, 0.4], closed: false },
          ]
        : symbolOf(name).strokes
    writer.text(`<path id="symbol-${number}" vector-effect="non-scaling-stroke" d="`)
    writer.text(strokes.map(strokePath).join(''))
    writer.text('"/>\n')
  }
  writer.text('</defs>\n')
}

/** A stroke as path data, y turned down. */
function strokePath(stroke: Stroke): string {
  if (stroke.kind === 'line') {
    const places: string[] = []
    for (let i = 0; i < stroke.points.length; i += 2) {
      places.push(`${fixed(stroke.points[i]!)},${fixed(-stroke.points[i + 1]!)}`)
    }
    return `M${places.join(' ')}${stroke.closed ? 'Z' : ''}`
  }
  const { x, y, radius } = stroke
  const r = fixed(radius)
  if (stroke.kind === 'circle') {
    return `M${fixed(x - radius)},${fixed(-y)}a${r},${r} 0 1 0 ${fixed(2 * radius)},0a${r},${r} 0 1 0 ${fixed(-2 * radius)},0`
  }
  const at = (degrees: number) => {
    const angle = (degrees * Math.PI) / 180
    return `${fixed(x + radius * Math.cos(angle))},${fixed(-y - radius * Math.sin(angle))}`
  }
  const sweep = (stroke.endDegrees - stroke.startDegrees + 360) % 360
  return `M${at(stroke.startDegrees)}A${r},${r} 0 ${sweep > 180 ? 1 : 0} 0 ${at(stroke.endDegrees)}`
}

/** Scale bar on the left, credits on the right. */
function writeFoot(
  writer: ByteWriter,
  drawing: Drawing,
  frame: Frame,
  retrievedAt: string | null,
): void {
  const { pixel } = frame
  const base = frame.height - frame.foot / 2
  const length = roundLength(frame.width / 5)
  const left = 12 * pixel
  const label = length >= 1000 ? `${length / 1000} km` : `${length} m`
  const style = `font-family="Arial, Helvetica, sans-serif" font-size="${fixed(12 * pixel)}" fill="${FOREGROUND}" dominant-baseline="central"`
  writer.text(
    `<rect x="0" y="${fixed(frame.height - frame.foot)}" width="100%" height="${fixed(frame.foot)}" fill="${BACKGROUND}"/>\n`,
  )
  writer.text(
    `<path d="M${fixed(left)},${fixed(base - 4 * pixel)}v${fixed(8 * pixel)}m0,${fixed(-4 * pixel)}h${fixed(length)}m0,${fixed(-4 * pixel)}v${fixed(8 * pixel)}" fill="none" stroke="${FOREGROUND}" stroke-width="${fixed(1.5 * pixel)}"/>\n`,
  )
  writer.text(
    `<text x="${fixed(left + length + 8 * pixel)}" y="${fixed(base)}" ${style}>${label}</text>\n`,
  )
  const credits = escapeXml(creditLines(drawing, retrievedAt).join(' · '))
  writer.text(
    `<text x="${fixed(frame.width - left)}" y="${fixed(base)}" ${style} text-anchor="end">${credits}</text>\n`,
  )
}

/** The greatest of 1, 2, 5 × 10ⁿ that is not longer. */
function roundLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most))
  return (most >= 5 * power ? 5 : most >= 2 * power ? 2 : 1) * power
}

/** Thin, but told apart: 0.13 mm is 0.8 pixel, 0.50 mm is 2.2. */
function strokePixels(lineweight: number): number {
  const hundredths = lineweight > 0 ? Math.min(lineweight, 211) : 18
  return 0.3 + hundredths / 26
}

function css(rgb: number): string {
  return `#${rgb.toString(16).padStart(6, '0')}`
}

/** A height or scale that makes sense, or the usual one. */
function placedSize(value: number | null, usual: number): number {
  return value !== null && value > 0 && value < 1e6 ? value : usual
}

function finite(value: number | null): number {
  return value !== null && Math.abs(value) < 1e9 ? value : 0
}

function fixed(value: number, decimals = 3): string {
  const power = 10 ** decimals
  return String(Math.round(value * power) / power + 0)
}
