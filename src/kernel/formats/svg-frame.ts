// The sheet a picture is drawn on: which metres it shows, how many of them a pixel covers, and numbers as SVG likes them.
import type { Drawing } from '../cad/drawing.ts'

/** Colours of AutoCAD's model space. */
export const BACKGROUND = '#212830'
export const FOREGROUND = '#d8dde2'
export const FONT = 'Arial, Helvetica, sans-serif'

/** Coordinates of the picture are metres from its upper left corner, y down. */
export interface Frame {
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
export function frameOf(drawing: Drawing, widthPixels: number): Frame {
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

/** A number with few decimals and without trailing zeros, as text. */
export function fixed(value: number, decimals = 3): string {
  const power = 10 ** decimals
  return String(Math.round(value * power) / power + 0)
}

export function css(rgb: number): string {
  return `#${rgb.toString(16).padStart(6, '0')}`
}

/** A height or scale that makes sense, or the usual one. */
export function placedSize(value: number | null, usual: number): number {
  return value !== null && value > 0 && value < 1e6 ? value : usual
}

/** Radians counter-clockwise to SVG's degrees, which run clockwise because y points down; 0 for what is no angle. */
export function turnDegrees(radians: number | null): number {
  return radians !== null && Math.abs(radians) < 1e9 ? (radians * -180) / Math.PI : 0
}
