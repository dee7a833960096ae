// Heights, chainage and slope along lines.
import { describe, expect, it } from 'vitest'
import type { Grid } from '../../../src/kernel/geo/grid.ts'
import { groundDistance, profileAlong } from '../../../src/kernel/geo/profile.ts'
import { lineSlope } from '../../../src/kernel/geo/slope.ts'
import { gridOf } from '../../support/dem-files.ts'
import { describeWithJudge, python } from '../../support/judge.ts'

/** Ground that rises 1000 m a degree eastwards, from 0 at 45° W; 21 posts each way, one every 0.001°. */
const rising: Grid = {
  ...gridOf(21, 21, (column) => column, 0.001),
  originX: -45,
  originY: -22,
  epsg: 4326,
}

describe('profiles', () => {
  it('set points no farther apart than the step and keep the given vertices', () => {
    const path = Float64Array.of(-44.998, -22.005, -44.99, -22.005, -44.99, -22.011)
    const { chainageMeters, heights, vertexAt, slopePercent, lonLat } = profileAlong(
      [rising],
      path,
      50,
    )
    for (let i = 1; i < chainageMeters.length; i++) {
      const step = chainageMeters[i]! - chainageMeters[i - 1]!
      expect(step).toBeGreaterThan(0)
      expect(step).toBeLessThanOrEqual(50 + 1e-6)
    }
    for (const [k, i] of vertexAt.entries()) expect(lonLat[2 * i]).toBe(path[2 * k])
    expect(heights[vertexAt[0]!]).toBeCloseTo(2, 9)
    expect(heights[vertexAt[1]!]).toBeCloseTo(10, 9)
    // Eastwards 8 m over the walked distance; southwards level.
    const east = chainageMeters[vertexAt[1]!]!
    expect(slopePercent[0]).toBeNaN()
    expect(slopePercent[1]).toBeCloseTo((100 * 8) / east, 6)
    expect(slopePercent.at(-1)).toBeCloseTo(0, 9)
  })

  it('answer NaN off the ground and for vertices that are none, and walk nothing there', () => {
    const off = profileAlong([rising], Float64Array.of(-44.99, -22.01, -44.5, -22.01), 0)
    expect([...off.heights].map(Number.isNaN)).toEqual([false, true])
    const broken = profileAlong([rising], Float64Array.of(Number.NaN, 0, -44.99, -22.01), 10)
    expect(Number.isNaN(broken.heights[0]!)).toBe(true)
    expect(broken.chainageMeters.at(-1)).toBe(0)
    expect(profileAlong([], new Float64Array(0), 10).heights).toHaveLength(0)
  })
})

it('goes the shorter way across the antimeridian, and stays inside ±180', () => {
  const { chainageMeters, lonLat } = profileAlong([], Float64Array.of(179.9, -17, -179.9, -17), 500)
  // 0.2° of the parallel of 17° S: 106.5 km a degree.
  expect(chainageMeters.at(-1)).toBeCloseTo(groundDistance(10, -17, 10.2, -17), 6)
  expect(chainageMeters.at(-1)! / 21_300).toBeCloseTo(1, 2)
  for (let i = 0; i < lonLat.length; i += 2) {
    expect(Math.abs(lonLat[i]!)).toBeGreaterThan(179.89)
    expect(Math.abs(lonLat[i]!)).toBeLessThanOrEqual(180)
  }
})

describeWithJudge('pyproj', ['/usr/bin/python3', '-c', 'import pyproj'], 'ground distance', () => {
  it('is the geodesic to a millionth up to 10 km, and to twenty up to 100 km', () => {
    const pairs = [0.001, 0.1, 1].flatMap((d) =>
      [-33, -15, 0, 4, 60].map((lat) => [-50, lat, -50 + d * 0.6, lat + d * 0.5]),
    )
    const script =
      'import json,sys,pyproj;g=pyproj.Geod(ellps="GRS80");print(json.dumps([g.inv(*p)[2] for p in json.load(sys.stdin)]))'
    const want = JSON.parse(python(script, JSON.stringify(pairs))) as number[]
    for (const [i, [a, b, c, d]] of (pairs as [number, number, number, number][]).entries()) {
      expect(Math.abs(groundDistance(a, b, c, d) / want[i]! - 1)).toBeLessThan(
        want[i]! < 10_000 ? 1e-6 : 2e-5,
      )
    }
  })
})

describe('slope of a line', () => {
  it('is climb and descent over length, with the steepest part', () => {
    const coords = Float64Array.of(0, 0, 100, 0, 100, 50, 100, 150)
    const slope = lineSlope(coords, Float64Array.of(10, 15, 5, 5), 0, 4)!
    expect(slope).toMatchObject({
      minElevation: 5,
      maxElevation: 15,
      climbMeters: 5,
      descentMeters: 10,
    })
    expect(slope.meanSlopePercent).toBeCloseTo(6, 12)
    expect(slope.maxSlopePercent).toBeCloseTo(20, 12)
  })

  it('leaves out what touches a void; a line of voids has none', () => {
    const coords = Float64Array.of(0, 0, 100, 0, 200, 0, 300, 0)
    const slope = lineSlope(coords, Float64Array.of(0, 10, Number.NaN, 90), 0, 4)!
    expect(slope.climbMeters).toBe(10)
    expect(slope.maxElevation).toBe(90)
    expect(lineSlope(coords, new Float64Array(4).fill(Number.NaN), 0, 4)).toBeNull()
    expect(
      lineSlope(Float64Array.of(1, 1, 1, 1), Float64Array.of(1, 2), 0, 2)!.meanSlopePercent,
    ).toBeNaN()
  })
})
