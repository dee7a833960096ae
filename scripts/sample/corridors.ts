// River, railway and high-voltage line: the long things that cut through the plan.
import type { OsmWriter, Point } from './osm-writer.ts'
import type { Plan } from './plan.ts'
import type { Streets } from './streets.ts'

/** Banks as shares of the river's cell; the rest is open ground up to the streets. */
const WEST_BANK = 0.2
const EAST_BANK = 0.8

/** A bank line as a ring of two ways, an island in it, and the river's axis. */
export function drawRiver(plan: Plan, osm: OsmWriter): void {
  const column = plan.riverColumn
  const steps = Array.from({ length: plan.rows * 3 + 7 }, (_, i) => i / 3 - 1)
  const bank = (share: number): number[] =>
    steps.map((row) => osm.node(plan.at(column + share + 0.03 * Math.sin(row * 1.7), row)))
  const west = bank(WEST_BANK)
  const east = bank(EAST_BANK)
  // Two open ways that close only together, as large rivers are mapped.
  const westWay = osm.way(west, {})
  const eastWay = osm.way([west.at(-1)!, ...east.toReversed(), west[0]!], {})
  const middle = plan.rows * 0.55
  const island: Point[] = Array.from({ length: 12 }, (_, i) => {
    const angle = (i / 12) * 2 * Math.PI
    return plan.at(column + 0.5 + 0.13 * Math.cos(angle), middle + 0.75 * Math.sin(angle))
  })
  const islandWay = osm.ring(island, { natural: 'wood' })
  osm.relation(
    [
      { way: westWay, role: 'outer' },
      { way: eastWay, role: 'outer' },
      { way: islandWay, role: 'inner' },
    ],
    { type: 'multipolygon', natural: 'water', water: 'river', name: 'Rio das Garças' },
  )
  const axis = steps.map((row) => {
    const pastIsland = 0.24 * Math.exp(-(((row - middle) / 1.2) ** 2))
    return osm.node(plan.at(column + 0.5 + pastIsland, row))
  })
  osm.way(axis, { waterway: 'river', name: 'Rio das Garças' })
}

/** The track shares a node with every street that crosses it; beside it runs the high-voltage line. */
export function drawRailway(plan: Plan, osm: OsmWriter, { levelCrossings }: Streets): void {
  const row = plan.railRow + 0.5
  const track: number[] = []
  for (let column = 0; column <= plan.columns; column++) {
    track.push(levelCrossings.get(column) ?? osm.node(plan.at(column, row)))
    if (column < plan.columns) track.push(osm.node(plan.at(column + 0.5, row)))
  }
  osm.way(track, { railway: 'rail', gauge: '1000', name: 'Ramal do Norte' })
  const towers: number[] = []
  for (let column = 0.5; column < plan.columns; column += 2) {
    towers.push(osm.node(plan.at(column, row + 0.28), { power: 'tower', height: '38' }))
  }
  osm.way(towers, { power: 'line', voltage: '138000', cables: '3' })
}
