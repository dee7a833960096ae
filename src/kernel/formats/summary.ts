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
  const { coords, offsets, z } = paths
  for (let i = 0; i < features.length; i++) {
    const feature = features[i]!
    counts[feature.layer]!++
    const end = offsets[feature.path + 1]!
    for (let v = offsets[feature.path]!; v < end; v++) {
      const x = coords[2 * v]!
      const y = coords[2 * v + 1]!
      // A comparison with NaN is false, so such a vertex changes nothing; infinities are asked for.
      if (!Number.isFinite(x) || !Number.isFinite(y)) continue
      if (x < west) west = x
      if (x > east) east = x
      if (y < south) south = y
      if (y > north) north = y
      if (z === undefined || !Number.isFinite(z[v]!)) continue
      if (z[v]! < low) low = z[v]!
      if (z[v]! > high) high = z[v]!
    }
    // The figures of a packed element were taken from the heights of its vertices.
    if (feature.packed !== undefined) continue
    const { elevation, minElevation, maxElevation } = feature
    if (elevation !== null && Number.isFinite(elevation)) {
      low = Math.min(low, elevation)
      high = Math.max(high, elevation)
    }
    if (minElevation !== null && Number.isFinite(minElevation)) low = Math.min(low, minElevation)
    if (maxElevation !== null && Number.isFinite(maxElevation)) high = Math.max(high, maxElevation)
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
