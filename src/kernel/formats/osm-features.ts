// Features made of OpenStreetMap elements, packed: what osm-assemble.ts fills and the pipeline reads.
import type { Paths } from '../geo/paths.ts'
import { Float64Column, Int32Column } from './column.ts'

export const POINT = 0
export const LINE = 1
export const AREA = 2

/**
 * Feature `i` owns the paths `pathStart[i] … pathEnd[i] - 1`: one vertex for a POINT, one line for a LINE, rings for an AREA (each outer
 * ring followed by its holes). Coordinates are lon, lat in degrees; a ring repeats its first vertex.
 */
export interface OsmFeatures {
  count: number
  kinds: Int32Array
  /** NODE, WAY or RELATION, and the id of that element. */
  elementTypes: Int32Array
  ids: Float64Array
  versions: Int32Array
  tagStart: Int32Array
  tagEnd: Int32Array
  pathStart: Int32Array
  pathEnd: Int32Array
  /** 1 = part of the geometry was missing from the answer or could not be closed. */
  tainted: Int32Array
  paths: Paths
  /** 1 = the path is a hole of the nearest outer ring before it. */
  holes: Int32Array
  /** OSM node id per vertex; negative numbers below -2^52 for vertices whose node was not named. */
  nodeIds: Float64Array
}

/** What the answer did not hold. */
export interface AssemblyReport {
  /** Ways of which some nodes were missing; they are drawn without them. */
  incompleteWays: number
  /** Ways with fewer than two known nodes; not drawn. */
  emptyWays: number
  /** Relations with missing members, or rings that do not close. */
  incompleteRelations: number
  /** Relations of which nothing could be drawn. */
  emptyRelations: number
}

/** Appends features one after the other. */
export class FeatureColumns {
  private readonly kinds: Int32Column
  private readonly elementTypes: Int32Column
  private readonly ids: Float64Column
  private readonly versions: Int32Column
  private readonly tagStart: Int32Column
  private readonly tagEnd: Int32Column
  private readonly pathStart: Int32Column
  private readonly pathEnd: Int32Column
  private readonly tainted: Int32Column
  private readonly holes: Int32Column
  private readonly offsets: Int32Column
  private readonly lonLat: Float64Column
  private readonly nodeIds: Float64Column

  /** First capacities: features expected, vertices expected. */
  constructor(features: number, vertices: number) {
    this.kinds = new Int32Column(features)
    this.elementTypes = new Int32Column(features)
    this.ids = new Float64Column(features)
    this.versions = new Int32Column(features)
    this.tagStart = new Int32Column(features)
    this.tagEnd = new Int32Column(features)
    this.pathStart = new Int32Column(features)
    this.pathEnd = new Int32Column(features)
    this.tainted = new Int32Column(features)
    this.holes = new Int32Column(features)
    this.offsets = new Int32Column(features + 1)
    this.lonLat = new Float64Column(vertices * 2)
    this.nodeIds = new Float64Column(vertices)
    this.offsets.push(0)
  }

  get vertexCount(): number {
    return this.nodeIds.length
  }

  get pathCount(): number {
    return this.offsets.length - 1
  }

  vertex(lon: number, lat: number, nodeId: number): void {
    this.lonLat.push(lon)
    this.lonLat.push(lat)
    this.nodeIds.push(nodeId)
  }

  /** Ends the path that the vertices since the last path make up. */
  closePath(hole: boolean): void {
    this.offsets.push(this.nodeIds.length)
    this.holes.push(hole ? 1 : 0)
  }

  /** Ends the feature that the paths since `firstPath` make up. */
  closeFeature(
    kind: number,
    elementType: number,
    id: number,
    version: number,
    tagStart: number,
    tagEnd: number,
    firstPath: number,
    tainted: boolean,
  ): void {
    this.kinds.push(kind)
    this.elementTypes.push(elementType)
    this.ids.push(id)
    this.versions.push(version)
    this.tagStart.push(tagStart)
    this.tagEnd.push(tagEnd)
    this.pathStart.push(firstPath)
    this.pathEnd.push(this.pathCount)
    this.tainted.push(tainted ? 1 : 0)
  }

  /** Longitude and latitude of a vertex already written. */
  lonAt(vertex: number): number {
    return this.lonLat.values[vertex * 2]!
  }

  latAt(vertex: number): number {
    return this.lonLat.values[vertex * 2 + 1]!
  }

  /** True when two vertices already written are one node. */
  sameVertex(a: number, b: number): boolean {
    return this.nodeIds.values[a] === this.nodeIds.values[b]
  }

  /** Forgets the vertices since `vertexCount` was this. */
  dropVertices(vertexCount: number): void {
    this.lonLat.length = vertexCount * 2
    this.nodeIds.length = vertexCount
  }

  /** Adds all features of another set behind these. */
  append(other: FeatureColumns): void {
    const more = other.filled()
    const vertexBase = this.vertexCount
    const pathBase = this.pathCount
    const { coords, offsets } = more.paths
    for (let v = 0; v < more.nodeIds.length; v++) {
      this.vertex(coords[v * 2]!, coords[v * 2 + 1]!, more.nodeIds[v]!)
    }
    for (let p = 0; p < more.holes.length; p++) {
      this.offsets.push(vertexBase + offsets[p + 1]!)
      this.holes.push(more.holes[p]!)
    }
    for (let i = 0; i < more.count; i++) {
      this.kinds.push(more.kinds[i]!)
      this.elementTypes.push(more.elementTypes[i]!)
      this.ids.push(more.ids[i]!)
      this.versions.push(more.versions[i]!)
      this.tagStart.push(more.tagStart[i]!)
      this.tagEnd.push(more.tagEnd[i]!)
      this.pathStart.push(pathBase + more.pathStart[i]!)
      this.pathEnd.push(pathBase + more.pathEnd[i]!)
      this.tainted.push(more.tainted[i]!)
    }
  }

  filled(): OsmFeatures {
    return {
      count: this.kinds.length,
      kinds: this.kinds.filled(),
      elementTypes: this.elementTypes.filled(),
      ids: this.ids.filled(),
      versions: this.versions.filled(),
      tagStart: this.tagStart.filled(),
      tagEnd: this.tagEnd.filled(),
      pathStart: this.pathStart.filled(),
      pathEnd: this.pathEnd.filled(),
      tainted: this.tainted.filled(),
      paths: { coords: this.lonLat.filled(), offsets: Uint32Array.from(this.offsets.filled()) },
      holes: this.holes.filled(),
      nodeIds: this.nodeIds.filled(),
    }
  }
}
