// Figures of a drawing for tables and notes.
import type { Drawing } from '../cad/drawing.ts'

export interface LayerFigures {
  name: string
  aci: number
  features: number
}

/** Counts per layer (drawing order), heights in metres, and the box in metres: west, south, east, north. NaN is passed over. */
export function summarize(drawing: Drawing): {
  epsg: number
  verticalDatum: string | null
  features: number
  layers: LayerFigures[]
  minElevation: number | null
  maxElevation: number | null
  extent: [number, number, number, number] | null
} {
  const layers = drawing.layers.map(({ name, aci }) => ({ name, aci, features: 0 }))
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const feature of drawing.features) {
    layers[feature.layer]!.features++
    const least = feature.minElevation ?? feature.elevation
    const most = feature.maxElevation ?? feature.elevation
    if (least !== null && least < low) low = least
    if (most !== null && most > high) high = most
  }
  return {
    epsg: drawing.epsg,
    verticalDatum: drawing.verticalDatum,
    features: drawing.features.length,
    layers,
    minElevation: low <= high ? low : null,
    maxElevation: low <= high ? high : null,
    extent: extentOf(drawing.paths.coords),
  }
}

function extentOf(coords: Float64Array): [number, number, number, number] | null {
  let west = Number.POSITIVE_INFINITY
  let south = Number.POSITIVE_INFINITY
  let east = Number.NEGATIVE_INFINITY
  let north = Number.NEGATIVE_INFINITY
  for (let i = 0; i < coords.length; i += 2) {
    const x = coords[i]!
    const y = coords[i + 1]!
    if (x < west) west = x
    if (x > east) east = x
    if (y < south) south = y
    if (y > north) north = y
  }
  return west <= east && south <= north ? [west, south, east, north] : null
}
