import { describe, expect, it } from 'vitest'
import type { Drawing } from '../../../src/kernel/cad/drawing.ts'
import { writeGeojson } from '../../../src/kernel/formats/geojson-write.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { describeWithJudge, python } from '../../support/judge.ts'
import { drawingOf, sampleDrawing } from './sample-drawing.ts'

const parse = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString('utf8'))

interface Found {
  geometry: { type: string } | null
  properties: Record<string, unknown>
}

describe('GeoJSON', () => {
  const collection = parse(writeGeojson(sampleDrawing(), { retrievedAt: '2026-11-21' }))

  it('states credits, system and datum as members of the collection', () => {
    expect(collection).toMatchObject({
      type: 'FeatureCollection',
      crs_out: 'EPSG:31984',
      vertical_datum: 'EGM2008',
      attribution: '© colaboradores do OpenStreetMap (ODbL)',
      retrieved_at: '2026-11-21',
    })
  })

  it('puts the courtyard into its building, outer ring counter-clockwise and hole clockwise', () => {
    const polygon = collection.features.find((one: Found) => one.geometry?.type === 'Polygon')
    expect(polygon.geometry.coordinates).toHaveLength(2)
    const area = (ring: number[][]) =>
      ring.slice(1).reduce((sum, [x, y], i) => sum + ring[i]![0]! * y! - x! * ring[i]![1]!, 0)
    const local = (ring: number[][]) => ring.map(([x, y]) => [x! + 37.3, y! + 21.7])
    expect(area(local(polygon.geometry.coordinates[0]))).toBeGreaterThan(0)
    expect(area(local(polygon.geometry.coordinates[1]))).toBeLessThan(0)
    expect(polygon.geometry.coordinates[0][0]).toEqual(polygon.geometry.coordinates[0].at(-1))
    expect(polygon.properties).toMatchObject({ layer: 'EDI-PROJEÇÃO', height_m: 6.5, levels: 2 })
  })

  it('carries heights where all are known, attributes, tags, and null for what has no place', () => {
    const [street] = collection.features
    expect(street.geometry.coordinates.map((place: number[]) => place[2])).toEqual([10, 11, 12.5])
    expect(street.properties).toMatchObject({
      source: 'way/1',
      version: 4,
      width_m: 7,
      merged_sources: ['way/2', 'way/3'],
      tags: { lanes: 2, oneway: true, surface: 'asphalt' },
    })
    const lost = collection.features.find((one: Found) => one.properties.source === 'way/666')
    expect(lost.geometry).toBeNull()
  })

  it('parts two outer rings into a MultiPolygon, each with its own hole', () => {
    const square = (x: number, size: number) => [
      [x, 0],
      [x + size, 0],
      [x + size, size],
      [x, size],
      [x, 0],
    ]
    const ring = (points: number[][], hole = false) => ({
      layer: 0,
      points,
      feature: { kind: 'ring' as const, polygon: 3, hole },
    })
    const inner = (x: number) => square(x, 2).map(([a, b]) => [a! + 1, b! + 1])
    const drawing = drawingOf(
      [ring(square(0, 10)), ring(inner(20), true), ring(square(20, 10)), ring(inner(0), true)],
      ['A'],
    )
    const { geometry } = parse(writeGeojson(drawing)).features[0]
    expect(geometry.type).toBe('MultiPolygon')
    expect(geometry.coordinates.map((part: unknown[]) => part.length)).toEqual([2, 2])
    const west = (ring: number[][]) => Math.min(...ring.map(([x]) => x!))
    for (const [outer, hole] of geometry.coordinates) {
      // One metre is about 9.7e-6 of a degree here; the other ring is twenty away.
      expect(Math.abs(west(hole) - west(outer))).toBeLessThan(2e-5)
    }
  })

  it('comes back to a tenth of a millimetre', () => {
    const points = Array.from({ length: 400 }, (_, i) => [
      Math.sin(i) * 9000,
      Math.cos(i * 3) * 9000,
    ])
    const drawing = drawingOf([{ layer: 0, points, feature: { kind: 'line' } }], ['A'])
    const [line] = parse(writeGeojson(drawing)).features
    const back = createProjector(31984).forward(
      Float64Array.from(line.geometry.coordinates.flat() as number[]),
    )
    let worst = 0
    for (let i = 0; i < back.length; i += 2) {
      worst = Math.max(
        worst,
        Math.hypot(
          back[i]! - drawing.paths.coords[i]!,
          back[i + 1]! - drawing.paths.coords[i + 1]!,
        ),
      )
    }
    expect(worst).toBeLessThan(0.0001)
  })
})

