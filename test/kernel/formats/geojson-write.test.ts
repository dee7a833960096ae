import { describe, expect, it } from 'vitest'
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
