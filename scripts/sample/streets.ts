// Streets along the lines of the plan: names, classes, bridges, crossings, lamps and the power network on the pavements.
import type { OsmWriter, Point, Tags } from './osm-writer.ts'
import type { Plan } from './plan.ts'
import type { Random } from './random.ts'

const SURNAMES = [
  ...['das Acácias', 'dos Ipês', 'das Palmeiras', 'do Canal', 'da Matriz', 'do Mercado'],
  ...['Sete de Setembro', 'Quinze de Novembro', 'Treze de Maio', 'Vinte e Oito de Março'],
  ...['Barão do Rio Claro', 'Marechal Antunes', 'Doutor Lacerda', 'Professora Odete'],
  ...['Conselheiro Tavares', 'Beira-Rio', 'da Estação', 'do Engenho', 'Santa Rita', 'São Bento'],
  ...['Coronel Ponciano', 'Alferes Moura', 'do Rosário', 'das Flores', 'da Paz', 'Saldanha'],
]

/** How a line of the plan is classed: a few carry the traffic, most are lived in. */
function classOf(line: number): Tags {
  if (line % 12 === 6) return { highway: 'primary', lanes: '4', surface: 'asphalt', lit: 'yes' }
  if (line % 6 === 3) return { highway: 'secondary', lanes: '2', surface: 'asphalt' }
  if (line % 4 === 1) return { highway: 'tertiary', surface: 'asphalt' }
  return { highway: line % 5 === 2 ? 'living_street' : 'residential', surface: 'sett' }
}

function nameOf(line: number, axis: 'across' | 'up'): string {
  const { highway } = classOf(line)
  const kind = highway === 'primary' || highway === 'secondary' ? 'Avenida' : 'Rua'
  const name = SURNAMES[(line * 7 + (axis === 'up' ? 3 : 0)) % SURNAMES.length]!
  const round = Math.floor((line * 2 + (axis === 'up' ? 1 : 0)) / SURNAMES.length)
  return `${kind} ${name}${round === 0 ? '' : ` ${round + 1}`}`
}

export interface Streets {
  /** Node of a junction, made when first asked for. */
  junction(column: number, row: number): number
  /** Node of the railway under a street, for the level crossing. */
  levelCrossings: Map<number, number>
}

/** Distance of poles and lamps from the street's axis, metres: on the pavement, clear of houses. */
const PAVEMENT_METERS = 5.2

export function drawStreets(plan: Plan, osm: OsmWriter, random: Random): Streets {
  const junctions = new Map<string, number>()
  const levelCrossings = new Map<number, number>()
  const junction = (column: number, row: number): number => {
    const key = `${column} ${row}`
    let node = junctions.get(key)
    if (node === undefined) {
      node = osm.node(plan.at(column, row))
      junctions.set(key, node)
    }
    return node
  }
  const streets: Streets = { junction, levelCrossings }
  for (let row = 0; row <= plan.rows; row++) drawLine(plan, osm, random, streets, 'across', row)
  for (let column = 0; column <= plan.columns; column++) {
    drawLine(plan, osm, random, streets, 'up', column)
  }
  drawSignals(plan, osm, junctions)
  return streets
}

