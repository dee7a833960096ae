// Puts the rings of a drawing back together into polygons, for formats that have them.
import type { Drawing } from '../cad/drawing.ts'

/** Rings of one polygon feature: each outer ring (feature index) with the holes inside it. */
export interface PolygonGroup {
  /** Feature index of the first outer ring: its attributes are the polygon's. */
  feature: number
  parts: { outer: number; holes: number[] }[]
}

/**
 * For each feature index that is the first outer ring of a polygon: its parts. Rings share `Feature.polygon`; a ring without
 * one is a polygon of its own. A hole goes to the outer ring that contains its first vertex, or to the first outer ring when none does;
 * holes without any outer ring become polygons themselves, so that nothing is lost.
 */
export function groupPolygons(drawing: Drawing): Map<number, PolygonGroup> {
  const { features } = drawing
  const byPolygon = new Map<number, { outers: number[]; holes: number[] }>()
  const groups = new Map<number, PolygonGroup>()
  for (let i = 0; i < features.length; i++) {
    const feature = features[i]!
    if (feature.kind !== 'ring') continue
    if (feature.polygon < 0) {
      groups.set(i, { feature: i, parts: [{ outer: i, holes: [] }] })
      continue
    }
    let rings = byPolygon.get(feature.polygon)
    if (rings === undefined) {
      rings = { outers: [], holes: [] }
      byPolygon.set(feature.polygon, rings)
    }
    if (feature.hole) rings.holes.push(i)
    else rings.outers.push(i)
  }
  for (const { outers, holes } of byPolygon.values()) {
    if (outers.length === 0) {
      for (const hole of holes) {
        groups.set(hole, { feature: hole, parts: [{ outer: hole, holes: [] }] })
      }
      continue
    }
    const parts = outers.map((outer) => ({ outer, holes: [] as number[] }))
    for (const hole of holes) {
      const home =
        parts.length === 1
          ? parts[0]!
          : (parts.find((p) => contains(drawing, p.outer, hole)) ?? parts[0]!)
      home.holes.push(hole)
    }
    groups.set(outers[0]!, { feature: outers[0]!, parts })
  }
  return groups
}

/** Whether the ring of `outer` contains the middle of the first side of `inner` (a vertex may touch the ring). */
function contains(drawing: Drawing, outer: number, inner: number): boolean {
  const { coords, offsets } = drawing.paths
  const start = offsets[drawing.features[inner]!.path]!
  const x = (coords[2 * start]! + coords[2 * start + 2]!) / 2
  const y = (coords[2 * start + 1]! + coords[2 * start + 3]!) / 2
  const first = offsets[drawing.features[outer]!.path]!
  const end = offsets[drawing.features[outer]!.path + 1]!
  let inside = false
  for (let v = first, w = end - 1; v < end; w = v++) {
    const yv = coords[2 * v + 1]!
    const yw = coords[2 * w + 1]!
    if (yv > y === yw > y) continue
    const xv = coords[2 * v]!
    if (x < xv + ((coords[2 * w]! - xv) * (y - yv)) / (yw - yv)) inside = !inside
  }
  return inside
}
