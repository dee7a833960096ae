import { describe, expect, it } from 'vitest'
import { blockFileName, MAX_FOREIGN_BLOCKS } from '../../../src/kernel/formats/block-file.ts'
import {
  type PrepareResponseOptions,
  writePrepareResponse,
} from '../../../src/kernel/formats/prepare-response.ts'
import { drawingOf, sampleDrawing } from './sample-drawing.ts'

/** contract.md §2.2, in its order. */
const KEYS = [
  'feature_type',
  'layer',
  'name',
  'highway',
  'width_m',
  'coords_xy',
  'insertion_point_xy',
  'block_name',
  'block_filepath',
  'rotation',
  'scale',
  'color',
  'elevation',
  'slope',
  'original_geojson_properties',
  'text_content',
]

function response(options: Partial<PrepareResponseOptions> = {}) {
  const bytes = writePrepareResponse(
    sampleDrawing(),
    [{ code: 'DEM_PARTIAL', data: { missing: Number.NaN, count: 3 } }],
    { numericFeatureType: false, blocksFolder: '/var/lib/sisrua/blocks', ...options },
  )
  return JSON.parse(Buffer.from(bytes).toString('utf8'))
}

describe('PrepareResponse', () => {
  it('has every key of the contract first, in every feature', () => {
    const { crs_out, features, cache_hit } = response()
    expect(crs_out).toBe('EPSG:31984')
    expect(cache_hit).toBeNull()
    for (const feature of features) expect(Object.keys(feature).slice(0, 16)).toEqual(KEYS)
  })

  it('leaves out what cannot be drawn, and texts unless asked for', () => {
    const types = (options = {}) =>
      response(options).features.map((one: Record<string, unknown>) => one.feature_type)
    expect(types()).toEqual([
      'Polyline',
      'Polyline',
      'Polyline',
      'Point',
      'Point',
      'Point',
      'Polyline',
    ])
    expect(types({ labels: true })).toContain('Text')
    expect(types({ labels: true, numericFeatureType: true })).toEqual([0, 0, 0, 1, 1, 1, 2, 0])
  })

  it('closes rings by repeating the first point, keeps a twentieth of a millimetre, and radians', () => {
    const [street, house, hole, bench] = response().features
    expect(street.coords_xy[1]).toEqual([674100.1235, 7592000.0005])
    expect(street.elevations).toEqual([10, 11, 12.5])
    expect(house.coords_xy).toHaveLength(5)
    expect(house.coords_xy[0]).toEqual(house.coords_xy[4])
    expect(hole).toMatchObject({ hole: true, polygon: 0 })
    expect(bench.rotation).toBeCloseTo(Math.PI / 2, 9)
    expect(bench.insertion_point_xy).toEqual([674060, 7592060])
  })

  it('never sends the key that would move the drawing', () => {
    expect(response().features[0].original_geojson_properties).toEqual({
      lanes: 2,
      oneway: true,
      surface: 'asphalt',
    })
  })

  it('joins block paths as the folder does, and has one for a foreign name too', () => {
    const file = (blocksFolder: string | null) =>
      response({ blocksFolder })
        .features.slice(3, 5)
        .map((one: Record<string, unknown>) => one.block_filepath)
    const foreign = blockFileName(response().features[4].block_name)
    expect(foreign).toMatch(/^[\w-]+-[0-9a-f]{16}\.dxf$/)
    expect(file('/var/lib/sisrua/blocks')).toEqual([
      '/var/lib/sisrua/blocks/BANCO.dxf',
      `/var/lib/sisrua/blocks/${foreign}`,
    ])
    expect(file('C:\\Users\\José\\blocks')).toEqual([
      'C:\\Users\\José\\blocks\\BANCO.dxf',
      `C:\\Users\\José\\blocks\\${foreign}`,
    ])
    expect(file('C:\\blocks\\')[0]).toBe('C:\\blocks\\BANCO.dxf')
    expect(file(null)).toEqual([null, null])
  })

  it("cleans foreign block names, keeps the request's own file, and bounds how many there are", () => {
    const blocks = (features: { block: string; blockFile?: string }[]) => {
      const drawing = drawingOf(
        features.map((feature) => ({
          layer: 0,
          points: [[0, 0]],
          feature: { kind: 'point' as const, ...feature },
        })),
        ['A'],
      )
      const options = { numericFeatureType: false, blocksFolder: '/b' }
      const text = Buffer.from(writePrepareResponse(drawing, [], options)).toString('utf8')
      return JSON.parse(text).features.map(
        (one: Record<string, string>) => [one.block_name, one.block_filepath] as const,
      )
    }
    const [[name, file], own] = blocks([
      { block: '../a|b' },
      { block: 'x/y', blockFile: 'POSTE_GENERICO.dxf' },
    ])
    expect(name).toBe('.._a_b')
    expect(file).toMatch(/^\/b\/[\w-]+\.dxf$/)
    expect(own).toEqual(['x/y', 'POSTE_GENERICO.dxf'])
    const many = blocks(Array.from({ length: 250 }, (_, i) => ({ block: `Bloco ${i}` })))
    expect(new Set(many.map(([, path]: string[]) => path)).size).toBe(MAX_FOREIGN_BLOCKS + 1)
    expect(many[249]).toEqual(['PONTO', '/b/PONTO.dxf'])
    // File systems that do not tell cases apart must not mix these up.
    const [[, lower], [, upper]] = blocks([{ block: 'caixa' }, { block: 'CAIXA' }])
    expect(lower!.toLowerCase()).not.toBe(upper!.toLowerCase())
  })

  it('writes notes, null for numbers that JSON does not know', () => {
    expect(response().notes).toEqual([{ code: 'DEM_PARTIAL', data: { missing: null, count: 3 } }])
  })
})
