// A terrain mesh in memory: triangles between points with heights.

/** An irregular mesh. Easting, northing, height of each vertex in metres; three vertex indices for each triangle. */
export interface Tin {
  vertices: Float64Array
  triangles: Uint32Array
}
