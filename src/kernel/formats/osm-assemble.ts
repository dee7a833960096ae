// OpenStreetMap elements to points, lines and areas, by osmtogeojson's rules: tagged nodes, ways, multipolygon and boundary relations.
// Differences, each on purpose: an outline that cannot be closed stays a line instead of becoming a false area; boxes and centre points
// (`out bb`, `out center`) are not geometry; untagged nodes are not drawn; a member way printed inside its relation is not drawn twice.
import { IdIndex } from './id-index.ts'
import { assembleRelation, markOutlines } from './osm-area.ts'
import type { OsmData, OsmElements } from './osm-data.ts'
import { NODE, WAY } from './osm-data.ts'
import type { AssemblyReport, OsmFeatures } from './osm-features.ts'
import { AREA, FeatureColumns, LINE, POINT } from './osm-features.ts'
import { areaVerdict, hasAreaRule } from './polygon-features.ts'
import { PositionIds } from './position-ids.ts'
import { Interest, WayGeometry } from './way-geometry.ts'

/**
 * Every feature of the answer, sorted by node, way, relation and then id, so that the order of the elements in the file does not show.
 * A relation whose only tag is its type, with one outer way, takes id and tags of that way.
 */
export function assembleOsm(data: OsmData): { features: OsmFeatures; report: AssemblyReport } {
  const { ways, relations } = data
  const report: AssemblyReport = {
    incompleteWays: 0,
    emptyWays: 0,
    incompleteRelations: 0,
    emptyRelations: 0,
  }
  const geometry = new WayGeometry(data, new PositionIds())
  const interest = new Interest(data)
  const tagged = taggedNodes(data, interest)
  const columns = new FeatureColumns(
    ways.count + tagged.length + 1024,
    data.refs.length + tagged.length + 1024,
  )
  addNodes(data, tagged, columns)

  // Relations first, because they decide which ways are only their outlines; drawn last, to keep the order of kinds.
  const wayIndex = new IdIndex(ways.ids, ways.count)
  const outline = new Uint8Array(ways.count)
  const areas = new FeatureColumns(relations.count + 16, (data.geometry.length >> 2) + 1024)
  const relationOrder = byId(relations, null)
  for (let k = 0; k < relationOrder.length; k++) {
    const r = relationOrder[k]!
    markOutlines(data, r, wayIndex, outline, interest)
    assembleRelation(data, r, wayIndex, outline, interest, geometry, areas, report)
  }
  const verdicts = new AreaVerdicts(data)
  const wayOrder = byId(ways, wayIndex)
  for (let k = 0; k < wayOrder.length; k++) {
    const w = wayOrder[k]!
    if (outline[w] === 0) addWay(data, w, geometry, verdicts, columns, report)
  }
  columns.append(areas)
  return { features: columns.filled(), report }
}

/** Indexes of the elements in ascending order of id. */
function byId({ count, ids }: OsmElements, index: IdIndex | null): Int32Array {
  const order = new Int32Array(count)
  let ascending = true
  for (let i = 0; i < count; i++) {
    order[i] = i
    if (i > 0 && ids[i]! < ids[i - 1]!) ascending = false
  }
  if (ascending) return order
  const sorted = ids.slice(0, count).sort()
  const known = index ?? new IdIndex(ids, count)
  for (let i = 0; i < count; i++) order[i] = known.find(sorted[i]!)
  return order
}

/** Nodes that say something, in ascending order of id. Untagged ones, most of any answer, are only vertices. */
function taggedNodes({ nodes }: OsmData, interest: Interest): Int32Array {
  const { count, ids, tagStart, tagEnd } = nodes
  const found = new Int32Array(count)
  let tagged = 0
  let ascending = true
  for (let i = 0; i < count; i++) {
    if (!interest.any(tagStart[i]!, tagEnd[i]!)) continue
    if (tagged > 0 && ids[i]! < ids[found[tagged - 1]!]!) ascending = false
    found[tagged++] = i
  }
  const chosen = found.subarray(0, tagged)
  return ascending ? chosen : sortedById(ids, chosen)
}

/** Sorted as plain numbers, which is many times faster than with a comparison of ours. */
function sortedById(ids: Float64Array, chosen: Int32Array): Int32Array {
  const own = new Float64Array(chosen.length)
  for (let k = 0; k < chosen.length; k++) own[k] = ids[chosen[k]!]!
  const index = new IdIndex(own, own.length)
  const sorted = own.slice().sort()
  const order = new Int32Array(chosen.length)
  for (let k = 0; k < chosen.length; k++) order[k] = chosen[index.find(sorted[k]!)]!
  return order
}

function addNodes({ nodes }: OsmData, tagged: Int32Array, columns: FeatureColumns): void {
  for (let k = 0; k < tagged.length; k++) {
    const i = tagged[k]!
    const lon = nodes.lonLat[i * 2]!
    if (Number.isNaN(lon)) continue
    const firstPath = columns.pathCount
    columns.vertex(lon, nodes.lonLat[i * 2 + 1]!, nodes.ids[i]!)
    columns.closePath(false)
    columns.closeFeature(
      POINT,
      NODE,
      nodes.ids[i]!,
      nodes.versions[i]!,
      nodes.tagStart[i]!,
      nodes.tagEnd[i]!,
      firstPath,
      false,
    )
  }
}

function addWay(
  data: OsmData,
  w: number,
  geometry: WayGeometry,
  verdicts: AreaVerdicts,
  columns: FeatureColumns,
  report: AssemblyReport,
): void {
  const { ways } = data
  const firstVertex = columns.vertexCount
  const missing = geometry.writeWay(w, columns)
  const written = columns.vertexCount - firstVertex
  if (written < 2) {
    columns.dropVertices(firstVertex)
    report.emptyWays++
    return
  }
  if (missing > 0) report.incompleteWays++
  // Closed by node, not by place; its end must be known, and four vertices at least: less has no inside.
  const closed =
    written >= 4 && geometry.isClosed(w) && columns.sameVertex(firstVertex, columns.vertexCount - 1)
  const area = closed && verdicts.isArea(ways.tagStart[w]!, ways.tagEnd[w]!)
  const firstPath = columns.pathCount
  columns.closePath(false)
  columns.closeFeature(
    area ? AREA : LINE,
    WAY,
    ways.ids[w]!,
    ways.versions[w]!,
    ways.tagStart[w]!,
    ways.tagEnd[w]!,
    firstPath,
    missing > 0,
  )
}

/** areaVerdict for tag pairs as numbers, remembered per key that has no say at all. */
class AreaVerdicts {
  private readonly data: OsmData
  /** Per text: 0 = not asked yet, 1 = a key without a rule, 2 = a key with one. */
  private readonly keyState: Uint8Array

  constructor(data: OsmData) {
    this.data = data
    this.keyState = new Uint8Array(data.strings.length)
  }

  isArea(tagStart: number, tagEnd: number): boolean {
    const { tagKeys, tagValues, strings } = this.data
    let area = false
    for (let t = tagStart; t < tagEnd; t++) {
      const key = tagKeys[t]!
      if (this.keyState[key] === 1) continue
      if (this.keyState[key] === 0) {
        this.keyState[key] = hasAreaRule(strings[key]!) ? 2 : 1
        if (this.keyState[key] === 1) continue
      }
      const verdict = areaVerdict(strings[key]!, strings[tagValues[t]!]!)
      if (verdict < 0) return false
      if (verdict > 0) area = true
    }
    return area
  }
}
