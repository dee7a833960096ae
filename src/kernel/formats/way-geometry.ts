// Where the vertices of a way lie: beside its node ids in the answer (`out geom`), or looked up among the nodes (`out body`).
import { IdIndex } from './id-index.ts'
import type { OsmData } from './osm-data.ts'
import type { FeatureColumns } from './osm-features.ts'
import type { PositionIds } from './position-ids.ts'

/** Tags that say nothing about the thing itself, as osmtogeojson lists them. */
const UNINTERESTING: ReadonlySet<string> = new Set([
  'source',
  'source_ref',
  'source:ref',
  'history',
  'attribution',
  'created_by',
  'tiger:county',
  'tiger:tlid',
  'tiger:upload_uuid',
])

/** Tells tags from bookkeeping, by the numbers of their keys. */
export class Interest {
  private readonly tagKeys: Int32Array
  /** Per text: 1 = as a key it says nothing. */
  private readonly dull: Uint8Array

  constructor({ tagKeys, strings }: Pick<OsmData, 'tagKeys' | 'strings'>) {
    this.tagKeys = tagKeys
    this.dull = new Uint8Array(strings.length)
    for (let i = 0; i < strings.length; i++) if (UNINTERESTING.has(strings[i]!)) this.dull[i] = 1
  }

  /** True when a span of tags holds more than bookkeeping. */
  any(tagStart: number, tagEnd: number): boolean {
    for (let t = tagStart; t < tagEnd; t++) if (this.dull[this.tagKeys[t]!] === 0) return true
    return false
  }
}

/** Writes the geometry of ways and members. Vertices whose position is unknown are left out and counted. */
export class WayGeometry {
  private readonly data: OsmData
  private readonly positionIds: PositionIds
  private nodeIndex: IdIndex | null = null

  constructor(data: OsmData, positionIds: PositionIds) {
    this.data = data
    this.positionIds = positionIds
  }

  /** Index of a node, or -1. The table is only built when an answer without inline positions needs it. */
  private findNode(id: number): number {
    const { nodes } = this.data
    this.nodeIndex ??= new IdIndex(nodes.ids, nodes.count)
    return this.nodeIndex.find(id)
  }

  /** Appends the known vertices of way `w`; answers how many were missing. */
  writeWay(w: number, columns: FeatureColumns): number {
    const { ways, refs, geometry, nodes } = this.data
    const refStart = ways.refStart[w]!
    const refCount = ways.refEnd[w]! - refStart
    const geometryStart = ways.geometryStart[w]!
    const geometryCount = ways.geometryEnd[w]! - geometryStart
    if (refCount === 0) return this.writeAnonymous(geometryStart, geometryCount, columns)
    const inline = geometryCount === refCount
    columns.reserveVertices(refCount)
    const { lonLat, nodeIds } = columns
    let at = columns.vertexCount
    let missing = 0
    for (let k = 0; k < refCount; k++) {
      const id = refs[refStart + k]!
      let lon = Number.NaN
      let lat = Number.NaN
      if (inline) {
        lon = geometry[(geometryStart + k) * 2]!
        lat = geometry[(geometryStart + k) * 2 + 1]!
      }
      if (Number.isNaN(lon)) {
        const node = this.findNode(id)
        if (node >= 0) {
          lon = nodes.lonLat[node * 2]!
          lat = nodes.lonLat[node * 2 + 1]!
        }
      }
      if (Number.isNaN(lon)) {
        missing++
        continue
      }
      lonLat[2 * at] = lon
      lonLat[2 * at + 1] = lat
      nodeIds[at] = id
      at++
    }
    columns.vertexCount = at
    return missing
  }

  /** The same for positions without node ids: members printed inside their relation, `out ids geom`. */
  writeAnonymous(start: number, count: number, columns: FeatureColumns): number {
    const { geometry } = this.data
    let missing = 0
    for (let k = start; k < start + count; k++) {
      const lon = geometry[k * 2]!
      const lat = geometry[k * 2 + 1]!
      if (Number.isNaN(lon)) missing++
      else columns.vertex(lon, lat, this.positionIds.idOf(lon, lat))
    }
    return missing
  }

  /** The id that a position stands for among vertices without node ids. */
  keyOf(lon: number, lat: number): number {
    return this.positionIds.idOf(lon, lat)
  }

  /** True when the way ends at the node where it began. */
  isClosed(w: number): boolean {
    const { ways, refs, geometry } = this.data
    const first = ways.refStart[w]!
    const last = ways.refEnd[w]! - 1
    if (last > first) return refs[first] === refs[last]
    const start = ways.geometryStart[w]! * 2
    const end = (ways.geometryEnd[w]! - 1) * 2
    return (
      end > start && geometry[start] === geometry[end] && geometry[start + 1] === geometry[end + 1]
    )
  }
}
