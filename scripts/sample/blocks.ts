// What stands inside the cells of the plan: houses in two rows back to back, parks, schools with a courtyard, the substation.
import type { OsmWriter, Point, Tags } from './osm-writer.ts'
import type { Plan } from './plan.ts'
import type { Random } from './random.ts'

/** From the street's axis to the fronts of the houses, metres: carriageway, pavement and a front yard. */
const SETBACK_METERS = 9.5

/** Metres inside a cell: `along` from its western side, `up` from its southern side, both from the streets' axes. */
type Inside = (along: number, up: number) => Point

interface Cell {
  inside: Inside
  width: number
  height: number
}

/** A cell's corners joined bilinearly, so that what is straight in metres follows the streets around it. */
function openCell(plan: Plan, column: number, row: number): Cell {
  const [a, b, c, d] = [
    plan.at(column, row),
    plan.at(column + 1, row),
    plan.at(column + 1, row + 1),
    plan.at(column, row + 1),
  ] as [Point, Point, Point, Point]
  const length = (p: Point, q: Point): number => Math.hypot(q[0] - p[0], q[1] - p[1])
  const width = Math.min(length(a, b), length(d, c))
  const height = Math.min(length(a, d), length(b, c))
  const mix = (axis: 0 | 1, u: number, v: number): number =>
    (a[axis] * (1 - u) + b[axis] * u) * (1 - v) + (d[axis] * (1 - u) + c[axis] * u) * v
  return {
    width,
    height,
    inside: (along, up) => {
      const u = along / width
      const v = up / height
      return [mix(0, u, v), mix(1, u, v)]
    },
  }
}

export function fillCells(plan: Plan, osm: OsmWriter, random: Random): void {
  for (let row = 0; row < plan.rows; row++) {
    for (let column = 0; column < plan.columns; column++) {
      const kind = plan.kind(column, row)
      const cell = openCell(plan, column, row)
      if (kind === 'houses') drawHouses(cell, osm, random)
      else if (kind === 'park') drawPark(cell, osm, random)
      else if (kind === 'school') drawSchool(cell, osm)
      else if (kind === 'substation') drawSubstation(cell, osm)
    }
  }
}

function box(inside: Inside, west: number, south: number, east: number, north: number): Point[] {
  return [inside(west, south), inside(east, south), inside(east, north), inside(west, north)]
}

/** Two rows of lots that share their back wall; a few lots stay empty. */
function drawHouses({ inside, width, height }: Cell, osm: OsmWriter, random: Random): void {
  const middle = height / 2
  for (const side of [0, 1]) {
    const front = SETBACK_METERS - 1.5 + random.between(0, 3)
    let at = SETBACK_METERS
    while (at < width - SETBACK_METERS - 8) {
      const lot = Math.min(random.between(8.5, 13), width - SETBACK_METERS - at)
      const depth = random.between(9, middle - front - 4)
      if (lot > 7 && random.chance(0.93)) {
        const east = at + lot - random.between(0.6, 2)
        const south = side === 0 ? front : height - front - depth
        drawHouse(inside, osm, random, at + 0.4, south, east, south + depth)
      }
      at += lot
    }
  }
  if (random.chance(0.3)) {
    const wall = [inside(SETBACK_METERS, middle), inside(width - SETBACK_METERS, middle)]
    osm.way(
      wall.map((point) => osm.node(point)),
      { barrier: random.chance(0.7) ? 'wall' : 'fence', height: '2' },
    )
  }
}

function drawHouse(
  inside: Inside,
  osm: OsmWriter,
  random: Random,
  west: number,
  south: number,
  east: number,
  north: number,
): void {
  const tags: Tags = { building: random.chance(0.5) ? 'house' : 'yes' }
  if (random.chance(0.6)) tags['building:levels'] = String(random.pick([1, 1, 1, 2, 2, 3, 5]))
  if (random.chance(0.15)) tags.height = random.between(3, 14).toFixed(1)
  if (random.chance(0.1)) tags.building = random.pick(['retail', 'commercial', 'apartments'])
  if (random.chance(0.25)) {
    // An L: one corner is a yard.
    const x = west + (east - west) * random.between(0.4, 0.6)
    const y = south + (north - south) * random.between(0.4, 0.6)
    const corner = [inside(east, y), inside(x, y), inside(x, north)]
    osm.ring([inside(west, south), inside(east, south), ...corner, inside(west, north)], tags)
  } else osm.ring(box(inside, west, south, east, north), tags)
}

/** A square with crossing paths, trees and benches. */
function drawPark({ inside, width, height }: Cell, osm: OsmWriter, random: Random): void {
  const edge = 7
  const name = random.pick([
    'Praça da Matriz',
    'Praça do Coreto',
    'Praça da Bandeira',
    'Jardim Novo',
  ])
  osm.ring(box(inside, edge, edge, width - edge, height - edge), { leisure: 'park', name })
  const centre = osm.node(inside(width / 2, height / 2))
  const corners: [number, number][] = [
    [edge, edge],
    [width - edge, edge],
    [width - edge, height - edge],
    [edge, height - edge],
  ]
  for (const [along, up] of corners) {
    osm.way([osm.node(inside(along, up)), centre], { highway: 'footway', surface: 'paving_stones' })
  }
  for (let i = 0; i < 14; i++) {
    const point = inside(
      random.between(edge + 3, width - edge - 3),
      random.between(edge + 3, height - edge - 3),
    )
    osm.node(point, { natural: 'tree' })
  }
  for (const [along, up] of corners) {
    const bench = inside(
      width / 2 + (along - width / 2) * 0.4,
      height / 2 + (up - height / 2) * 0.3,
    )
    osm.node(bench, { amenity: 'bench' })
  }
}

/** A large building around a courtyard, as a multipolygon, inside a fenced ground. */
function drawSchool({ inside, width, height }: Cell, osm: OsmWriter): void {
  const edge = SETBACK_METERS
  osm.ring(box(inside, edge, edge, width - edge, height - edge), {
    amenity: 'school',
    barrier: 'fence',
    name: 'Escola Municipal',
  })
  const ring = (inset: number): number =>
    osm.ring(
      box(inside, edge + inset, edge + inset, width - edge - inset, height - edge - inset),
      {},
    )
  osm.relation(
    [
      { way: ring(6), role: 'outer' },
      { way: ring(17), role: 'inner' },
    ],
    { type: 'multipolygon', building: 'school', 'building:levels': '2', name: 'Escola Municipal' },
  )
}

function drawSubstation({ inside, width, height }: Cell, osm: OsmWriter): void {
  const edge = SETBACK_METERS
  osm.ring(box(inside, edge, edge, width - edge, height - edge), {
    power: 'substation',
    voltage: '138000;13800',
    barrier: 'fence',
    name: 'SE Cidade',
  })
  osm.node(inside(width / 2, height / 2), { power: 'transformer' })
}
