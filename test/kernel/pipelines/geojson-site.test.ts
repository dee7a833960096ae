import { describe, expect, it } from 'vitest'
import type { Scalar } from '../../../src/kernel/cad/drawing.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { geojsonBox, geojsonSiteV1 } from '../../../src/kernel/pipelines/geojson-site.v1.ts'
import { nodeCodecs } from '../../../src/workers/context.ts'
import { ntv2File } from '../geo/ntv2-file.ts'

const PLACE = [-41.3235, -21.7634]
const LINE = { type: 'LineString', coordinates: [PLACE, [-41.322, -21.763]] }
const feature = (geometry: unknown, properties: Record<string, unknown> = {}) => ({
  type: 'Feature',
  geometry,
  properties,
})
const collection = (...features: unknown[]) => ({ type: 'FeatureCollection', features })

function draw(document: unknown, asked: Record<string, Scalar> = {}) {
  const geojson = new TextEncoder().encode(
    typeof document === 'string' ? document : JSON.stringify(document),
  )
  return geojsonSiteV1.compute(geojsonSiteV1.params.parse(asked), { geojson }, nodeCodecs, () => {})
}

describe('geojson-site@1', () => {
  it('keeps what the original kept of a point and a line', async () => {
    const { drawing } = await draw(
      collection(
        feature(
          { type: 'Point', coordinates: PLACE },
          {
            layer: 'P_TEST',
            name: 'Poste 1',
            block_name: 'POSTE',
            block_filepath: 'POSTE_GENERICO.dxf',
            rotation: 45,
            scale: 1.5,
          },
        ),
        feature(LINE, { layer: 'V_TEST', highway: 'residential' }),
      ),
    )
    expect(drawing.epsg).toBe(31984)
    expect(drawing.features).toHaveLength(2)
    expect(drawing.features[0]).toMatchObject({
      kind: 'point',
      name: 'Poste 1',
      block: 'POSTE',
      blockFile: 'POSTE_GENERICO.dxf',
      rotation: 45,
      scale: 1.5,
      source: 'geojson/0',
    })
    expect(drawing.layers.map(({ name }) => name)).toEqual(['P_TEST', 'V_TEST'])
    expect(drawing.features[1]).toMatchObject({ kind: 'line', highway: 'residential', width: 7 })
    // Reference of PROJ, contract vectors.
    expect(drawing.paths.coords[0]).toBeCloseTo(259722.4937, 4)
    expect(drawing.paths.coords[1]).toBeCloseTo(7591553.8885, 4)
  })

  it.each([
    ['a bare geometry', LINE],
    ['a Feature', feature(LINE)],
    ['a string', JSON.stringify(LINE)],
    ['a doubly encoded string', JSON.stringify(JSON.stringify(LINE))],
    ['a string in a string in a string', JSON.stringify(JSON.stringify(JSON.stringify(LINE)))],
  ])('draws %s', async (_, document) => {
    const text = typeof document === 'string' ? document : JSON.stringify(document)
    const { drawing } = await draw(text)
    expect(drawing.features.map(({ kind }) => kind)).toEqual(['line'])
  })

  it('draws every geometry type, and keeps heights', async () => {
    const ring = [
      [0, 0, 5],
      [4, 0, 6],
      [4, 4, 7],
      [0, 4, 8],
      [0, 0, 5],
    ]
    const hole = [
      [1, 1],
      [2, 1],
      [2, 2],
      [1, 1],
    ]
    const at = (positions: number[][]) =>
      positions.map(([x, y, ...z]) => [-41.3 + x! / 1000, -21.7 + y! / 1000, ...z])
    const { drawing } = await draw(
      collection(
        feature({ type: 'Polygon', coordinates: [at(ring), at(hole)] }),
        feature({ type: 'MultiPolygon', coordinates: [[at(ring)], [at(hole)]] }),
        feature({
          type: 'MultiPoint',
          coordinates: at([
            [0, 0],
            [1, 1],
          ]),
        }),
        feature({ type: 'MultiLineString', coordinates: [at(ring), at(hole)] }),
        feature({
          type: 'GeometryCollection',
          geometries: [{ type: 'Point', coordinates: at([[0, 0]])[0] }, LINE],
        }),
        feature(null),
      ),
    )
    const text = drawing.features.map(
      ({ kind, polygon, hole }) => `${kind}${polygon >= 0 ? polygon : ''}${hole ? '-' : ''}`,
    )
    expect(text).toEqual([
      'ring0',
      'ring0-',
      'ring1',
      'ring2',
      'point',
      'point',
      'line',
      'line',
      'point',
      'line',
    ])
    expect([...drawing.paths.z!.subarray(0, 6)]).toEqual([5, 6, 7, 8, 5, Number.NaN])
    expect(drawing.features[0]).toMatchObject({ minElevation: 5, maxElevation: 8 })
  })

  it('closes rings, drops what has no extent, and says both', async () => {
    const { drawing, notes } = await draw(
      collection(
        feature({
          type: 'Polygon',
          coordinates: [
            [
              [0, 0],
              [0.01, 0],
              [0.01, 0.01],
            ],
          ],
        }),
        feature({
          type: 'LineString',
          coordinates: [
            [0, 0],
            [0, 0],
          ],
        }),
        feature(null),
      ),
    )
    expect(drawing.features).toHaveLength(1)
    expect(drawing.paths.offsets).toEqual(Uint32Array.of(0, 4))
    expect(notes.map(({ code, data }) => `${code} ${data.count}`).slice(-3)).toEqual([
      'GEOJSON_EMPTY_GEOMETRIES 1',
      'GEOJSON_DEGENERATE 1',
      'GEOJSON_RINGS_CLOSED 1',
    ])
  })

  it('keeps to one zone across the antimeridian, and leaves out what lies beyond the projection, saying so', async () => {
    const fiji = await draw({
      type: 'LineString',
      coordinates: [
        [179.9, -17],
        [-179.95, -17.1],
      ],
    })
    expect(fiji.drawing.epsg).toBe(32760)
    const { coords } = fiji.drawing.paths
    expect(Math.hypot(coords[2]! - coords[0]!, coords[3]! - coords[1]!)).toBeLessThan(20_000)
    const far = await draw(
      collection(
        feature(LINE),
        feature({ type: 'Point', coordinates: [130, 20] }),
        feature({
          type: 'LineString',
          coordinates: [
            [-41.3, -21.7],
            [50, 0],
          ],
        }),
      ),
      { crs: 31984 },
    )
    expect(far.drawing.features.map(({ kind }) => kind)).toEqual(['line'])
    expect([...far.drawing.paths.coords].every(Number.isFinite)).toBe(true)
    expect(far.notes).toContainEqual({ code: 'GEOJSON_OUTSIDE_PROJECTION', data: { count: 2 } })
    await expect(
      draw({ type: 'Point', coordinates: [130, 20] }, { crs: 31984 }),
    ).rejects.toMatchObject({ code: 'GEOJSON_INVALID' })
  })

  it('asks for terrain under the area it is told, not for half a continent, and knows its own box', async () => {
    const needs = (bbox: number[]) => geojsonSiteV1.needs(geojsonSiteV1.params.parse({ bbox }))
    const [need] = needs([-41.33, -21.77, -41.32, -21.76])
    expect(need).toMatchObject({ kind: 'dem', optional: true })
    // A little more than asked for, so that the edge has heights too.
    expect(need!.bbox.west).toBeCloseTo(-41.331, 9)
    expect(need!.bbox.north).toBeCloseTo(-21.759, 9)
    expect(needs([-60, -30, -41, -20])).toEqual([])
    expect(() => needs([10, 0, 5, 1])).toThrow(/west/)
    const { notes } = await geojsonSiteV1.compute(
      geojsonSiteV1.params.parse({ bbox: [-60, -30, -41, -20] }),
      { geojson: new TextEncoder().encode(JSON.stringify(LINE)) },
      nodeCodecs,
      () => {},
    )
    expect(notes).toEqual([{ code: 'TERRAIN_AREA_TOO_LARGE', data: { degrees: 1 } }])
    const bytes = new TextEncoder().encode(JSON.stringify(LINE))
    expect(geojsonBox(bytes)).toEqual([-41.3235, -21.7634, -41.322, -21.763])
  })

  it.each([
    { type: 'name', properties: { name: 'EPSG:31983' } },
    { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG:9.9.1:31983' } },
    { type: 'name', properties: { name: 'http://www.opengis.net/def/crs/EPSG/0/31983' } },
    { type: 'EPSG', properties: { code: 31_983 } },
    { type: 'EPSG', properties: { code: '31983' } },
  ])('reads the crs member %j', async (crs) => {
    const { drawing } = await draw({ type: 'Point', coordinates: [500_000, 7_600_000], crs })
    expect([drawing.epsg, ...drawing.paths.coords]).toEqual([31_983, 500_000, 7_600_000])
  })

  it('refuses a crs outside the table with the command that helps', async () => {
    const crs = { type: 'name', properties: { name: 'EPSG:2056' } }
    await expect(
      draw({ type: 'Point', coordinates: [2_600_000, 1_200_000], crs }),
    ).rejects.toMatchObject({
      code: 'CRS_UNKNOWN',
      message: expect.stringMatching(/EPSG:2056 is not among.*ogr2ogr -t_srs EPSG:4674/),
    })
  })

  it('takes the old crs member for what it says', async () => {
    const xy = createProjector(31983).forward(Float64Array.of(-42.2, -21.36))
    const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::31983' } }
    const { drawing } = await draw({
      ...collection(feature({ type: 'Point', coordinates: [...xy] })),
      crs,
    })
    expect(drawing.epsg).toBe(31983)
    expect([...drawing.paths.coords]).toEqual([...xy])
    const other = await draw(
      { ...collection(feature({ type: 'Point', coordinates: [...xy] })), crs },
      { crs: 31984 },
    )
    const wanted = createProjector(31984).forward(Float64Array.of(-42.2, -21.36))
    expect(
      Math.hypot(
        other.drawing.paths.coords[0]! - wanted[0]!,
        other.drawing.paths.coords[1]! - wanted[1]!,
      ),
    ).toBeLessThan(1e-4)
  })

  it('names the datum operation when the coordinates came in an old datum', async () => {
    const { notes, drawing } = await draw({
      type: 'LineString',
      crs: { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::29191' } },
      coordinates: [
        [625246.3329, 9545965.1144],
        [625463.8713, 9545960.8547],
      ],
    })
    expect(notes).toMatchObject([
      { code: 'DATUM_CHANGED', data: { epsg: 29191, accuracyMeters: 5 } },
      { code: 'DATUM_GRID_NOT_USED', data: { grid: 'SAD69_003' } },
    ])
    // Reference of PROJ 9.1 (EPSG:29191 to EPSG:31981, SAD69 to SIRGAS 2000 (1)).
    expect(drawing.epsg).toBe(31981)
    expect(drawing.paths.coords[0]).toBeCloseTo(625192.26, 1)
  })

  it('uses the NTv2 grid of the datum when it is handed in and covers the document', async () => {
    const shift = () => ({ lon: -1.5, lat: -1.75 })
    const bytes = ntv2File([{ west: -58, south: -6, east: -54, north: -3, step: 0.5, shift }])
    const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::4618' } }
    const document = { type: 'Point', crs, coordinates: [-56, -4] }
    const { notes, drawing } = await geojsonSiteV1.compute(
      geojsonSiteV1.params.parse({}),
      {
        geojson: new TextEncoder().encode(JSON.stringify(document)),
        grids: [{ name: 'SAD69_003.gsb', bytes }],
      },
      nodeCodecs,
      () => {},
    )
    expect(notes).toEqual([
      {
        code: 'DATUM_CHANGED',
        data: { epsg: 4618, operation: 'SAD69 to SIRGAS 2000 (2) [EPSG:5528]', accuracyMeters: 1 },
      },
    ])
    const [lon, lat] = createProjector(drawing.epsg).inverse(drawing.paths.coords)
    expect(lon).toBeCloseTo(-56 - 1.5 / 3600, 9)
    expect(lat).toBeCloseTo(-4 - 1.75 / 3600, 9)
  })

  it('reads a file that is no UTF-8 as Windows-1252 and says so', async () => {
    const document = JSON.stringify(feature(LINE, { name: 'São João — “centro”' }))
    const bytes: Record<string, number> = { '—': 0x97, '“': 0x93, '”': 0x94 }
    const geojson = Uint8Array.from(document, (c) => bytes[c] ?? c.charCodeAt(0))
    const params = geojsonSiteV1.params.parse({})
    const { drawing, notes } = await geojsonSiteV1.compute(
      params,
      { geojson },
      nodeCodecs,
      () => {},
    )
    expect(drawing.features[0]!.name).toBe('São João — “centro”')
    expect(notes.map(({ code }) => code)).toEqual(['TEXT_NOT_UTF8'])
    const clean = await draw(feature(LINE, { name: 'São \ufffd' }))
    expect([clean.drawing.features[0]!.name, clean.notes]).toEqual(['São \ufffd', []])
  })

  it('gives points the symbol of their tags, the generic one otherwise, and default layers', async () => {
    const point = { type: 'Point', coordinates: PLACE }
    const { drawing } = await draw(
      collection(feature(point, { amenity: 'bench' }), feature(point), feature(LINE)),
    )
    expect(drawing.features.map(({ block }) => block)).toEqual(['BANCO', 'PONTO', null])
    expect(drawing.layers.map(({ name }) => name)).toEqual([
      'SISRUA_GEOJSON_POINT',
      'SISRUA_GEOJSON',
    ])
  })

  it.each([
    ['text', 'hello', /JSON/],
    ['a number', '5', /not a JSON object/],
    ['an empty collection', collection(), /nothing to draw/],
    [
      'a number written as text',
      { type: 'Point', coordinates: ['-41', '-21'] },
      /write 12\.5, not "12\.5"/,
    ],
    ['metres without a crs', { type: 'Point', coordinates: [788547, 7634925] }, /degrees/],
    ['an unknown type', { type: 'Circle', coordinates: PLACE }, /unknown type/],
    [
      'a crs by a link',
      { ...LINE, crs: { type: 'link', properties: { href: 'x' } } },
      /without a name/,
    ],
    [
      'a bare geometry of one number',
      { type: 'Point', coordinates: [1] },
      /the geometry\.coordinates/,
    ],
    [
      'a million vertices in one line',
      `{"type":"LineString","coordinates":[${'[-41,-21],[-41,-21.1],'.repeat(500_000)}[-41,-21]]}`,
      /cut it in parts/,
    ],
    ['an unknown crs name', { ...LINE, crs: { properties: { name: 'local' } } }, /not understood/],
    [
      'a position of one number',
      { type: 'LineString', coordinates: [[1], [2, 3]] },
      /not a position/,
    ],
    [
      'deep nesting',
      `{"type":"Point","coordinates":${'['.repeat(5000)}${']'.repeat(5000)}}`,
      /nested/,
    ],
    [
      'deep nesting inside a string',
      JSON.stringify(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`),
      /nested/,
    ],
    [
      'a collection of collections of collections',
      {
        type: 'GeometryCollection',
        geometries: [
          {
            type: 'GeometryCollection',
            geometries: [{ type: 'GeometryCollection', geometries: [] }],
          },
        ],
      },
      /nested/,
    ],
  ])('refuses %s with GEOJSON_INVALID', async (_, document, message) => {
    await expect(draw(document)).rejects.toMatchObject({
      code: 'GEOJSON_INVALID',
      message: expect.stringMatching(message),
    })
  })
})
