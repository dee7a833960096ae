// Heights at places given in degrees, whatever systems the grids are in.
import type { Grid } from './grid.ts'
import { mosaicGrids } from './mosaic.ts'
import type { SampleMethod } from './sample.ts'
import { sampleGrids } from './sample.ts'
import { transform } from './transform.ts'

/**
 * Heights at interleaved lon, lat (degrees, SIRGAS 2000 or WGS 84); NaN where no grid has one. Grids in order of preference; each
 * group of grids in one CRS is asked in its own system. Answers the file names and vertical datums of the grids that gave heights, too.
 * `heights` is where they go, one for each place.
 */
export function heightsAt(
  grids: readonly Grid[],
  lonLat: Float64Array,
  method: SampleMethod = 'bilinear',
  heights = new Float64Array(lonLat.length >> 1),
): { heights: Float64Array; sources: string[]; verticalDatums: (string | null)[] } {
  const count = heights.length
  const sources = new Set<string>()
  const verticalDatums = new Set<string | null>()
  const places = new Map<number, Float64Array>()
  /** What the grids after the first have: often there is but one. */
  let further: Float64Array | null = null
  let missing = count
  const lattices = mosaicGrids(grids)
  if (lattices.length === 0) heights.fill(Number.NaN)
  for (const grid of lattices) {
    if (missing === 0) break
    let xy = places.get(grid.epsg)
    if (xy === undefined) {
      const geographic = grid.epsg === 4326 || grid.epsg === 4674
      xy = geographic ? lonLat : transform(4674, grid.epsg, lonLat).coords
      places.set(grid.epsg, xy)
    }
    const before = missing
    if (grid === lattices[0]) {
      sampleGrids([grid], xy, heights, method)
      for (let i = 0; i < count; i++) if (!Number.isNaN(heights[i]!)) missing--
    } else {
      further ??= new Float64Array(count)
      sampleGrids([grid], xy, further, method)
      for (let i = 0; i < count; i++) {
        if (!Number.isNaN(heights[i]!) || Number.isNaN(further[i]!)) continue
        heights[i] = further[i]!
        missing--
      }
    }
    if (missing === before) continue
    for (const source of grid.sources) sources.add(source)
    verticalDatums.add(grid.verticalDatum)
  }
  return { heights, sources: [...sources], verticalDatums: [...verticalDatums] }
}