describe('GeoJSON of an old datum', () => {
  const origin = [300000, 7400000] as const
  const inDatum = (epsg: number): Drawing => ({
    ...drawingOf([{ layer: 0, points: [[0, 0]], feature: { kind: 'point' } }], ['A']),
    epsg,
    paths: { coords: Float64Array.of(...origin), offsets: Uint32Array.of(0, 1) },
  })

  it('comes out in WGS 84 and says by which operation and how well', () => {
    const collection = parse(writeGeojson(inDatum(29193)))
    expect(collection.datum_operation).toMatchObject({
      name: 'SAD69 to SIRGAS 2000 (1) [EPSG:15485] + SIRGAS 2000 to WGS 84 (1) [EPSG:15894]',
      accuracy_m: 6,
      grids: [],
    })
    expect(collection.datum_operation.fallback).toContain('SAD69_003')
    const own = createProjector(29193).inverse(Float64Array.of(...origin))
    const [lon, lat] = collection.features[0].geometry.coordinates
    // The shift is about 45 m north-south and 40 m east-west: seen in the fourth decimal, and never missing.
    expect(Math.hypot(lon - own[0]!, lat - own[1]!)).toBeGreaterThan(3e-4)
    expect(Math.hypot(lon - own[0]!, lat - own[1]!)).toBeLessThan(1e-3)
  })

  it('says of SIRGAS 2000 that its shift is none, and of WGS 84 that it needs no operation', () => {
    const operation = (epsg: number) => parse(writeGeojson(inDatum(epsg))).datum_operation
    expect(operation(31983)).toMatchObject({ accuracy_m: 1, fallback: null })
    expect(operation(31983).name).toContain('SIRGAS 2000 to WGS 84 (1)')
    expect(operation(32723)).toEqual({ name: 'none', accuracy_m: 0, grids: [], fallback: null })
  })

  it('is refused where only a grid could tell and it is not at hand', () => {
    // Córrego Alegre 1961: no translation is published.
    expect(() => writeGeojson(inDatum(5536))).toThrow(
      expect.objectContaining({ code: 'CRS_REFUSED' }),
    )
  })
})

describeWithJudge(
  'python3-pyproj',
  ['/usr/bin/python3', '-c', 'import pyproj'],
  'GeoJSON of an old datum, PROJ as judge',
  () => {
    it('lies where PROJ puts it by the same translation', () => {
      const drawing = {
        ...drawingOf([{ layer: 0, points: [[0, 0]], feature: { kind: 'point' } }], ['A']),
        epsg: 29193,
        paths: { coords: Float64Array.of(300000, 7400000), offsets: Uint32Array.of(0, 1) },
      }
      const [lon, lat] = parse(writeGeojson(drawing)).features[0].geometry.coordinates
      const answer = python(
        `from pyproj import Transformer
pipe = '+proj=pipeline +step +inv +proj=utm +zone=23 +south +ellps=aust_SA +step +proj=push +v_3 +step +proj=cart +ellps=aust_SA +step +proj=helmert +x=-67.35 +y=3.88 +z=-38.22 +step +inv +proj=cart +ellps=GRS80 +step +proj=pop +v_3 +step +proj=unitconvert +xy_in=rad +xy_out=deg'
print(*Transformer.from_pipeline(pipe).transform(300000, 7400000))`,
        '',
      )
      const [expectedLon, expectedLat] = answer.trim().split(' ').map(Number)
      expect(lon).toBeCloseTo(expectedLon!, 8)
      expect(lat).toBeCloseTo(expectedLat!, 8)
    })
  },
)

describeWithJudge(
  'python3-shapely',
  ['/usr/bin/python3', '-c', 'import shapely'],
  'GeoJSON read by shapely',
  () => {
    it('has valid geometries only', () => {
      const answer = python(
        `import json, sys
from shapely.geometry import shape
shapes = [shape(f['geometry']) for f in json.load(sys.stdin)['features'] if f['geometry']]
print([s.geom_type for s in shapes if not s.is_valid], len(shapes))`,
        Buffer.from(writeGeojson(sampleDrawing())).toString('utf8'),
      )
      expect(answer.trim()).toBe('[] 7')
    })
  },
)
