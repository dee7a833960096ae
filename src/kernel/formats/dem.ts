// Elevation files: what the source room reads (windows of undecoded bytes) and what the kernel makes of them (grids).
import type { Grid } from '../geo/grid.ts'
import { mosaicGrids } from '../geo/mosaic.ts'
import type { DemFile, DemReader, DemStatement, DemWindow } from './dem-file.ts'
import { openGeotiff } from './geotiff.ts'
import type { BlockCodecs } from './geotiff-decode.ts'
import { decodeBlocks } from './geotiff-decode.ts'
import { openHgt } from './hgt.ts'

export type { DemWindow } from './dem-file.ts'

/**
 * Reads the header of an elevation file: GeoTIFF, or `.hgt` by its name. DEM_UNREADABLE says why not. `statement` is what a person
 * said beside the file (side-car or option) and wins over what the file says.
 */
export async function openDem(
  reader: DemReader,
  name: string,
  statement: DemStatement = {},
): Promise<DemFile> {
  if (/\.hgt$/i.test(name)) return openHgt(reader.size, name, statement)
  return openGeotiff(reader, name, statement)
}

/**
 * Decodes a window into a grid: heights in metres, NaN where the file has none. The same bytes give the same grid. `codecs.inflate`
 * and `zstd` are handed in, LERC is geotiff's. DEM_UNREADABLE when a block is damaged, cut short or larger than stated.
 */
export async function decodeDem(window: DemWindow, codecs: BlockCodecs): Promise<Grid> {
  const cells = await decodeBlocks(window, codecs)
  return {
    cells,
    width: window.width,
    height: window.height,
    originX: window.originX,
    originY: window.originY,
    cellSizeX: window.cellSizeX,
    cellSizeY: window.cellSizeY,
    epsg: window.epsg,
    verticalDatum: window.verticalDatum,
    sources: [window.name],
  }
}

/** Decodes windows in their order of preference and joins those on one lattice, so that no seam is left between tiles. */
export async function decodeDemWindows(
  windows: readonly DemWindow[],
  codecs: BlockCodecs,
): Promise<Grid[]> {
  const grids: Grid[] = []
  for (const window of windows) grids.push(await decodeDem(window, codecs))
  return mosaicGrids(grids)
}
