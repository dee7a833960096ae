// Figures of a drawing for tables, notes and lists: what is in it, without its geometry.
import type { Drawing } from '../cad/drawing.ts'

export interface DrawingSummary {
  epsg: number
  verticalDatum: string | null
  features: number
  /** Feature count per layer name, in drawing order; empty layers are listed too. */
  layers: { name: string; aci: number; features: number }[]
  /** Metres; over vertices and features, null when no height is known. */
  minElevation: number | null
  maxElevation: number | null
  /** Metres in the CRS: west, south, east, north over finite vertices; null when empty. */
  extent: [number, number, number, number] | null
}

/** Counts and ranges; NaN never takes part in them. */
export function summarize(drawing: Drawing): DrawingSummary {
  const { features, paths } = drawing
  const counts = new Uint32Array(drawing.layers.length)
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  let west = Number.POSITIVE_INFINITY
  let south = Number.POSITIVE_INFINITY
  let east = Number.NEGATIVE_INFINITY
  let north = Number.NEGATIVE_INFINITY
  for (const feature of features) {
    counts[feature.layer]!++
    for (const height of [feature.elevation, feature.minElevation, feature.maxElevation]) {
      if (height === null || !Number.isFinite(height)) continue
      if (height < low) low = height
      if (height > high) high = height
    }
    const end = paths.offsets[feature.path + 1]!
    for (let v = paths.offsets[feature.path]!; v < end; v++) {
      const x = paths.coords[2 * v]!
      const y = paths.coords[2 * v + 1]!
      // A comparison with NaN is false, so such a vertex changes nothing; infinities are asked for.
      if (!Number.isFinite(x) || !Number.isFinite(y)) continue
      if (x < west) west = x
      if (x > east) east = x
      if (y < south) south = y
      if (y > north) north = y
      const z = paths.z?.[v]
      if (z === undefined || !Number.isFinite(z)) continue
      if (z < low) low = z
      if (z > high) high = z
    }
  }
  return {
    epsg: drawing.epsg,
    verticalDatum: drawing.verticalDatum,
    features: features.length,
    layers: drawing.layers.map((layer, i) => ({
      name: layer.name,
      aci: layer.aci,
      features: counts[i]!,
    })),
    minElevation: low <= high ? low : null,
    maxElevation: low <= high ? high : null,
    extent: west <= east ? [west, south, east, north] : null,
  }
}
