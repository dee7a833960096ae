// Datums: PROJ's results for the published translations, NTv2 grids drawn here, and every way in which a grid can fail to serve.
import { describe, expect, it, vi } from 'vitest'
import { GRS80, SAD69_ELLIPSOID } from '../../../src/kernel/geo/ellipsoid.ts'
import { gridCovers, gridShift, openShiftGrid } from '../../../src/kernel/geo/ntv2.ts'
import { transform } from '../../../src/kernel/geo/transform.ts'
import { describeWithSharedData } from '../../support/shared-data.ts'
import { metresBetween, printWorst, raise, referenceTable } from './csv.ts'
import { ntv2File } from './ntv2-file.ts'

describeWithSharedData('the published translations against PROJ', () => {
  it('agrees in degrees, both ways, to 10 nm', () => {
    const worst = new Map<string, number>()
    for (const row of referenceTable('datum_shift_geographic.csv.gz')) {
      const epsg = Number(row.source!.slice(5))
      const place = Float64Array.of(Number(row.lon), Number(row.lat))
      const there = transform(epsg, 4674, place)
      const back = transform(4674, epsg, place)
      expect(there.operation.name).toContain(`[${row.operation}]`)
      expect(back.operation.name).toBe(`Inverse of ${there.operation.name}`)
      const [lon, lat] = [Number(row.lon_sirgas2000), Number(row.lat_sirgas2000)]
      raise(
        worst,
        `${row.operation} to SIRGAS`,
        metresBetween(there.coords[0]!, there.coords[1]!, lon, lat),
      )
      const [lonBack, latBack] = [
        Number(row.lon_if_input_were_sirgas),
        Number(row.lat_if_input_were_sirgas),
      ]
      raise(
        worst,
        `${row.operation} back`,
        metresBetween(back.coords[0]!, back.coords[1]!, lonBack, latBack),
      )
    }
    printWorst('datum shifts against PROJ, metres', worst)
    expect(worst.size).toBe(6)
    for (const value of worst.values()) expect(value).toBeLessThan(1e-8)
  })

  it('agrees from plane to plane', () => {
    const worst = new Map<string, number>()
    for (const row of referenceTable('datum_shift_projected.csv.gz')) {
      const [from, to] = [Number(row.source!.slice(5)), Number(row.target!.slice(5))]
      const there = transform(from, to, Float64Array.of(Number(row.x), Number(row.y))).coords
      const back = transform(to, from, Float64Array.of(Number(row.X), Number(row.Y))).coords
      const key = `${from} to ${to}`
      raise(worst, key, Math.hypot(there[0]! - Number(row.X), there[1]! - Number(row.Y)))
      raise(worst, key, Math.hypot(back[0]! - Number(row.x_back), back[1]! - Number(row.y_back)))
    }
    printWorst('plane to plane against PROJ, metres', worst)
    // The polyconic differs by PROJ's own meridian arc.
    for (const [key, value] of worst) expect(value).toBeLessThan(key.includes('5880') ? 2e-5 : 1e-8)
  })
})

/** One degree of constant shift: 36 milliseconds of arc east, 72 north, at any place. */
const flat = ntv2File([
  {
    west: -46,
    south: -24,
    east: -45,
    north: -23,
    step: 0.25,
    shift: () => ({ lon: 0.036, lat: 0.072 }),
  },
])
/** A shift that grows linearly, which bilinear interpolation reproduces. */
const slope = ntv2File([
  {
    west: -46,
    south: -24,
    east: -44,
    north: -22,
    step: 0.5,
    shift: (lon, lat) => ({ lon: (lon + 45) * 0.5, lat: (lat + 23) * 0.25 }),
  },
])

