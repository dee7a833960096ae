// A drawing as a picture: what AutoCAD's model space will show, in layer colours on its dark background, north up.
import { aciToRgb, parseColor } from '../cad/aci.ts'
import type { Drawing, Feature, FeatureKind, Layer } from '../cad/drawing.ts'
import { ByteWriter } from './byte-writer.ts'
import { linetypeOf } from './dxf-linetypes.ts'
import { BACKGROUND, css, FONT, type Frame, fixed, frameOf } from './svg-frame.ts'
import { SvgLabels } from './svg-labels.ts'
import { writeMargin } from './svg-margin.ts'
import { SvgSymbols } from './svg-symbols.ts'
import { escapeXml } from './xml-text.ts'

export interface SvgOptions {
  /** Width of the picture in pixels; 1600 unless given. */
  widthPixels?: number
  retrievedAt?: string | null
}

/** Stroke widths of contours: lines to read the ground by, under everything else. */
const CONTOUR_PIXELS = 0.6
const INDEX_CONTOUR_PIXELS = 1.3

/** What lies over what: surfaces and lines, then symbols, then texts. */
const STACK: Readonly<Record<FeatureKind, number>> = { ring: 1, line: 1, point: 2, text: 3 }

/**
 * The picture. Coordinates inside are metres from the upper left corner of the sheet, y down; features that are not finite are left out.
 * A group for each layer in use: contours lie below, then lines, symbols and texts. Strokes, symbols and the most important
 * texts have a least size at `widthPixels`; everything else is true to scale.
 */
export function writeSvg(drawing: Drawing, options: SvgOptions = {}): Uint8Array {
  const frame = frameOf(drawing, options.widthPixels ?? 1600)
  const writer = new ByteWriter(8192 + drawing.paths.coords.length * 10)
  const { widthPixels, heightPixels, width, height } = frame
  writer.text(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPixels}" height="${heightPixels}" viewBox="0 0 ${fixed(width)} ${fixed(height)}">\n`,
  )
  writer.text(`<title>EPSG:${drawing.epsg}</title>\n`)
  writer.text(`<rect width="100%" height="100%" fill="${BACKGROUND}"/>\n`)
  const symbols = new SvgSymbols(drawing, frame)
  const labels = new SvgLabels(drawing, frame)
  symbols.define(writer)
  writer.text(
    `<g fill="none" stroke-linecap="round" stroke-linejoin="round" font-family="${FONT}">\n`,
  )
  const byLayer: Feature[][] = drawing.layers.map(() => [])
  for (const feature of drawing.features) byLayer[feature.layer]?.push(feature)
  const order = byLayer
    .map((features, layer) => ({ layer, features }))
    .filter(({ features }) => features.length > 0)
    .sort((a, b) => heightInStack(a.features) - heightInStack(b.features))
  for (const { layer, features } of order) {
    beginLayer(writer, drawing.layers[layer]!, layer, frame)
    for (const feature of features) writeFeature(writer, drawing, feature, frame, symbols, labels)
    writer.text('</g>\n')
  }
  writer.text('</g>\n')
  writeMargin(writer, drawing, frame, options.retrievedAt ?? null)
  writer.text('</svg>\n')
  return writer.take()
}

/** Where a layer lies: as its lowest feature does; contours, but not their figures, lowest of all. */
function heightInStack(features: readonly Feature[]): number {
  let lowest = 3
  for (const { kind, class: what } of features) {
    const contour = what?.startsWith('contour=') === true && STACK[kind] === 1
    lowest = Math.min(lowest, contour ? 0 : STACK[kind])
  }
  return lowest
}

function beginLayer(writer: ByteWriter, layer: Layer, index: number, { pixel }: Frame): void {
  const dashes = linetypeOf(layer.linetype).dashes
  // A dot of a line type is a dash as long as the stroke is wide; its round ends make it a dot.
  const pattern = dashes.map((dash) => fixed(Math.max(Math.abs(dash), pixel * 0.1))).join(' ')
  writer.text(
    `<g id="layer-${index}" data-layer="${escapeXml(layer.name)}" stroke="${css(aciToRgb(layer.aci))}" stroke-width="${fixed(strokePixels(layer.lineweight) * pixel)}"${pattern === '' ? '' : ` stroke-dasharray="${pattern}" stroke-linecap="butt"`}>\n<title>${escapeXml(layer.name)}</title>\n`,
  )
}

function writeFeature(
  writer: ByteWriter,
  drawing: Drawing,
  feature: Feature,
  frame: Frame,
  symbols: SvgSymbols,
  labels: SvgLabels,
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
  if (!isLine) {
    const x = coords[2 * first]! - frame.west
    const y = frame.north - coords[2 * first + 1]!
    if (feature.kind === 'point') symbols.place(writer, feature, x, y, color)
    else {
      const layerColor = css(aciToRgb(drawing.layers[feature.layer]!.aci))
      labels.place(writer, feature, x, y, color ?? layerColor)
    }
    return
  }
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
  if (feature.class?.startsWith('contour=') === true) {
    const pixels = feature.class === 'contour=index' ? INDEX_CONTOUR_PIXELS : CONTOUR_PIXELS
    writer.text(` stroke-width="${fixed(pixels * frame.pixel)}"`)
  }
  writer.text('/>\n')
}

/** Thin, but told apart: 0.13 mm is 0.8 pixel, 0.50 mm is 2.2. */
function strokePixels(lineweight: number): number {
  const hundredths = lineweight > 0 ? Math.min(lineweight, 211) : 18
  return 0.3 + hundredths / 26
}
