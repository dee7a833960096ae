// Multipolygon and boundary relations: outer rings, each with its holes, out of member ways in any order and direction.
import type { Paths } from '../geo/paths.ts'
import type { IdIndex } from './id-index.ts'
import type { OsmData } from './osm-data.ts'
import { RELATION, WAY } from './osm-data.ts'
import type { AssemblyReport } from './osm-features.ts'
import { AREA, FeatureColumns, LINE } from './osm-features.ts'
import type { Step } from './ring-builder.ts'
import { joinChains } from './ring-builder.ts'
import type { Interest, WayGeometry } from './way-geometry.ts'

/** Mark of a way that gave a relation its tags: a second such relation must not draw it again. 1 = plain outline. */
const LENT = 2

/** Value of a tag of relation `r`, or null. */
function relationTag(data: OsmData, r: number, key: string): string | null {
  const { relations, tagKeys, tagValues, strings } = data
  for (let t = relations.tagStart[r]!; t < relations.tagEnd[r]!; t++) {
    if (strings[tagKeys[t]!] === key) return strings[tagValues[t]!]!
  }
  return null
}

function isAreaRelation(data: OsmData, r: number): boolean {
  const type = relationTag(data, r, 'type')
  return type === 'multipolygon' || type === 'boundary'
}

function roleOf(data: OsmData, member: number): string {
  const role = data.members.roles[member]!
  return role < 0 ? '' : data.strings[role]!
}

/**
 * Marks the member ways that are nothing but outlines of relation `r`: an outer way whose tags all stand at the relation too, an inner way
 * without tags of its own. They are drawn as part of the area only.
 */
export function markOutlines(
  data: OsmData,
  r: number,
  wayIndex: IdIndex,
  outline: Uint8Array,
  interest: Interest,
): void {
  if (!isAreaRelation(data, r)) return
  const { relations, members, ways, tagKeys, tagValues, strings } = data
  for (let m = relations.memberStart[r]!; m < relations.memberEnd[r]!; m++) {
    if (members.types[m] !== WAY) continue
    const w = wayIndex.find(members.refs[m]!)
    if (w < 0) continue
    const role = roleOf(data, m)
    if (role === 'inner') {
      if (!interest.any(ways.tagStart[w]!, ways.tagEnd[w]!)) outline[w] ||= 1
    } else if (role === 'outer') {
      let own = false
      for (let t = ways.tagStart[w]!; t < ways.tagEnd[w]! && !own; t++) {
        own =
          interest.any(t, t + 1) &&
          relationTag(data, r, strings[tagKeys[t]!]!) !== strings[tagValues[t]!]
      }
      if (!own) outline[w] ||= 1
    }
  }
}

/** Chains of one role: scratch geometry, and the keys of their ends. */
interface Chains {
  scratch: FeatureColumns
  firstKeys: number[]
  lastKeys: number[]
}

/** Appends the area of relation `r` to `out`, and what could not be closed as lines. */
export function assembleRelation(
  data: OsmData,
  r: number,
  wayIndex: IdIndex,
  outline: Uint8Array,
  interest: Interest,
  geometry: WayGeometry,
  out: FeatureColumns,
  report: AssemblyReport,
): void {
  if (!isAreaRelation(data, r)) return
  const { relations, members, ways } = data
  const outers = emptyChains()
  const inners = emptyChains()
  const seen = new Set<number>()
  let outerMembers = 0
  let onlyOuter = -1
  let missing = false
  for (let m = relations.memberStart[r]!; m < relations.memberEnd[r]!; m++) {
    const role = roleOf(data, m)
    if (role === 'outer') outerMembers++
    if (members.types[m] !== WAY) continue
    const ref = members.refs[m]!
    // A role left empty means outer, as long as another member says so; any other role is no part of the outline.
    const chains = role === 'inner' ? inners : role === 'outer' || role === '' ? outers : null
    if (chains === null || seen.has(ref)) continue
    seen.add(ref)
    const w = wayIndex.find(ref)
    if (role === 'outer') onlyOuter = w
    if (!addChain(data, m, w, geometry, chains)) missing = true
  }
  if (outerMembers === 0) return

  let type = RELATION
  let id = relations.ids[r]!
  let version = relations.versions[r]!
  let tagStart = relations.tagStart[r]!
  let tagEnd = relations.tagEnd[r]!
  if (
    outerMembers === 1 &&
    onlyTyped(data, r, interest) &&
    onlyOuter >= 0 &&
    outline[onlyOuter] !== LENT
  ) {
    type = WAY
    id = ways.ids[onlyOuter]!
    version = ways.versions[onlyOuter]!
    tagStart = ways.tagStart[onlyOuter]!
    tagEnd = ways.tagEnd[onlyOuter]!
    outline[onlyOuter] = LENT
  }

  const outer = joinChains(outers.firstKeys, outers.lastKeys)
  const inner = joinChains(inners.firstKeys, inners.lastKeys)
  const outerRings = ringsOf(outers.scratch, outer.rings)
  const innerRings = ringsOf(inners.scratch, inner.rings)
  const tainted = missing || outer.open.length > 0 || inner.open.length > 0
  if (tainted) report.incompleteRelations++
  if (outerRings.length > 0) {
    const holes = assignHoles(outerRings, innerRings)
    const firstPath = out.pathCount
    for (let o = 0; o < outerRings.length; o++) {
      writeRing(outerRings[o]!, out, false)
      for (const hole of holes[o]!) writeRing(hole, out, true)
    }
    out.closeFeature(AREA, type, id, version, tagStart, tagEnd, firstPath, tainted)
  }
  const loose = [...linesOf(outers.scratch, outer.open), ...linesOf(inners.scratch, inner.open)]
  if (loose.length > 0) {
    const firstPath = out.pathCount
    for (const line of loose) writeRing(line, out, false)
    out.closeFeature(LINE, type, id, version, tagStart, tagEnd, firstPath, true)
  }
  if (outerRings.length === 0 && loose.length === 0) report.emptyRelations++
}

