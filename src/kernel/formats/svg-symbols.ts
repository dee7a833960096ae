// Point symbols of a picture: true size where that can be seen, a few pixels with hair strokes where it cannot.
import { type Stroke, symbolOf } from '../cad/blocks.ts'
import type { Drawing, Feature } from '../cad/drawing.ts'
import type { ByteWriter } from './byte-writer.ts'
import { type Frame, fixed, placedSize, turnDegrees } from './svg-frame.ts'

/** A symbol is never smaller than this on screen, as long as all of them together leave the drawing free. */
const LEAST_PIXELS = 7
/** Nor smaller than this however many there are. */
const LEAST_IN_A_CROWD_PIXELS = 3.5
/** Share of the sheet that symbols larger than life may cover. */
const MOST_COVERED = 0.01
/** Strokes of symbols, whatever the symbol's scale; of those at least size thinner still, for their strokes lie close. */
const STROKE_PIXELS = 0.9
const HAIR_PIXELS = 0.5

/** A point without a block: a cross. */
const CROSS: readonly Stroke[] = [
  { kind: 'line', points: [-0.4, 0, 0.4, 0], closed: false },
  { kind: 'line', points: [0, -0.4, 0, 0.4], closed: false },
]

interface Placed {
  id: number
  strokes: readonly Stroke[]
  /** Metres across, at scale 1. */
  size: number
}

export class SvgSymbols {
  /** By block name; the empty name is a point without a block. */
  private readonly used = new Map<string, Placed>()
  private readonly frame: Frame
  private readonly leastMeters: number

  /** Takes note of the symbols that the drawing uses. */
  constructor(drawing: Drawing, frame: Frame) {
    let count = 0
    for (const { kind, block } of drawing.features) {
      if (kind !== 'point') continue
      count++
      if (this.used.has(block ?? '')) continue
      const strokes = block === null ? CROSS : symbolOf(block).strokes
      this.used.set(block ?? '', { id: this.used.size, strokes, size: sizeOf(strokes) })
    }
    const share = Math.sqrt((MOST_COVERED * frame.widthPixels * frame.heightPixels) / count)
    this.frame = frame
    this.leastMeters =
      Math.min(LEAST_PIXELS, Math.max(LEAST_IN_A_CROWD_PIXELS, share)) * frame.pixel
  }

  /** The definitions that `place` refers to. */
  define(writer: ByteWriter): void {
    if (this.used.size === 0) return
    writer.text('<defs>\n')
    for (const { id, strokes } of this.used.values()) {
      writer.text(`<path id="symbol-${id}" d="${strokes.map(strokePath).join('')}"/>\n`)
    }
    writer.text('</defs>\n')
  }

  /** One point feature at x, y of the picture; `color` only where it differs from its layer's. */
  place(writer: ByteWriter, feature: Feature, x: number, y: number, color: string | null): void {
    const { pixel } = this.frame
    const { id, size } = this.used.get(feature.block ?? '')!
    const wanted = placedSize(feature.scale, 1)
    const least = this.leastMeters / size
    const scale = Math.max(wanted, least)
    // A stroke is scaled with its symbol, so its width is divided by the scale.
    const stroke = ((wanted < least ? HAIR_PIXELS : STROKE_PIXELS) * pixel) / scale
    writer.text(
      `<use href="#symbol-${id}" transform="translate(${fixed(x)} ${fixed(y)}) rotate(${fixed(turnDegrees(feature.rotation))}) scale(${fixed(scale, 4)})" stroke-width="${fixed(stroke, 5)}"`,
    )
    if (color !== null) writer.text(` stroke="${color}"`)
    writer.text('/>\n')
  }
}

/** Metres from one side of the symbol to the other, the longer way. */
function sizeOf(strokes: readonly Stroke[]): number {
  const xs: number[] = []
  const ys: number[] = []
  for (const stroke of strokes) {
    if (stroke.kind === 'line') {
      xs.push(...stroke.points.filter((_, i) => i % 2 === 0))
      ys.push(...stroke.points.filter((_, i) => i % 2 === 1))
    } else {
      xs.push(stroke.x - stroke.radius, stroke.x + stroke.radius)
      ys.push(stroke.y - stroke.radius, stroke.y + stroke.radius)
    }
  }
  return Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys))
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
