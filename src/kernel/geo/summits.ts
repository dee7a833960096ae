// Spot heights: the summits and pits that a map would name with their height.
import type { Grid } from './grid.ts'

export interface SpotHeight {
  column: number
  row: number
  /** Metres. */
  height: number
  kind: 'summit' | 'pit'
}

/**
 * Points that are the highest or the lowest within `radiusCells` around them, and at least `reliefMeters` above (below) the lowest
 * (highest) point there. Of a flat top the first point counts. A neighbourhood that reaches a void or the grid's edge has none, because
 * higher ground may lie beyond. Highest first.
 */
export function spotHeights(grid: Grid, radiusCells: number, reliefMeters: number): SpotHeight[] {
  const { cells, width, height } = grid
  const spots: SpotHeight[] = []
  for (let row = radiusCells; row < height - radiusCells; row++) {
    for (let column = radiusCells; column < width - radiusCells; column++) {
      const here = row * width + column
      const kind = extreme(cells, width, here, radiusCells, reliefMeters)
      if (kind !== null) spots.push({ column, row, height: cells[here]!, kind })
    }
  }
  return spots.sort((a, b) => b.height - a.height)
}

function extreme(
  cells: Grid['cells'],
  width: number,
  here: number,
  radius: number,
  relief: number,
): SpotHeight['kind'] | null {
  const z = cells[here]!
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  let summit = true
  let pit = true
  for (let dr = -radius; dr <= radius; dr++) {
    const start = here + dr * width
    for (let i = start - radius; i <= start + radius; i++) {
      if (i === here) continue
      const other = cells[i]!
      // NaN fails both comparisons, and a tie goes to the first point in reading order.
      summit &&= i < here ? other < z : other <= z
      pit &&= i < here ? other > z : other >= z
      if (!(summit || pit)) return null
      if (other < low) low = other
      if (other > high) high = other
    }
  }
  if (summit && z - low >= relief) return 'summit'
  return pit && high - z >= relief ? 'pit' : null
}
