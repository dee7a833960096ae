// OpenStreetMap elements in memory as columns: one typed array per attribute, tags as pairs of numbers into one list of texts.

/** Element kinds, as numbers in columns. */
export const NODE = 1
export const WAY = 2
export const RELATION = 3

/** What all three element kinds have. Element `i` owns the tag pairs `tagStart[i] … tagEnd[i] - 1`. */
export interface OsmElements {
  count: number
  ids: Float64Array
  /** 0 = not stated. */
  versions: Int32Array
  tagStart: Int32Array
  tagEnd: Int32Array
}

/** Longitude and latitude in degrees, interleaved; NaN where the answer gave none. */
export interface OsmNodes extends OsmElements {
  lonLat: Float64Array
}

/**
 * Way `i` owns the node ids `refs[refStart[i]] … refs[refEnd[i] - 1]` and, when the answer carried them (`out geom`), the positions
 * `geometry[2 * geometryStart[i]] …` up to `geometryEnd[i]`; NaN there is a node outside the answer.
 */
export interface OsmWays extends OsmElements {
  refStart: Int32Array
  refEnd: Int32Array
  geometryStart: Int32Array
  geometryEnd: Int32Array
}

/** Relation `i` owns the members `memberStart[i] … memberEnd[i] - 1`. */
export interface OsmRelations extends OsmElements {
  memberStart: Int32Array
  memberEnd: Int32Array
}

/** Members of all relations. `types` holds NODE, WAY, RELATION or 0; `roles` are numbers into `strings`. */
export interface OsmMembers {
  types: Int32Array
  refs: Float64Array
  roles: Int32Array
  geometryStart: Int32Array
  geometryEnd: Int32Array
}

/** One answer or file. Elements may still be listed more than once (see osm-merge.ts). */
export interface OsmData {
  nodes: OsmNodes
  ways: OsmWays
  relations: OsmRelations
  members: OsmMembers
  /** Node ids of all ways. */
  refs: Float64Array
  /** Positions given inside ways and members: lon, lat interleaved, degrees. */
  geometry: Float64Array
  /** Numbers into `strings`; equal texts have equal numbers. */
  tagKeys: Int32Array
  tagValues: Int32Array
  strings: string[]
  /** What the file says about its age: `osm3s.timestamp_osm_base`, else the newest element; null when neither is there. */
  timestamp: string | null
  /** A remark that is not an error, as the server wrote it. */
  remark: string | null
  /** Elements of other kinds, or without an id. */
  ignored: number
}
