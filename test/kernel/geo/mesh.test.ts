// Terrain meshes: the error bound checked point by point, breaklines as edges, voids left open, orientation, spot heights.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Grid } from '../../../src/kernel/geo/grid.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { siteMesh } from '../../../src/kernel/geo/site-mesh.ts'
import { spotHeights } from '../../../src/kernel/geo/summits.ts'
import type { Tin } from '../../../src/kernel/geo/tin.ts'
import { drawGrid, gridOf } from '../../support/dem-files.ts'

const SEED = 20_261_121
const projector = createProjector(31_983)

/** The whole grid as region. */
function meshOf(grid: Grid, maxErrorMeters: number, extra = {}) {
  const { originX, originY, width, height, cellSizeX, cellSizeY } = grid
  const bbox = {
    west: originX,
    south: originY - (height - 1) * cellSizeY,
    east: originX + (width - 1) * cellSizeX,
    north: originY,
  }
  return siteMesh(
    [grid],
    projector,
    { kind: 'box', bbox },
    { maxErrorMeters, maxVertices: 50_000, ...extra },
  )!
}

/** Height of the mesh at a place by trying every triangle; NaN outside. */
function heightAt({ vertices, triangles }: Tin, x: number, y: number): number {
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [3 * triangles[t]!, 3 * triangles[t + 1]!, 3 * triangles[t + 2]!]
    const ux = vertices[b]! - vertices[a]!
    const uy = vertices[b + 1]! - vertices[a + 1]!
    const vx = vertices[c]! - vertices[a]!
    const vy = vertices[c + 1]! - vertices[a + 1]!
    const area = ux * vy - uy * vx
    const px = x - vertices[a]!
    const py = y - vertices[a + 1]!
    const s = (px * vy - py * vx) / area
    const w = (ux * py - uy * px) / area
    if (s >= -1e-9 && w >= -1e-9 && s + w <= 1 + 1e-9) {
      return (
        vertices[a + 2]! +
        s * (vertices[b + 2]! - vertices[a + 2]!) +
        w * (vertices[c + 2]! - vertices[a + 2]!)
      )
    }
  }
  return Number.NaN
}

function areas({ vertices, triangles }: Tin): number[] {
  return Array.from({ length: triangles.length / 3 }, (_, t) => {
    const [a, b, c] = [0, 1, 2].map((k) => 3 * triangles[3 * t + k]!) as [number, number, number]
    return (
      ((vertices[b]! - vertices[a]!) * (vertices[c + 1]! - vertices[a + 1]!) -
        (vertices[c]! - vertices[a]!) * (vertices[b + 1]! - vertices[a + 1]!)) /
      2
    )
  })
}

