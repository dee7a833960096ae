// Raster terrain in memory: heights at the points of a regular lattice.

/**
 * Heights at lattice points, row-major, first row north, first column west.
 * Point (column c, row r) lies at (originX + c * cellSizeX, originY - r * cellSizeY): coordinates of the
 * SAMPLE POINT itself (pixel centre of a pixel-is-area raster, the post of a pixel-is-point one), so nobody
 * downstream ever adds half a cell again.
 */
export interface Grid {
  /** Metres; NaN is nodata, whatever the file called it. */
  cells: Float32Array | Float64Array
  width: number
  height: number
  /** X (lon in degrees, or easting in metres) and Y (lat, or northing) of the first sample point. */
  originX: number
  originY: number
  /** Both positive, in the units of the CRS. */
  cellSizeX: number
  cellSizeY: number
  /** EPSG code of the horizontal CRS; 4326 and 4674 are treated alike. */
  epsg: number
  /** As stated by the file or its folder, e.g. `EGM96`, `EGM2008`; null when nobody said. */
  verticalDatum: string | null
  /** File names the heights came from, for the note of sources. */
  sources: string[]
}
