// A terrain mesh in memory: triangles between points with heights.
import type { Paths } from './paths.ts'

/** An irregular mesh. Easting, northing, height of each vertex in metres; three vertex indices for each triangle. */
export interface Tin {
  vertices: Float64Array
  triangles: Uint32Array
  /** Lines with heights that were made edges of the mesh, before they were cut up into edges. */
  breaklines?: Paths
}