describe('terrain mesh', () => {
  it('keeps every height within the error, on random ground', () => {
    const heights = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 40, maxLength: 60 })
    const property = fc.property(heights, fc.integer({ min: 1, max: 12 }), (values, error) => {
      const grid = gridOf(13, 11, (c, r) => values[(r * 13 + c) % values.length]!)
      const { mesh } = meshOf(grid, error)
      expect(mesh.errorMeters).toBeLessThanOrEqual(error)
      for (let i = 0; i < grid.cells.length; i++) {
        const z = heightAt(mesh, i % 13, 10 - Math.floor(i / 13))
        expect(Math.abs(z - grid.cells[i]!)).toBeLessThanOrEqual(error + 1e-6)
      }
      const all = areas(mesh)
      expect(Math.min(...all)).toBeGreaterThan(0)
      expect(all.reduce((a, b) => a + b, 0)).toBeCloseTo(120, 9)
    })
    fc.assert(property, { seed: SEED, numRuns: 40 })
  })

  it('needs few points where the ground is plane, and more for a smaller error', () => {
    const plane = gridOf(60, 60, (c, r) => 2 * c + r)
    // The edge has a vertex for each cell: 4 × 59. Nothing inside is needed.
    expect(meshOf(plane, 0.1).mesh.vertices.length / 3).toBe(236)
    const hills = gridOf(60, 60, (c, r) => 20 * Math.sin(c / 7) * Math.cos(r / 9))
    const counts = [5, 1, 0.2].map((error) => meshOf(hills, error).mesh.vertices.length / 3)
    expect(counts[0]!).toBeLessThan(counts[1]!)
    expect(counts[1]!).toBeLessThan(counts[2]!)
    expect(counts[2]!).toBeLessThan(3600)
  })

  it('makes breaklines into edges, with their own heights', () => {
    const grid = gridOf(40, 40, (c, r) => 5 * Math.sin(c / 5) + r / 10)
    const coords = Float64Array.of(3.3, 4.1, 21.7, 30.2, 36.4, 8.9)
    const z = Float64Array.of(50, 60, 70)
    const { mesh } = meshOf(grid, 1, { breaklines: { coords, offsets: Uint32Array.of(0, 3), z } })
    const edges = new Set<string>()
    for (let i = 0; i < mesh.triangles.length; i++) {
      const next = mesh.triangles[i % 3 === 2 ? i - 2 : i + 1]!
      edges.add(`${mesh.triangles[i]},${next}`).add(`${next},${mesh.triangles[i]}`)
    }
    for (const [piece, rise] of [
      [0, 10],
      [1, 10],
    ] as const) {
      const [x0, y0, x1, y1] = coords.subarray(2 * piece, 2 * piece + 4) as unknown as number[]
      // Vertices on the piece, in order along it.
      const on: { t: number; v: number }[] = []
      for (let v = 0; v < mesh.vertices.length / 3; v++) {
        const dx = mesh.vertices[3 * v]! - x0!
        const dy = mesh.vertices[3 * v + 1]! - y0!
        const length = Math.hypot(x1! - x0!, y1! - y0!)
        const t = (dx * (x1! - x0!) + dy * (y1! - y0!)) / length ** 2
        const off = Math.abs(dx * (y1! - y0!) - dy * (x1! - x0!)) / length
        if (off < 1e-9 && t > -1e-9 && t < 1 + 1e-9) on.push({ t, v })
      }
      on.sort((a, b) => a.t - b.t)
      expect(on.length).toBeGreaterThanOrEqual(2)
      for (let k = 1; k < on.length; k++)
        expect(edges.has(`${on[k - 1]!.v},${on[k]!.v}`)).toBe(true)
      for (const { t, v } of on)
        expect(mesh.vertices[3 * v + 2]).toBeCloseTo(z[piece]! + rise * t, 9)
    }
  })

  const crossed = (north: number) => ({
    coords: Float64Array.of(2, 10, 30, 10, 15.5, 2, 15.5, 35),
    offsets: Uint32Array.of(0, 2, 4),
    z: Float64Array.of(50, 50, 50, 50 + north),
  })

  it('gives crossing breaklines one vertex where they meet, at the middle of their heights', () => {
    const grid = gridOf(40, 40, (c, r) => 5 * Math.sin(c / 5) + r / 10)
    // At the crossing the second line is at 50 + 33 × 8/33 = 58, the first at 50.
    const { mesh, conflicts } = meshOf(grid, 1, { breaklines: crossed(33) })
    expect(conflicts).toMatchObject({
      conflicts: 1,
      worst: { x: 15.5, y: 10, differenceMeters: 8 },
    })
    expect(heightAt(mesh, 15.5, 10)).toBeCloseTo(54, 9)
    expect([...mesh.breaklines!.offsets]).toEqual([0, 3, 6])
    expect(Math.min(...areas(mesh))).toBeGreaterThan(0)
    // Few vertices more than with lines that agree.
    const agreed = meshOf(grid, 1, { breaklines: crossed(0) })
    expect(agreed.conflicts).toMatchObject({ conflicts: 0, worst: null })
    expect(Math.abs(agreed.mesh.vertices.length - mesh.vertices.length) / 3).toBeLessThan(60)
  })

  it('any breaklines: no two vertices at one place to the millimetre', () => {
    const place = fc.integer({ min: 10, max: 380 }).map((tenths) => tenths / 10)
    const point = fc.tuple(place, place, fc.integer({ min: 0, max: 60 }))
    const lines = fc.array(fc.array(point, { minLength: 2, maxLength: 4 }), {
      minLength: 2,
      maxLength: 6,
    })
    const property = fc.property(lines, (drawn) => {
      const points = drawn.flat()
      const breaklines = {
        coords: Float64Array.from(points.flatMap((point) => point.slice(0, 2))),
        z: Float64Array.from(points, ([, , z]) => z),
        offsets: Uint32Array.from([0, ...drawn].map((_, i) => drawn.slice(0, i).flat().length)),
      }
      const grid = gridOf(40, 40, (c, r) => c / 3 + r / 10)
      const { mesh } = meshOf(grid, 2, { breaklines })
      const places = new Set<string>()
      for (let v = 0; v < mesh.vertices.length; v += 3) {
        places.add(`${mesh.vertices[v]!.toFixed(3)} ${mesh.vertices[v + 1]!.toFixed(3)}`)
      }
      expect(places.size).toBe(mesh.vertices.length / 3)
    })
    fc.assert(property, { seed: SEED, numRuns: 60 })
  })

  it('leaves voids open', () => {
    const grid = gridOf(20, 20, (c, r) => (c > 6 && c < 12 && r > 6 && r < 12 ? Number.NaN : c))
    const { mesh } = meshOf(grid, 0.5)
    expect(heightAt(mesh, 9, 10)).toBeNaN()
    expect(heightAt(mesh, 3, 3)).toBeCloseTo(3, 6)
    expect(heightAt(mesh, 7.9, 10.9)).toBeNaN()
    // 19 × 19 less the hole of 6 × 6, of whose four corners two triangles of half a cell may be left: they span known heights only.
    const total = areas(mesh).reduce((a, b) => a + b, 0)
    expect(total).toBeGreaterThanOrEqual(361 - 36)
    expect(total).toBeLessThanOrEqual(361 - 32)
  })

  it('refuses an error of nothing and more points than allowed', () => {
    const rough = gridOf(50, 50, (c, r) => ((c * 7 + r * 13) % 10) * 10)
    expect(() => meshOf(rough, 0)).toThrow(expect.objectContaining({ code: 'PARAMS_INVALID' }))
    expect(() => meshOf(rough, 0.01, { maxVertices: 500 })).toThrow(
      expect.objectContaining({ code: 'MESH_TOO_LARGE' }),
    )
  })

  it('refuses more elevation points than are meshed at once', () => {
    const wide = { ...gridOf(1, 1, () => 0), width: 5_000, height: 4_000, originY: 3_999 }
    wide.cells = new Float64Array(wide.width * wide.height)
    expect(() => meshOf(wide, 1)).toThrow(expect.objectContaining({ code: 'MESH_TOO_LARGE' }))
    expect(() => meshOf(wide, 1)).toThrow(/20 million elevation points/)
  })

  it('has nothing for a place without heights', () => {
    const region = { kind: 'circle', x: 0, y: 0, radius: 5 } as const
    const nothing = gridOf(9, 9, () => Number.NaN)
    expect(
      siteMesh([nothing], projector, region, { maxErrorMeters: 1, maxVertices: 99 }),
    ).toBeNull()
    expect(siteMesh([], projector, region, { maxErrorMeters: 1, maxVertices: 99 })).toBeNull()
  })
})

describe('spot heights', () => {
  it('are the summits and pits of their neighbourhood', () => {
    const grid = drawGrid('5 5 5 5 5 5 5\n5 9 5 5 5 1 5\n5 5 5 5 5 5 5\n5 5 5 5 5 5 5')
    expect(spotHeights(grid, 1, 2)).toEqual([
      { column: 1, row: 1, height: 9, kind: 'summit' },
      { column: 5, row: 1, height: 1, kind: 'pit' },
    ])
    expect(spotHeights(grid, 1, 5)).toEqual([])
  })

  it('name a flat top once and nothing beside a void', () => {
    expect(spotHeights(drawGrid('0 0 0 0\n0 8 8 0\n0 0 0 0'), 1, 1)).toHaveLength(1)
    expect(spotHeights(drawGrid('0 0 0\n0 8 .\n0 0 0'), 1, 1)).toHaveLength(0)
    expect(spotHeights(drawGrid('3 3 3\n3 3 3\n3 3 3'), 1, 1)).toHaveLength(0)
  })
})
