// The distance between a lattice's points on the ground.
import type { Grid } from './grid.ts'

/** A degree of latitude, rounded: what a step or a spacing is worth, never a coordinate. */
const METERS_PER_DEGREE = 111_000

/** North–south distance of two neighbouring points in metres, good to a per cent. */
export function cellSizeMeters({ cellSizeY, epsg }: Pick<Grid, 'cellSizeY' | 'epsg'>): number {
  return cellSizeY * (epsg === 4326 || epsg === 4674 ? METERS_PER_DEGREE : 1)
}
