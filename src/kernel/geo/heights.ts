// Heights at places given in degrees, whatever systems the grids are in.
import type { Grid } from './grid.ts'
import { mosaicGrids } from './mosaic.ts'
import type { SampleMethod } from './sample.ts'
import { sampleGrids } from './sample.ts'
import { transform } from './transform.ts'

/**
 * Heights at interleaved lon, lat (degrees, SIRGAS 2000 or WGS 84); NaN where no grid has one. Grids in order of preference; each
 * group of grids in one CRS is asked in its own system. Answers the file names and vertical datums of the grids that gave heights, too.
 */
export function heightsAt(
  grids: readonly Grid[],
  lonLat: Float64Array,
  method: SampleMethod = 'bilinear',
): { heights: Float64Array; sources: string[]; verticalDatums: (string | null)[] } {
  const count = lonLat.length >> 1
  const heights = new Float64Array(count).fill(Number.NaN)
  const sources = new Set<string>()
  const verticalDatums = new Set<string | null>()
  const places = new Map<number, Float64Array>()
  const found = new Float64Array(count)
  let missing = count
  for (const grid of mosaicGrids(grids)) {
    if (missing === 0) break
    let xy = places.get(grid.epsg)
    if (xy === undefined) {
      const geographic = grid.epsg === 4326 || grid.epsg === 4674
      xy = geographic ? lonLat : transform(4674, grid.epsg, lonLat).coords
      places.set(grid.epsg, xy)
    }
    sampleGrids([grid], xy, found, method)
    let used = false
    for (let i = 0; i < count; i++) {
      if (!Number.isNaN(heights[i]!) || Number.isNaN(found[i]!)) continue
      heights[i] = found[i]!
      used = true
      missing--
    }
    if (!used) continue
    for (const source of grid.sources) sources.add(source)
    verticalDatums.add(grid.verticalDatum)
  }
  return { heights, sources: [...sources], verticalDatums: [...verticalDatums] }
}