describe('NTv2 grids', () => {
  it('shift by the value in the file, in its direction', () => {
    const grid = openShiftGrid('SAD69_003.gsb', flat)
    const { coords, operation } = transform(4618, 4674, Float64Array.of(-45.5, -23.5), {
      grids: [grid],
    })
    expect(coords[0]).toBeCloseTo(-45.5 + 0.036 / 3600, 9)
    expect(coords[1]).toBeCloseTo(-23.5 + 0.072 / 3600, 9)
    expect(operation).toEqual({
      name: 'SAD69 to SIRGAS 2000 (2) [EPSG:5528]',
      accuracyMeters: 1,
      grids: ['SAD69_003'],
      fallback: null,
    })
  })

  it('interpolate between nodes and come back', () => {
    const grid = openShiftGrid('/any/folder/ca61_003.GSB', slope)
    const places = Float64Array.of(-45.13, -22.77, -44.01, -23.99, -45.9, -22.1)
    const there = transform(5524, 4674, places, { grids: [grid] })
    for (let i = 0; i < places.length; i += 2) {
      expect(there.coords[i]).toBeCloseTo(places[i]! + ((places[i]! + 45) * 0.5) / 3600, 9)
      expect(there.coords[i + 1]).toBeCloseTo(
        places[i + 1]! + ((places[i + 1]! + 23) * 0.25) / 3600,
        9,
      )
    }
    const inner = places.slice(0, 2)
    const forth = transform(5524, 4674, inner, { grids: [grid] }).coords
    const back = transform(4674, 5524, forth, { grids: [grid] }).coords
    expect(back[0]).toBeCloseTo(inner[0]!, 11)
    expect(back[1]).toBeCloseTo(inner[1]!, 11)
  })

  it('prefer the finer sub-grid whatever the order in the file', () => {
    const coarse = {
      west: -46,
      south: -24,
      east: -44,
      north: -22,
      step: 0.5,
      shift: () => ({ lon: 0, lat: 1 }),
    }
    const fine = {
      west: -45.5,
      south: -23.5,
      east: -45,
      north: -23,
      step: 0.125,
      shift: () => ({ lon: 0, lat: 2 }),
    }
    for (const order of [
      [coarse, fine],
      [fine, coarse],
    ]) {
      const grid = openShiftGrid('SAD96_003', ntv2File(order))
      const { coords } = transform(5527, 4674, Float64Array.of(-45.2, -23.2, -44.5, -22.5), {
        grids: [grid],
      })
      expect(coords[1]).toBeCloseTo(-23.2 + 2 / 3600, 9)
      expect(coords[3]).toBeCloseTo(-22.5 + 1 / 3600, 9)
    }
  })

  it('serve points exactly on their edges and say no beyond, without a word on the console', () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    const grid = openShiftGrid('SAD69_003', flat)
    const { forward, inverse } = gridShift(grid, SAD69_ELLIPSOID, GRS80)
    const corners = Float64Array.of(
      -46,
      -24,
      -46,
      -23,
      -45,
      -24,
      -45,
      -23,
      -44.999,
      -23.5,
      -45.5,
      -22.999,
      Number.NaN,
      -23.5,
    )
    const out = new Float64Array(corners.length)
    forward(corners, out)
    for (let i = 0; i < 8; i += 2) {
      expect(out[i]).toBeCloseTo(corners[i]! + 0.00001, 9)
      expect(out[i + 1]).toBeCloseTo(corners[i + 1]! + 0.00002, 9)
    }
    expect([...out.subarray(8)].every(Number.isNaN)).toBe(true)
    inverse(corners, out)
    expect([...out].every(Number.isNaN)).toBe(true)
    expect(gridCovers(grid, -45.5, -23.5, true)).toBe(true)
    expect(gridCovers(grid, -45.995, -23.5, true)).toBe(false)
    expect(log).not.toHaveBeenCalled()
    log.mockRestore()
  })

  it('are read from a view into a larger buffer', () => {
    const pooled = new Uint8Array(flat.length + 64)
    pooled.set(flat, 32)
    const grid = openShiftGrid('SAD69_003', pooled.subarray(32, 32 + flat.length))
    const { coords } = transform(4618, 4674, Float64Array.of(-45.5, -23.5), { grids: [grid] })
    expect(coords[1]).toBeCloseTo(-23.5 + 0.00002, 9)
  })

  it.each([
    ['empty', new Uint8Array(0)],
    ['noise', Uint8Array.from({ length: 1000 }, (_, i) => i & 255)],
    ['cut short', flat.subarray(0, flat.length - 200)],
    ['only a header', flat.subarray(0, 400)],
    [
      'a shift of one degree',
      ntv2File([
        {
          west: -46,
          south: -24,
          east: -45,
          north: -23,
          step: 0.5,
          shift: () => ({ lon: 3600, lat: 0 }),
        },
      ]),
    ],
    [
      'a shift that is no number',
      ntv2File([
        {
          west: -46,
          south: -24,
          east: -45,
          north: -23,
          step: 0.5,
          shift: () => ({ lon: Number.NaN, lat: 0 }),
        },
      ]),
    ],
    ['no sub-grid', ntv2File([])],
  ])('refuse a file that is %s', (_what, bytes) => {
    expect(() => openShiftGrid('SAD69_003', bytes)).toThrowError(
      expect.objectContaining({ code: 'FILE_UNREADABLE' }),
    )
  })
})

