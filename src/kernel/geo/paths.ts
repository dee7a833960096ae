// Many lines in one place: the shape in which geometry moves through the kernel and across threads.

/**
 * Open or closed lines, packed. Path `i` owns the vertices `offsets[i] … offsets[i + 1] - 1`.
 * A closed path (ring) repeats its first vertex at the end.
 */
export interface Paths {
  /** x0, y0, x1, y1 …; metres (easting, northing) once projected, degrees (lon, lat) before. */
  coords: Float64Array
  /** One height in metres per vertex, NaN where unknown; absent when no heights were asked for. */
  z?: Float64Array
  /** Index of each path's first vertex, and one more for the end; length = number of paths + 1. */
  offsets: Uint32Array
}

/** Number of paths. */
export function pathCount(paths: Paths): number {
  return paths.offsets.length - 1
}
