// The plan of the town: a warped grid of streets whose cells are blocks, a river, a railway, parks. Everything else is placed in it.

import type { Point } from './osm-writer.ts'
import type { Random } from './random.ts'

export type CellKind = 'houses' | 'river' | 'rail' | 'park' | 'school' | 'substation' | 'outside'

export interface Plan {
  columns: number
  rows: number
  /** Column of cells the river runs in, row of cells the railway runs in. */
  riverColumn: number
  railRow: number
  /** Metres east of the centre where the river runs. */
  riverEast: number
  kind(column: number, row: number): CellKind
  /** A place in the plan: whole numbers are junctions, fractions lie between them. */
  at(column: number, row: number): Point
  /** True when a street runs from (column, row) to the next junction along that axis. */
  hasStreet(column: number, row: number, axis: 'across' | 'up'): boolean
}

const COLUMN_METERS = 92
const ROW_METERS = 78
const RIVER_METERS = 130
const RAIL_METERS = 64
/** Cells of each kind for every hundred of the town. */
const PARKS_PER_HUNDRED = 1.2
const SCHOOLS_PER_HUNDRED = 1

/** A round town that reaches `radiusMeters` from its centre. */
export function planTown(radiusMeters: number, random: Random): Plan {
  const columns = Math.max(6, Math.round((2 * radiusMeters) / COLUMN_METERS))
  const rows = Math.max(6, Math.round((2 * radiusMeters) / ROW_METERS))
  const riverColumn = Math.floor(columns * 0.68)
  const railRow = Math.floor(rows * 0.3)
  const east = lines(columns, COLUMN_METERS, riverColumn, RIVER_METERS)
  const north = lines(rows, ROW_METERS, railRow, RAIL_METERS)

  const at = (column: number, row: number): Point => {
    const x = along(east, column)
    const y = along(north, row)
    // Long waves only: streets bend, blocks keep their shape.
    return [
      x + 34 * Math.sin(y / 420) + 12 * Math.sin(y / 170 + 1) + y * 0.12,
      y + 26 * Math.sin(x / 380 + 0.6) + 8 * Math.cos(x / 150) - x * 0.08,
    ]
  }
  const special = new Map<string, CellKind>()
  const cells = columns * rows
  const place = (kind: CellKind, count: number): void => {
    for (
      let left = Math.max(1, Math.round(count)), tries = 0;
      left > 0 && tries < 10_000;
      tries++
    ) {
      const column = Math.floor(random.between(1, columns - 1))
      const row = Math.floor(random.between(1, rows - 1))
      if (kindWithoutSpecial(column, row) !== 'houses' || special.has(`${column} ${row}`)) continue
      special.set(`${column} ${row}`, kind)
      left--
    }
  }
  const kindWithoutSpecial = (column: number, row: number): CellKind => {
    if (column < 0 || row < 0 || column >= columns || row >= rows) return 'outside'
    const [x, y] = at(column + 0.5, row + 0.5)
    if (Math.hypot(x, y) > radiusMeters) return 'outside'
    if (column === riverColumn) return 'river'
    return row === railRow ? 'rail' : 'houses'
  }
  place('park', (cells / 100) * PARKS_PER_HUNDRED)
  place('school', (cells / 100) * SCHOOLS_PER_HUNDRED)
  place('substation', 1)
  const kind = (column: number, row: number): CellKind =>
    special.get(`${column} ${row}`) ?? kindWithoutSpecial(column, row)
  const built = (column: number, row: number): boolean =>
    !['outside', 'river', 'rail'].includes(kind(column, row))

  return {
    columns,
    rows,
    riverColumn,
    railRow,
    riverEast: along(east, riverColumn + 0.5),
    kind,
    at,
    hasStreet(column, row, axis) {
      if (axis === 'across') {
        // Over the river only every fourth street has a bridge.
        if (column === riverColumn) {
          return row % 4 === 2 && built(column - 1, row) && built(column + 1, row)
        }
        return built(column, row) || built(column, row - 1)
      }
      // Over the railway only every third street has a crossing.
      if (row === railRow) {
        return column % 3 === 1 && built(column, row - 1) && built(column, row + 1)
      }
      return built(column, row) || built(column - 1, row)
    },
  }
}

/** Positions of the grid lines, centred on 0; one gap is of another width. */
function lines(count: number, step: number, odd: number, oddStep: number): number[] {
  const positions = [0]
  for (let i = 0; i < count; i++) positions.push(positions[i]! + (i === odd ? oddStep : step))
  const middle = positions[count]! / 2
  return positions.map((position) => position - middle)
}

/** Position at a fractional line number; beyond the ends the last gap goes on. */
function along(positions: readonly number[], line: number): number {
  const i = Math.min(positions.length - 2, Math.max(0, Math.floor(line)))
  return positions[i]! + (positions[i + 1]! - positions[i]!) * (line - i)
}