function emptyChains(): Chains {
  return { scratch: new FeatureColumns(16, 256), firstKeys: [], lastKeys: [] }
}

/** True when the relation says nothing but its type. */
function onlyTyped(data: OsmData, r: number, interest: Interest): boolean {
  const { relations, tagKeys, strings } = data
  for (let t = relations.tagStart[r]!; t < relations.tagEnd[r]!; t++) {
    if (strings[tagKeys[t]!] !== 'type' && interest.any(t, t + 1)) return false
  }
  return true
}

/** Adds the geometry of member `m` (listed as way `w`, or printed inside the relation); false when some of it is missing. */
function addChain(
  data: OsmData,
  m: number,
  w: number,
  geometry: WayGeometry,
  chains: Chains,
): boolean {
  const { members } = data
  const { scratch } = chains
  const first = scratch.vertexCount
  let missing = w < 0 ? 1 : geometry.writeWay(w, scratch)
  const start = members.geometryStart[m]!
  const count = members.geometryEnd[m]! - start
  if (missing > 0 && count > 0) {
    scratch.dropVertices(first)
    missing = geometry.writeAnonymous(start, count, scratch)
  }
  if (scratch.vertexCount - first < 2) {
    scratch.dropVertices(first)
    return false
  }
  scratch.closePath(false)
  // Ends meet by place: one member may carry node ids while its neighbour was printed without.
  const last = scratch.vertexCount - 1
  chains.firstKeys.push(geometry.keyOf(scratch.lonAt(first), scratch.latAt(first)))
  chains.lastKeys.push(geometry.keyOf(scratch.lonAt(last), scratch.latAt(last)))
  return missing === 0
}

/** A ring or line with its box; coordinates lon, lat. */
interface Outline {
  lonLat: Float64Array
  nodeIds: Float64Array
  west: number
  south: number
  east: number
  north: number
}

/** Joined chains as one outline each; rings of fewer than four vertices are no rings and are left out. */
function ringsOf(scratch: FeatureColumns, joined: Step[][]): Outline[] {
  return linesOf(scratch, joined).filter((ring) => ring.nodeIds.length >= 4)
}

function linesOf(scratch: FeatureColumns, joined: Step[][]): Outline[] {
  const { paths, nodeIds } = scratch.filled()
  return joined.map((steps) => walk(paths, nodeIds, steps))
}

function walk(paths: Paths, nodeIds: Float64Array, steps: Step[]): Outline {
  const { coords, offsets } = paths
  let total = 1
  for (const { chain } of steps) total += offsets[chain + 1]! - offsets[chain]! - 1
  const outline: Outline = {
    lonLat: new Float64Array(total * 2),
    nodeIds: new Float64Array(total),
    west: Number.POSITIVE_INFINITY,
    south: Number.POSITIVE_INFINITY,
    east: Number.NEGATIVE_INFINITY,
    north: Number.NEGATIVE_INFINITY,
  }
  let at = 0
  for (const { chain, reversed } of steps) {
    const start = offsets[chain]!
    const count = offsets[chain + 1]! - start
    // The first vertex of every further chain is the last of the one before.
    for (let k = at === 0 ? 0 : 1; k < count; k++) {
      const from = start + (reversed ? count - 1 - k : k)
      const lon = coords[from * 2]!
      const lat = coords[from * 2 + 1]!
      outline.lonLat[at * 2] = lon
      outline.lonLat[at * 2 + 1] = lat
      outline.nodeIds[at] = nodeIds[from]!
      at++
      if (lon < outline.west) outline.west = lon
      if (lon > outline.east) outline.east = lon
      if (lat < outline.south) outline.south = lat
      if (lat > outline.north) outline.north = lat
    }
  }
  return outline
}

function writeRing(ring: Outline, out: FeatureColumns, hole: boolean): void {
  for (let v = 0; v < ring.nodeIds.length; v++) {
    out.vertex(ring.lonLat[v * 2]!, ring.lonLat[v * 2 + 1]!, ring.nodeIds[v]!)
  }
  out.closePath(hole)
}

/** Vertices of a hole tried against an outer ring before it counts as outside. */
const HOLE_PROBES = 16

/** The holes of each outer ring: the first outer that holds a vertex of the hole. Holes in empty space are dropped. */
function assignHoles(outers: Outline[], inners: Outline[]): Outline[][] {
  const holes: Outline[][] = outers.map(() => [])
  for (const inner of inners) {
    const count = inner.nodeIds.length
    const step = Math.max(1, Math.floor(count / HOLE_PROBES))
    const home = outers.findIndex((outer) => {
      if (inner.west > outer.east || inner.east < outer.west) return false
      if (inner.south > outer.north || inner.north < outer.south) return false
      for (let v = 0; v < count; v += step) {
        if (contains(outer.lonLat, inner.lonLat[v * 2]!, inner.lonLat[v * 2 + 1]!)) return true
      }
      return false
    })
    if (home >= 0) holes[home]!.push(inner)
  }
  return holes
}

/** Even-odd ray casting (Franklin, PNPOLY). */
function contains(ring: Float64Array, x: number, y: number): boolean {
  let inside = false
  for (let i = 2; i < ring.length; i += 2) {
    const y0 = ring[i - 1]!
    const y1 = ring[i + 1]!
    if (y0 > y === y1 > y) continue
    const x0 = ring[i - 2]!
    if (x < ((ring[i]! - x0) * (y - y0)) / (y1 - y0) + x0) inside = !inside
  }
  return inside
}
