// What stands around the drawing on the sheet: scale bar, credits and the north arrow.
import type { Drawing } from '../cad/drawing.ts'
import type { ByteWriter } from './byte-writer.ts'
import { creditLines } from './credit-lines.ts'
import { BACKGROUND, FONT, FOREGROUND, type Frame, fixed } from './svg-frame.ts'
import { escapeXml } from './xml-text.ts'

/** Scale bar on the left of the foot, credits on its right, an arrow to grid north in the upper right corner. */
export function writeMargin(
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
  const font = `font-family="${FONT}" font-size="${fixed(12 * pixel)}" fill="${FOREGROUND}"`
  const style = `${font} dominant-baseline="central"`
  const stroke = `fill="none" stroke="${FOREGROUND}"`
  writer.text(
    `<rect x="0" y="${fixed(frame.height - frame.foot)}" width="100%" height="${fixed(frame.foot)}" fill="${BACKGROUND}"/>\n`,
  )
  writer.text(
    `<path d="M${fixed(left)},${fixed(base - 4 * pixel)}v${fixed(8 * pixel)}m0,${fixed(-4 * pixel)}h${fixed(length)}m0,${fixed(-4 * pixel)}v${fixed(8 * pixel)}" ${stroke} stroke-width="${fixed(1.5 * pixel)}"/>\n`,
  )
  writer.text(
    `<text x="${fixed(left + length + 8 * pixel)}" y="${fixed(base)}" ${style}>${label}</text>\n`,
  )
  const credits = escapeXml(creditLines(drawing, retrievedAt).join(' · '))
  writer.text(
    `<text x="${fixed(frame.width - left)}" y="${fixed(base)}" ${style} text-anchor="end">${credits}</text>\n`,
  )
  const x = frame.width - 24 * pixel
  const point = (dx: number, dy: number) => `${fixed(x + dx * pixel)},${fixed((20 + dy) * pixel)}`
  writer.text(
    `<path d="M${point(0, 26)}L${point(0, 0)}M${point(-5, 9)}L${point(0, 0)}L${point(5, 9)}" ${stroke} stroke-width="${fixed(1.2 * pixel)}"/>\n`,
  )
  writer.text(
    `<text x="${fixed(x)}" y="${fixed(58 * pixel)}" ${font} text-anchor="middle">N</text>\n`,
  )
}

/** The greatest of 1, 2, 5 × 10ⁿ that is not longer. */
function roundLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most))
  return (most >= 5 * power ? 5 : most >= 2 * power ? 2 : 1) * power
}