/** One line of the plan: its segments gathered into ways of a few blocks each, as mappers leave them. */
function drawLine(
  plan: Plan,
  osm: OsmWriter,
  random: Random,
  streets: Streets,
  axis: 'across' | 'up',
  line: number,
): void {
  const end = axis === 'across' ? plan.columns : plan.rows
  const tags = { ...classOf(line), name: nameOf(line, axis) }
  let nodes: number[] = []
  let blocks = 0
  const finish = (extra: Tags = {}): void => {
    if (nodes.length > 1) osm.way(nodes, { ...tags, ...extra })
    nodes = []
    blocks = 0
  }
  for (let i = 0; i < end; i++) {
    const [column, row] = axis === 'across' ? [i, line] : [line, i]
    if (!plan.hasStreet(column, row, axis)) {
      finish()
      continue
    }
    const place = (t: number): Point =>
      axis === 'across' ? plan.at(i + t, line) : plan.at(line, i + t)
    const next = axis === 'across' ? streets.junction(i + 1, line) : streets.junction(line, i + 1)
    const first = streets.junction(column, row)
    const bridge = axis === 'across' && i === plan.riverColumn
    const crossing = axis === 'up' && i === plan.railRow
    if (bridge) finish()
    if (nodes.length === 0) nodes.push(first)
    const middle = osm.node(place(0.5))
    if (crossing) {
      osm.tag(middle, { railway: 'level_crossing', 'crossing:barrier': 'full' })
      streets.levelCrossings.set(line, middle)
    }
    nodes.push(osm.node(place(0.25)), middle, osm.node(place(0.75)), next)
    if (bridge) finish({ bridge: 'yes', layer: '1' })
    else {
      if (!crossing) furnish(plan, osm, random, axis, line, i)
      blocks++
      if (blocks > 2 && random.chance(0.35)) finish()
    }
  }
  finish()
}

/** Poles and wires on one side, trees and stops on the other, of one block of a street. */
function furnish(
  plan: Plan,
  osm: OsmWriter,
  random: Random,
  axis: 'across' | 'up',
  line: number,
  block: number,
): void {
  const beside = (t: number, side: number): Point => {
    const [a, b] = [t - 0.01, t + 0.01].map((u) =>
      axis === 'across' ? plan.at(block + u, line) : plan.at(line, block + u),
    ) as [Point, Point]
    const length = Math.hypot(b[0] - a[0], b[1] - a[1])
    const shift = (side * PAVEMENT_METERS) / length
    return [(a[0] + b[0]) / 2 - (b[1] - a[1]) * shift, (a[1] + b[1]) / 2 + (b[0] - a[0]) * shift]
  }
  if (axis === 'across' && line % 2 === 0) {
    // One wire per block from pole to pole; the last pole of a block is not the first of the next, so lines stay simple.
    const poles = [0.14, 0.38, 0.62, 0.86].map((t, i) => {
      const tags: Tags = { power: 'pole', material: 'concrete', height: i % 2 === 0 ? '9' : '11' }
      if (random.chance(0.06)) tags.transformer = 'distribution'
      return osm.node(beside(t, 1), tags)
    })
    const tags: Tags = { power: 'minor_line', cables: '3', voltage: '13800' }
    osm.way(poles, tags)
    if (random.chance(0.08)) {
      osm.node(beside(0.5, 1), { power: 'transformer', transformer: 'distribution' })
    }
  } else if (random.chance(0.7)) {
    for (const t of [0.25, 0.7]) osm.node(beside(t, 1), { highway: 'street_lamp' })
  }
  if (random.chance(0.35)) {
    for (const t of [0.2, 0.45, 0.75]) {
      osm.node(beside(t, -1), { natural: 'tree', leaf_type: 'broadleaved', height: '6' })
    }
  }
  if (random.chance(0.05)) osm.node(beside(0.1, -1), { emergency: 'fire_hydrant' })
  if (line % 6 === 3 && random.chance(0.3)) {
    osm.node(beside(0.55, -1), { highway: 'bus_stop', name: `Parada ${line}-${block}` })
  }
  if (random.chance(0.06)) osm.node(beside(0.33, -1), { amenity: 'waste_basket' })
}

/** Signals where two main streets meet, a zebra where one does. */
function drawSignals(plan: Plan, osm: OsmWriter, junctions: Map<string, number>): void {
  for (const [key, node] of junctions) {
    const [column, row] = key.split(' ').map(Number) as [number, number]
    if (column === plan.riverColumn || column === plan.riverColumn + 1) continue
    if (column % 6 === 3 && row % 6 === 3) osm.tag(node, { highway: 'traffic_signals' })
    else if (column % 6 === 3 && row % 2 === 0) osm.tag(node, { highway: 'crossing' })
  }
}
