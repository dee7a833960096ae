// AutoCAD Color Index: the palette's colours as red, green and blue, and how a feature's colour text is understood.

/** ACI 1 … 9: red, yellow, green, cyan, blue, magenta, white/black, dark grey, light grey. */
const FIRST = [
  0xff0000, 0xffff00, 0x00ff00, 0x00ffff, 0x0000ff, 0xff00ff, 0xffffff, 0x808080, 0xc0c0c0,
]
/** ACI 250 … 255: greys. */
const GREYS = [0x333333, 0x5b5b5b, 0x848484, 0xadadad, 0xd6d6d6, 0xffffff]
/** Brightness of the five pairs in each block of ten from 10 on. */
const VALUES = [255, 165, 127, 76, 38]

/** The palette: entry `n` is ACI n as 0xRRGGBB; entry 0 (ByBlock) is white. */
const PALETTE = palette()

/**
 * 240 colours: 24 hues of 15° each, five brightnesses, each in full and in half saturation.
 * Rounded down, which is how AutoCAD's own table came to be.
 */
function palette(): Uint32Array {
  const colors = new Uint32Array(256)
  colors[0] = 0xffffff
  FIRST.forEach((color, i) => {
    colors[i + 1] = color
  })
  GREYS.forEach((color, i) => {
    colors[i + 250] = color
  })
  for (let index = 10; index < 250; index++) {
    const hue = (Math.floor(index / 10) - 1) * 15
    const value = VALUES[Math.floor((index % 10) / 2)]!
    const floor = index % 2 === 0 ? 0 : value / 2
    const channel = (shift: number) => {
      const k = (shift + hue / 60) % 6
      const part = Math.max(0, Math.min(k, 4 - k, 1))
      return Math.floor(value - (value - floor) * part + 1e-9)
    }
    colors[index] = (channel(5) << 16) | (channel(3) << 8) | channel(1)
  }
  return colors
}

/** 0xRRGGBB of an ACI; white for numbers outside 1 … 255. */
export function aciToRgb(aci: number): number {
  return PALETTE[aci >= 1 && aci <= 255 ? aci : 7]!
}

/** The ACI whose colour is nearest (squared distance in RGB; the lower number wins a tie). */
export function nearestAci(rgb: number): number {
  let best = 7
  let least = Number.POSITIVE_INFINITY
  for (let aci = 1; aci < 256; aci++) {
    const color = PALETTE[aci]!
    const red = (color >> 16) - (rgb >> 16)
    const green = ((color >> 8) & 255) - ((rgb >> 8) & 255)
    const blue = (color & 255) - (rgb & 255)
    const distance = red * red + green * green + blue * blue
    if (distance < least) {
      least = distance
      best = aci
    }
  }
  return best
}

/** A colour of its own: an index, or a true colour with its nearest index. */
export interface EntityColor {
  aci: number
  /** 0xRRGGBB; null for a plain index. */
  rgb: number | null
}

/** Reads `"5"` or `"r,g,b"`; null for null and for anything else (by layer). */
export function parseColor(text: string | null): EntityColor | null {
  if (text === null) return null
  if (/^\s*\d{1,3}\s*$/.test(text)) {
    const aci = Number(text)
    return aci >= 1 && aci <= 255 ? { aci, rgb: null } : null
  }
  const match = /^\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*$/.exec(text)
  if (match === null) return null
  const [red, green, blue] = [Number(match[1]), Number(match[2]), Number(match[3])]
  if (red > 255 || green > 255 || blue > 255) return null
  const rgb = (red << 16) | (green << 8) | blue
  return { aci: nearestAci(rgb), rgb }
}
