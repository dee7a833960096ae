// Features made of OpenStreetMap elements, packed: what osm-assemble.ts fills and the pipeline reads.
import type { Paths } from '../geo/paths.ts'

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

/** Appends features one after the other. Columns of one kind grow together, so that a feature costs one look at the room left. */
export class FeatureColumns {
  /** Vertices, paths and features written so far. A loop may write vertices itself after `reserveVertices`, and then counts them. */
  vertexCount = 0
  pathCount = 0
  private count = 0
  lonLat: Float64Array
  nodeIds: Float64Array
  private offsets: Uint32Array
  private holes: Int32Array
  private kinds: Int32Array
  private elementTypes: Int32Array
  private ids: Float64Array
  private versions: Int32Array
  private tagStart: Int32Array
  private tagEnd: Int32Array
  private pathStart: Int32Array
  private pathEnd: Int32Array
  private tainted: Int32Array

  /** First capacities: features (and paths) expected, vertices expected. */
  constructor(features: number, vertices: number) {
    this.lonLat = new Float64Array(vertices * 2)
    this.nodeIds = new Float64Array(vertices)
    this.offsets = new Uint32Array(features + 1)
    this.holes = new Int32Array(features)
    this.kinds = new Int32Array(features)
    this.elementTypes = new Int32Array(features)
    this.ids = new Float64Array(features)
    this.versions = new Int32Array(features)
    this.tagStart = new Int32Array(features)
    this.tagEnd = new Int32Array(features)
    this.pathStart = new Int32Array(features)
    this.pathEnd = new Int32Array(features)
    this.tainted = new Int32Array(features)
  }

  /** Makes sure that `more` vertices fit. */
  reserveVertices(more: number): void {
    const needed = this.vertexCount + more
    if (needed <= this.nodeIds.length) return
    const room = Math.max(needed, this.nodeIds.length * 2)
    this.lonLat = resized(this.lonLat, new Float64Array(room * 2))
    this.nodeIds = resized(this.nodeIds, new Float64Array(room))
  }

  private reservePaths(more: number): void {
    const needed = this.pathCount + more
    if (needed <= this.holes.length) return
    const room = Math.max(needed, this.holes.length * 2)
    this.offsets = resized(this.offsets, new Uint32Array(room + 1))
    this.holes = resized(this.holes, new Int32Array(room))
  }

  private reserveFeatures(more: number): void {
    const needed = this.count + more
    if (needed <= this.kinds.length) return
    const room = Math.max(needed, this.kinds.length * 2)
    this.kinds = resized(this.kinds, new Int32Array(room))
    this.elementTypes = resized(this.elementTypes, new Int32Array(room))
    this.ids = resized(this.ids, new Float64Array(room))
    this.versions = resized(this.versions, new Int32Array(room))
    this.tagStart = resized(this.tagStart, new Int32Array(room))
    this.tagEnd = resized(this.tagEnd, new Int32Array(room))
    this.pathStart = resized(this.pathStart, new Int32Array(room))
    this.pathEnd = resized(this.pathEnd, new Int32Array(room))
    this.tainted = resized(this.tainted, new Int32Array(room))
  }

  vertex(lon: number, lat: number, nodeId: number): void {
    const at = this.vertexCount
    if (at === this.nodeIds.length) this.reserveVertices(1)
    this.lonLat[2 * at] = lon
    this.lonLat[2 * at + 1] = lat
    this.nodeIds[at] = nodeId
    this.vertexCount = at + 1
  }

  /** Ends the path that the vertices since the last path make up. */
  closePath(hole: boolean): void {
    if (this.pathCount === this.holes.length) this.reservePaths(1)
    this.holes[this.pathCount++] = hole ? 1 : 0
    this.offsets[this.pathCount] = this.vertexCount
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
    if (this.count === this.kinds.length) this.reserveFeatures(1)
    const i = this.count++
    this.kinds[i] = kind
    this.elementTypes[i] = elementType
    this.ids[i] = id
    this.versions[i] = version
    this.tagStart[i] = tagStart
    this.tagEnd[i] = tagEnd
    this.pathStart[i] = firstPath
    this.pathEnd[i] = this.pathCount
    this.tainted[i] = tainted ? 1 : 0
  }

  /** Longitude and latitude of a vertex already written. */
  lonAt(vertex: number): number {
    return this.lonLat[vertex * 2]!
  }

  latAt(vertex: number): number {
    return this.lonLat[vertex * 2 + 1]!
  }

  /** True when two vertices already written are one node. */
  sameVertex(a: number, b: number): boolean {
    return this.nodeIds[a] === this.nodeIds[b]
  }

  /** Forgets the vertices since `vertexCount` was this. */
  dropVertices(vertexCount: number): void {
    this.vertexCount = vertexCount
  }

  /** Adds all features of another set behind these. */
  append(other: FeatureColumns): void {
    const more = other.filled()
    const { vertexCount, pathCount, count } = this
    this.reserveVertices(more.nodeIds.length)
    this.lonLat.set(more.paths.coords, vertexCount * 2)
    this.nodeIds.set(more.nodeIds, vertexCount)
    this.reservePaths(more.holes.length)
    this.holes.set(more.holes, pathCount)
    for (let p = 0; p < more.holes.length; p++) {
      this.offsets[pathCount + p + 1] = vertexCount + more.paths.offsets[p + 1]!
    }
    this.reserveFeatures(more.count)
    this.kinds.set(more.kinds, count)
    this.elementTypes.set(more.elementTypes, count)
    this.ids.set(more.ids, count)
    this.versions.set(more.versions, count)
    this.tagStart.set(more.tagStart, count)
    this.tagEnd.set(more.tagEnd, count)
    this.tainted.set(more.tainted, count)
    for (let i = 0; i < more.count; i++) {
      this.pathStart[count + i] = pathCount + more.pathStart[i]!
      this.pathEnd[count + i] = pathCount + more.pathEnd[i]!
    }
    this.vertexCount = vertexCount + more.nodeIds.length
    this.pathCount = pathCount + more.holes.length
    this.count = count + more.count
  }

  /** What was written, without copying. */
  filled(): OsmFeatures {
    const { count, pathCount, vertexCount } = this
    return {
      count,
      kinds: this.kinds.subarray(0, count),
      elementTypes: this.elementTypes.subarray(0, count),
      ids: this.ids.subarray(0, count),
      versions: this.versions.subarray(0, count),
      tagStart: this.tagStart.subarray(0, count),
      tagEnd: this.tagEnd.subarray(0, count),
      pathStart: this.pathStart.subarray(0, count),
      pathEnd: this.pathEnd.subarray(0, count),
      tainted: this.tainted.subarray(0, count),
      paths: {
        coords: this.lonLat.subarray(0, vertexCount * 2),
        offsets: this.offsets.subarray(0, pathCount + 1),
      },
      holes: this.holes.subarray(0, pathCount),
      nodeIds: this.nodeIds.subarray(0, vertexCount),
    }
  }
}

function resized<T extends Float64Array | Int32Array | Uint32Array>(from: T, into: T): T {
  into.set(from)
  return into
}
