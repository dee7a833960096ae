// Texts of a picture: all at their true size, to be read when one zooms in, and the most important ones large enough to be read at once.
import type { Drawing, Feature } from '../cad/drawing.ts'
import type { ByteWriter } from './byte-writer.ts'
import { BACKGROUND, type Frame, fixed, placedSize, turnDegrees } from './svg-frame.ts'
import { escapeXml } from './xml-text.ts'

/** Text height of a label that has none, metres. */
const DEFAULT_METERS = 2.5
/** A height in CAD is that of the capitals, about 0.72 of the font size. */
const CAPITALS = 0.72
/** Font size of an enlarged label; below it text is hard to read. */
const READABLE_PIXELS = 11
/** So many at the most are enlarged; more would hide the drawing. */
const MOST_ENLARGED = 60
/** Width of a letter in font sizes, on the safe side. */
const LETTER_WIDTH = 0.56
/** Distance between the circles a label is thought of when labels must not touch, in font sizes. */
const SPACING = 1.1

export class SvgLabels {
  private readonly frame: Frame
  private readonly enlarged: Set<Feature>

  constructor(drawing: Drawing, frame: Frame) {
    this.frame = frame
    this.enlarged = chooseEnlarged(drawing, frame)
  }

  /** One text feature at x, y of the picture. */
  place(writer: ByteWriter, feature: Feature, x: number, y: number, color: string): void {
    const { pixel } = this.frame
    const large = this.enlarged.has(feature)
    const fontSize = large ? READABLE_PIXELS * pixel : fontMeters(feature)
    const readable = fontSize >= READABLE_PIXELS * pixel * 0.999
    // A margin in the background's colour lets a name be read across the lines it stands on.
    const halo = readable
      ? `stroke="${BACKGROUND}" stroke-width="${fixed(2.5 * pixel)}" paint-order="stroke" fill-opacity="0.85"`
      : 'stroke="none" fill-opacity="0.5"'
    writer.text(
      `<text transform="translate(${fixed(x)} ${fixed(y)}) rotate(${fixed(turnDegrees(feature.rotation))})" font-size="${fixed(fontSize)}" text-anchor="middle" dominant-baseline="central" ${halo} fill="${color}">${escapeXml(textOf(feature))}</text>\n`,
    )
  }
}

function textOf(feature: Feature): string {
  return feature.text ?? feature.name ?? ''
}

function fontMeters(feature: Feature): number {
  return placedSize(feature.textHeight, DEFAULT_METERS) / CAPITALS
}

/**
 * Labels too small to read that get a readable size: those of the heaviest lines first, as many as stand clear of each
 * other and of the sheet's edges. A label and its line share their source.
 */
function chooseEnlarged(drawing: Drawing, frame: Frame): Set<Feature> {
  const chosen = new Set<Feature>()
  const fontSize = READABLE_PIXELS * frame.pixel
  const candidates = drawing.features.filter(
    (feature) => feature.kind === 'text' && fontMeters(feature) < fontSize,
  )
  if (candidates.length === 0) return chosen
  const weights = new Map<string, number>()
  for (const { kind, source, layer } of drawing.features) {
    if (kind !== 'line' || source === null) continue
    const weight = drawing.layers[layer]?.lineweight ?? 0
    if (weight > (weights.get(source) ?? 0)) weights.set(source, weight)
  }
  const weightOf = ({ source }: Feature) => (source === null ? 0 : (weights.get(source) ?? 0))
  candidates.sort((a, b) => weightOf(b) - weightOf(a))
  const taken = new CircleGrid(SPACING * fontSize)
  // The same name twice tells nothing new at this scale; the height of another contour does.
  const names = new Set<string>()
  for (const feature of candidates) {
    if (names.size === MOST_ENLARGED) break
    if (feature.class !== 'contour=label' && names.has(textOf(feature))) continue
    const circles = circlesOf(drawing, feature, frame, fontSize)
    if (circles === null || !taken.add(circles)) continue
    chosen.add(feature)
    names.add(textOf(feature))
  }
  return chosen
}

/** Centres x, y … of circles along the label; null when it is empty, not finite or reaches over the sheet's edge. */
function circlesOf(
  drawing: Drawing,
  feature: Feature,
  frame: Frame,
  fontSize: number,
): Float64Array | null {
  const at = 2 * drawing.paths.offsets[feature.path]!
  const x = drawing.paths.coords[at]! - frame.west
  const y = frame.north - drawing.paths.coords[at + 1]!
  const half = (Math.min(textOf(feature).length, 200) * LETTER_WIDTH * fontSize) / 2
  if (half === 0) return null
  const turn = (turnDegrees(feature.rotation) * Math.PI) / 180
  const count = Math.ceil((2 * half) / (SPACING * fontSize)) + 1
  const circles = new Float64Array(2 * count)
  for (let i = 0; i < count; i++) {
    const along = -half + (2 * half * i) / (count - 1)
    const cx = x + along * Math.cos(turn)
    const cy = y + along * Math.sin(turn)
    // Also false for NaN.
    if (!(cx > fontSize && cy > fontSize && cx < frame.width - fontSize)) return null
    if (!(cy < frame.height - frame.foot - fontSize)) return null
    circles[2 * i] = cx
    circles[2 * i + 1] = cy
  }
  return circles
}

/** Circles of one size that must not overlap, found by the cell they lie in. */
class CircleGrid {
  private readonly diameter: number
  private readonly cells = new Map<string, [number, number][]>()

  constructor(diameter: number) {
    this.diameter = diameter
  }

  /** Takes the circles in unless one of them overlaps an earlier one; they may overlap each other. */
  add(circles: Float64Array): boolean {
    const { diameter, cells } = this
    for (let i = 0; i < circles.length; i += 2) {
      const column = Math.floor(circles[i]! / diameter)
      const row = Math.floor(circles[i + 1]! / diameter)
      for (let c = column - 1; c <= column + 1; c++) {
        for (let r = row - 1; r <= row + 1; r++) {
          for (const [x, y] of cells.get(`${c} ${r}`) ?? []) {
            if (Math.hypot(x - circles[i]!, y - circles[i + 1]!) < diameter) return false
          }
        }
      }
    }
    for (let i = 0; i < circles.length; i += 2) {
      const key = `${Math.floor(circles[i]! / diameter)} ${Math.floor(circles[i + 1]! / diameter)}`
      const cell = cells.get(key)
      if (cell === undefined) cells.set(key, [[circles[i]!, circles[i + 1]!]])
      else cell.push([circles[i]!, circles[i + 1]!])
    }
    return true
  }
}