describe('transform', () => {
  const inside = Float64Array.of(-45.5, -23.5)
  const outside = Float64Array.of(-45.5, -23.5, -50, -10)
  const grid = openShiftGrid('SAD69_003', flat)

  it('falls back for every point alike when one lies outside the grid, and says so', () => {
    const { coords, operation } = transform(4618, 4674, outside, { grids: [grid] })
    expect(operation.name).toBe('SAD69 to SIRGAS 2000 (1) [EPSG:15485]')
    expect(operation.accuracyMeters).toBe(5)
    expect(operation.fallback).toContain('1 of 2 points lie outside the grid SAD69_003')
    const plain = transform(4618, 4674, outside, { method: 'translation' })
    expect(coords).toEqual(plain.coords)
    expect(plain.operation.fallback).toBeNull()
  })

  it('refuses, or marks the point, when only the grid may serve', () => {
    const refused = expect.objectContaining({ code: 'CRS_REFUSED' })
    expect(() => transform(4618, 4674, outside, { grids: [grid], method: 'grid' })).toThrowError(
      refused,
    )
    expect(() => transform(4618, 4674, inside, { method: 'grid' })).toThrowError(refused)
    const { coords } = transform(4618, 4674, outside, {
      grids: [grid],
      method: 'grid',
      outsideGrid: 'nan',
    })
    expect(coords[1]).toBeCloseTo(-23.5 + 0.00002, 9)
    expect(Number.isNaN(coords[2])).toBe(true)
  })

  it('refuses Córrego Alegre 1961 without its grid: no translation is published', () => {
    for (const [from, to] of [
      [5524, 4674],
      [4674, 5538],
      [5537, 31982],
      [5524, 4326],
    ] as const) {
      expect(() => transform(from, to, inside)).toThrowError(
        expect.objectContaining({ code: 'CRS_REFUSED' }),
      )
    }
    expect(transform(5524, 5538, inside).operation.name).toBe('none')
  })

  it('names both steps between two old datums and adds their accuracies', () => {
    const { operation } = transform(29193, 22523, Float64Array.of(500000, 7400000))
    expect(operation.name).toBe(
      'SAD69 to SIRGAS 2000 (1) [EPSG:15485] + Inverse of Corrego Alegre 1970-72 to SIRGAS 2000 (2) [EPSG:6193]',
    )
    expect(operation.accuracyMeters).toBe(10)
  })

  it('shifts nothing between WGS 84 and SIRGAS 2000, and says which operation that is', () => {
    const { coords, operation } = transform(4326, 4674, inside)
    expect(coords).toEqual(inside)
    expect(operation).toEqual({
      name: 'Inverse of SIRGAS 2000 to WGS 84 (1) [EPSG:15894]',
      accuracyMeters: 1,
      grids: [],
      fallback: null,
    })
  })

  it('leaves its input alone, keeps NaN, and takes empty lists', () => {
    const input = Float64Array.of(-45.5, -23.5, Number.NaN, 1)
    const copy = input.slice()
    const { coords } = transform(4618, 31983, input)
    expect(input).toEqual(copy)
    expect([...coords.subarray(2)].every(Number.isNaN)).toBe(true)
    expect(transform(4618, 31983, new Float64Array(0)).coords.length).toBe(0)
    expect(() => transform(1, 4674, input)).toThrowError(
      expect.objectContaining({ code: 'CRS_UNKNOWN' }),
    )
  })
})
