// The ground under a region: which of several lattices is taken, and the part of it that the region needs.
import type { Grid } from './grid.ts'
import { mosaicGrids } from './mosaic.ts'
import type { Projector } from './projector.ts'
import type { Region } from './region.ts'
import { regionBbox, regionRing } from './region.ts'
import { transform } from './transform.ts'

/**
 * The lattice with the most heights under the region (the first of equals), whole and cropped: lines and meshes of two surfaces do
 * not meet, so one is taken. Null when no grid has a height there.
 */
export function groundUnder(
  grids: readonly Grid[],
  projector: Projector,
  region: Region,
): { grid: Grid; part: Grid } | null {
  let best: { grid: Grid; part: Grid; ground: number } | null = null
  for (const grid of mosaicGrids(grids)) {
    const part = cropToRegion(grid, projector, region)
    if (part === null) continue
    const ground = validShare(part)
    if (ground > 0 && (best === null || ground > best.ground * 1.01)) best = { grid, part, ground }
  }
  return best
}

/** In place, from a grid's system to the drawing's. */
export function gridToPlane(coords: Float64Array, epsg: number, projector: Projector): void {
  if (epsg === projector.epsg) return
  if (epsg === 4326 || epsg === 4674) projector.forward(coords, coords)
  else coords.set(projector.forward(transform(epsg, 4674, coords).coords))
}

/** A copy, from the drawing's system to a grid's. */
export function planeToGrid(xy: Float64Array, epsg: number, projector: Projector): Float64Array {
  if (epsg === projector.epsg) return xy.slice()
  const lonLat = projector.inverse(xy)
  return epsg === 4326 || epsg === 4674 ? lonLat : transform(4674, epsg, lonLat).coords
}

/** The part of a grid under the region's box and a cell around it; null when they do not meet. */
function cropToRegion(grid: Grid, projector: Projector, region: Region): Grid | null {
  const { west, south, east, north } = regionBbox(region)
  const box = regionRing({ kind: 'box', bbox: { west, south, east, north } })
  const edge = new Float64Array((box.length - 2) * 8)
  // The box's edges are curves in the grid's system: eight points on each.
  for (let side = 0; side < 4; side++) {
    for (let k = 0; k < 8; k++) {
      for (let axis = 0; axis < 2; axis++) {
        const a = box[2 * side + axis]!
        const b = box[2 * side + 2 + axis]!
        edge[2 * (8 * side + k) + axis] = a + ((b - a) * k) / 8
      }
    }
  }
  const xy = planeToGrid(edge, grid.epsg, projector)
  let left = Number.POSITIVE_INFINITY
  let right = Number.NEGATIVE_INFINITY
  let top = Number.POSITIVE_INFINITY
  let bottom = Number.NEGATIVE_INFINITY
  for (let i = 0; i < xy.length; i += 2) {
    const column = (xy[i]! - grid.originX) / grid.cellSizeX
    const row = (grid.originY - xy[i + 1]!) / grid.cellSizeY
    left = Math.min(left, column)
    right = Math.max(right, column)
    top = Math.min(top, row)
    bottom = Math.max(bottom, row)
  }
  const firstColumn = Math.max(0, Math.floor(left) - 2)
  const firstRow = Math.max(0, Math.floor(top) - 2)
  const width = Math.min(grid.width, Math.ceil(right) + 3) - firstColumn
  const height = Math.min(grid.height, Math.ceil(bottom) + 3) - firstRow
  if (!(width >= 2 && height >= 2)) return null
  const cells = new (grid.cells.constructor as typeof Float64Array)(width * height)
  for (let r = 0; r < height; r++) {
    const at = (firstRow + r) * grid.width + firstColumn
    cells.set(grid.cells.subarray(at, at + width), r * width)
  }
  return {
    ...grid,
    cells,
    width,
    height,
    originX: grid.originX + firstColumn * grid.cellSizeX,
    originY: grid.originY - firstRow * grid.cellSizeY,
  }
}

/** Ground with heights, in units that compare between grids of one system: cells times their size. */
function validShare(grid: Grid): number {
  let valid = 0
  for (const z of grid.cells) if (!Number.isNaN(z)) valid++
  const degrees = grid.epsg === 4326 || grid.epsg === 4674
  const unit = degrees ? 111_000 : 1
  const latitudeWidth = degrees ? Math.cos((grid.originY * Math.PI) / 180) : 1
  return valid * grid.cellSizeX * grid.cellSizeY * unit * unit * latitudeWidth
}
