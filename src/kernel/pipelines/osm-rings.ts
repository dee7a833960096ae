// Areas that were mapped twice, and areas that cross themselves.
import type { Note } from '../cad/drawing.ts'
import { crossingSuspects } from '../geo/flaws.ts'
import { findIntersections } from '../geo/intersections.ts'
import type { Paths } from '../geo/paths.ts'
import type { OsmAttributes } from './osm-attributes.ts'
import type { Selection } from './osm-select.ts'

/** Rings of a selection without those that lie over another of the same class. */
export interface SingleRings {
  paths: Paths
  /** Dense node numbers beside the vertices. */
  index: Int32Array
  /** Path of the selection of each ring. */
  ringOf: Uint32Array
  /** Path of the selection → later paths over the same nodes. */
  twins: Map<number, number[]>
}

/**
 * The first of rings over the same nodes and of the same class, whichever way round and wherever they begin. Only areas of one ring are
 * compared. `index` are dense node numbers beside the vertices. Linear.
 */
export function singleRings(
  { paths, classes, polygons }: Selection,
  index: Int32Array,
): SingleRings {
  const { offsets } = paths
  const count = polygons.length
  const ringOf = new Uint32Array(count)
  let single = 0
  const twins = new Map<number, number[]>()
  let bits = 4
  while (1 << bits < count * 2) bits++
  const table = new Int32Array(1 << bits)
  const hashes = new Int32Array(count)
  for (let ring = 0; ring < count; ring++) {
    const polygon = polygons[ring]!
    if (polygons[ring - 1] !== polygon && polygons[ring + 1] !== polygon) {
      // A sum of scattered numbers is the same in any order.
      let hash = 0
      const last = offsets[ring + 1]! - 1
      for (let i = offsets[ring]!; i < last; i++) {
        const node = Math.imul(index[i]! ^ (index[i]! >>> 15), 0x9e3779b1)
        hash = (hash + (node ^ (node >>> 13))) | 0
      }
      hashes[ring] = hash
      let slot = Math.imul(hash, 0x85ebca6b) >>> (32 - bits)
      let entry = table[slot]!
      while (
        entry !== 0 &&
        (hashes[entry - 1] !== hash ||
          classes[entry - 1] !== classes[ring] ||
          !sameCycle(offsets, index, entry - 1, ring))
      ) {
        slot = (slot + 1) & (table.length - 1)
        entry = table[slot]!
      }
      if (entry !== 0) {
        const others = twins.get(entry - 1)
        if (others === undefined) twins.set(entry - 1, [ring])
        else others.push(ring)
        continue
      }
      table[slot] = ring + 1
    }
    ringOf[single++] = ring
  }
  const left = ringOf.subarray(0, single)
  if (single === count) return { paths, index, ringOf: left, twins }
  const kept = gathered(paths, left)
  const keptIndex = new Int32Array(kept.coords.length / 2)
  for (let k = 0; k < single; k++) {
    keptIndex.set(index.subarray(offsets[left[k]!]!, offsets[left[k]! + 1]!), kept.offsets[k]!)
  }
  return { paths: kept, index: keptIndex, ringOf: left, twins }
}

function sameCycle(offsets: Uint32Array, index: Int32Array, a: number, b: number): boolean {
  const from = offsets[a]!
  const other = offsets[b]!
  const count = offsets[a + 1]! - from - 1
  if (offsets[b + 1]! - other - 1 !== count) return false
  let shift = 0
  while (shift < count && index[other + shift] !== index[from]) shift++
  if (shift === count) return false
  for (const step of [1, count - 1]) {
    let k = 0
    while (k < count && index[from + k] === index[other + ((shift + k * step) % count)]) k++
    if (k === count) return true
  }
  return false
}

/** The search ends there; more crossings than these nobody repairs one by one. */
const MOST_CROSSINGS = 1000
/** Pairs of segments that are compared at most. */
const MOST_LOOKS = 5_000_000

/** A note when areas cross or touch themselves: how often, and the first place in metres and its element. Nothing is repaired. */
export function ringCrossingNotes(
  rings: Paths,
  ringOf: Uint32Array,
  selection: Selection,
  attributes: OsmAttributes,
): Note[] {
  const suspects = crossingSuspects(rings)
  if (suspects.length === 0) return []
  const budget = { looks: MOST_LOOKS }
  const found = findIntersections(gathered(rings, suspects), 'self', MOST_CROSSINGS, budget)
  const notes: Note[] = []
  if (budget.looks < 0) notes.push({ code: 'CROSSINGS_NOT_ALL_SEARCHED', data: {} })
  const place = found[0]
  if (place === undefined) return notes
  const ring = ringOf[suspects[place.paths[0]]!]!
  notes.unshift({
    code: 'RINGS_CROSS_THEMSELVES',
    data: {
      count: found.length,
      feature: attributes.source(selection.features[ring]!),
      easting: Math.round(place.x * 1000) / 1000,
      northing: Math.round(place.y * 1000) / 1000,
    },
  })
  return notes
}

/** Some of the paths as paths of their own. */
function gathered({ coords, offsets }: Paths, chosen: ArrayLike<number>): Paths {
  let total = 0
  for (let k = 0; k < chosen.length; k++) total += offsets[chosen[k]! + 1]! - offsets[chosen[k]!]!
  const out: Paths = {
    coords: new Float64Array(2 * total),
    offsets: new Uint32Array(chosen.length + 1),
  }
  let at = 0
  for (let k = 0; k < chosen.length; k++) {
    const path = chosen[k]!
    for (let i = 2 * offsets[path]!; i < 2 * offsets[path + 1]!; i++) out.coords[at++] = coords[i]!
    out.offsets[k + 1] = at / 2
  }
  return out
}
