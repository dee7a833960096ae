// Contours of a place: cut to its shape, short ones left out, smoothed when the surface is small enough, the same however they come in.
import { describe, expect, it } from 'vitest'
import { contourGrid } from '../../../src/kernel/geo/contour.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { siteContours } from '../../../src/kernel/geo/site-contours.ts'
import { gridOf } from '../../support/dem-files.ts'

const projector = createProjector(31_983)
const hills = gridOf(200, 160, (c, r) => 40 * Math.sin(c / 9) * Math.cos(r / 7) + 0.123)
const everything = { kind: 'box', bbox: { west: -1, south: -1, east: 200, north: 160 } } as const

describe('contours of a site', () => {
  it('are the grid’s own where the region holds all of it', () => {
    const site = siteContours([hills], projector, everything, { intervalMeters: 5 })!
    const grid = contourGrid(hills, { intervalMeters: 5 })
    expect([...site.paths.coords]).toEqual([...grid.paths.coords])
    expect([...site.paths.offsets]).toEqual([...grid.paths.offsets])
    expect([...site.levels]).toEqual([...grid.levels])
    expect(site.smoothed).toBe(false)
  })

  it('stay in the circle, each at its level, none shorter than asked', () => {
    const region = { kind: 'circle', x: 100, y: 80, radius: 40 } as const
    const options = { intervalMeters: 5, minLengthMeters: 20 }
    const { paths, levels, levelNumbers } = siteContours([hills], projector, region, options)!
    expect(levels.length).toBeGreaterThan(20)
    for (const [i, level] of levels.entries()) {
      expect(level).toBe(levelNumbers[i]! * 5)
      let length = 0
      for (let k = paths.offsets[i]!; k < paths.offsets[i + 1]!; k++) {
        const [x, y] = [paths.coords[2 * k]!, paths.coords[2 * k + 1]!]
        expect(Math.hypot(x - 100, y - 80)).toBeLessThanOrEqual(40 + 1e-9)
        if (k > paths.offsets[i]!) {
          length += Math.hypot(x - paths.coords[2 * k - 2]!, y - paths.coords[2 * k - 1]!)
        }
      }
      expect(length).toBeGreaterThanOrEqual(20)
    }
  })

  it('say whether they were smoothed', () => {
    const options = { intervalMeters: 5, smoothing: 3 }
    const smooth = siteContours([hills], projector, everything, options)!
    expect(smooth.smoothed).toBe(true)
    const plain = siteContours([hills], projector, everything, { intervalMeters: 5 })!
    expect(smooth.paths.coords.length).toBeGreaterThan(2 * plain.paths.coords.length)
    // 2,100² points refined four times each way would be 70 million.
    const wide = gridOf(2_100, 2_100, (c) => c / 1_000)
    const bbox = { west: -1, south: -1, east: 2_100, north: 2_100 }
    const site = siteContours(
      [wide],
      projector,
      { kind: 'box', bbox },
      { ...options, smoothing: 4 },
    )
    expect(site!.smoothed).toBe(false)
  })
})
