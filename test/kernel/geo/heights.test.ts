// Heights of places in degrees from several grids: the first that has one wins, whatever the others are.
import { expect, test } from 'vitest'
import type { Grid } from '../../../src/kernel/geo/grid.ts'
import { heightsAt } from '../../../src/kernel/geo/heights.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'

/** One height everywhere; `step` of another size keeps a grid on a lattice of its own. */
function flat(name: string, height: number, lon: number, lat: number, step: number): Grid {
  return {
    cells: new Float32Array(11 * 11).fill(height),
    width: 11,
    height: 11,
    originX: lon,
    originY: lat,
    cellSizeX: step,
    cellSizeY: step,
    epsg: 4326,
    verticalDatum: `datum ${name}`,
    sources: [name],
  }
}

const west = flat('west', 10, -45, -21, 0.01)
const both = flat('both', 20, -45, -21, 0.02)
/** In the west alone, in both, in none. */
const places = Float64Array.of(-44.95, -21.05, -44.85, -21.15, -40, -21)

test('the first grid that has a height wins, the next fill what it lacks', () => {
  const { heights, sources, verticalDatums } = heightsAt([west, both], places)
  expect([...heights]).toEqual([10, 20, Number.NaN])
  expect(sources).toEqual(['west', 'both'])
  expect(verticalDatums).toEqual(['datum west', 'datum both'])
  expect([...heightsAt([both, west], places).heights]).toEqual([20, 20, Number.NaN])
  expect(heightsAt([both, west], places).sources).toEqual(['both'])
})

test('a grid in metres is asked in metres', () => {
  const corner = createProjector(31983).forward(Float64Array.of(-44.85, -21.15))
  const metric = {
    ...flat('metric', 30, corner[0]! - 500, corner[1]! + 500, 100),
    epsg: 31983,
  }
  expect([...heightsAt([west, metric, both], places).heights]).toEqual([10, 30, Number.NaN])
})

test('heights go where they are asked to, and nothing that stood there stays', () => {
  for (const grids of [[], [west], [west, both]]) {
    const out = new Float64Array(3).fill(999)
    expect(heightsAt(grids, places, 'bilinear', out).heights).toBe(out)
    expect([...out]).toEqual([...heightsAt(grids, places).heights])
    expect(out[2]).toBeNaN()
  }
})
