import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../../src/base/errors.ts'
import type { Drawing, Feature } from '../../../src/kernel/cad/drawing.ts'
import { blankFeature } from '../../../src/kernel/cad/drawing.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { findPipeline } from '../../../src/kernel/pipelines/catalog.ts'
import { osmSiteV1 } from '../../../src/kernel/pipelines/osm-site.v1.ts'
import { nodeCodecs } from '../../../src/workers/context.ts'
import { describeWithSharedData, sharedData } from '../../support/shared-data.ts'

const CENTRE = { latitude: -21.7634, longitude: -41.3235, radiusMeters: 500 }
const METER = 1 / 111_000

async function draw(elements: unknown[], asked: object = {}) {
  const bytes = new TextEncoder().encode(JSON.stringify({ elements }))
  return drawBytes(bytes, { ...CENTRE, ...asked })
}
function drawBytes(bytes: Uint8Array, asked: object) {
  const params = osmSiteV1.params.parse(asked)
  return osmSiteV1.compute(params, { osm: { bytes, source: 'test' } }, nodeCodecs, () => {})
}
/** A node so many metres east and north of the centre. */
function node(id: number, east: number, north: number, tags: object = {}) {
  const cosine = Math.cos((CENTRE.latitude * Math.PI) / 180)
  return {
    type: 'node',
    id,
    lon: CENTRE.longitude + (east * METER) / cosine,
    lat: CENTRE.latitude + north * METER,
    tags,
  }
}
const way = (id: number, nodes: number[], tags: object) => ({
  type: 'way',
  id,
  nodes,
  tags,
  version: 7,
})
const vertices = ({ paths }: Drawing, path: number) =>
  Array.from({ length: paths.offsets[path + 1]! - paths.offsets[path]! }, (_, k) => {
    const v = paths.offsets[path]! + k
    return `${paths.coords[2 * v]} ${paths.coords[2 * v + 1]}`
  })
/** A feature with every attribute that writers ask for, as plain data. */
const plain = (feature: Feature) =>
  Object.fromEntries(
    Object.keys(blankFeature('line', 0, 0)).map((key) => [key, feature[key as keyof Feature]]),
  )
const layerOf = (drawing: Drawing, source: string) => {
  const feature = drawing.features.find((candidate) => candidate.source === source)!
  return drawing.layers[feature.layer]!
}

describe('osm-site@1', () => {
  it('is in the catalogue', () => {
    expect(findPipeline('osm-site@1')).toBe(osmSiteV1)
    expect(() => findPipeline('osm-site@99')).toThrow(AppError)
  })

  it('asks one Overpass question for the box around the circle, and for terrain', () => {
    const [osm, dem] = osmSiteV1.needs(
      osmSiteV1.params.parse({ ...CENTRE, themes: ['streets', 'water'] }),
    )
    if (osm?.kind !== 'osm') throw new Error('no osm need')
    expect(osm.query).toContain(
      '[out:json][timeout:60][maxsize:268435456][bbox:-21.77,-41.33,-21.75,-41.31];',
    )
    expect(osm.query).toContain('way["highway"];')
    expect(osm.query).toContain('rel["natural"~"^(water|wetland|bay)$"]["type"="multipolygon"];')
    expect(osm.query).not.toContain('building')
    expect(osm.query.trimEnd().endsWith('out meta geom qt;')).toBe(true)
    expect(dem).toMatchObject({ kind: 'dem', optional: true })
  })

  it.each([
    ['no radius', { radiusMeters: null }],
    ['no place', { latitude: null, longitude: null }],
  ])('fails with COORDINATES_MISSING with %s', (_, gap) => {
    const params = osmSiteV1.params.parse({ ...CENTRE, ...gap })
    expect(() => osmSiteV1.needs(params)).toThrow(
      expect.objectContaining({ code: 'COORDINATES_MISSING' }),
    )
  })

  it.each([
    { radiusMeters: 0 },
    { radiusMeters: 5001 },
    { radiusMeters: Number.NaN },
    { latitude: 91 },
    { longitude: -181 },
    { themes: ['dragons'] },
    { contourIntervalMeters: -1 },
    { contourIntervalMeters: 0.01 },
  ])('refuses %o', (asked) => {
    expect(osmSiteV1.params.safeParse({ ...CENTRE, ...asked }).success).toBe(false)
  })

  it('joins a street that was split and drops its reversed twin', async () => {
    const street = { highway: 'residential', name: 'Rua A' }
    const { drawing, notes } = await draw([
      node(1, -100, 0),
      node(2, 0, 30),
      node(3, 100, 0),
      way(10, [1, 2], street),
      way(11, [2, 3], street),
      way(12, [3, 2], street),
    ])
    const lines = drawing.features.filter(({ kind }) => kind === 'line')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      source: 'way/10',
      mergedSources: ['way/11'],
      name: 'Rua A',
      highway: 'residential',
      width: 7,
      class: 'highway=residential',
      version: 7,
    })
    expect(vertices(drawing, lines[0]!.path)).toHaveLength(3)
    expect(notes).toContainEqual({ code: 'DUPLICATES_REMOVED', data: { segments: 1 } })
  })

  it('keeps a crossing through simplification: the shared node stays in both streets', async () => {
    //        4
    //  1 --- 2 --- 3    node 2 lies on the straight line 1-3
    const { drawing } = await draw([
      node(1, -100, 0),
      node(2, 0, 0),
      node(3, 100, 0),
      node(4, 0, 80),
      way(10, [1, 2, 3], { highway: 'primary' }),
      way(11, [2, 4], { highway: 'service' }),
    ])
    const [a, b] = drawing.features.map(({ path }) => vertices(drawing, path))
    expect(a).toHaveLength(3)
    expect(a![1]).toBe(b![0])
  })

  it('cuts to the circle of true metres; a building on its edge stays closed', async () => {
    const { drawing } = await draw([
      node(1, -900, 0),
      node(2, 900, 0),
      way(10, [1, 2], { highway: 'primary' }),
      node(3, 470, 20),
      node(4, 530, 20),
      node(5, 530, 60),
      node(6, 470, 60),
      way(11, [3, 4, 5, 6, 3], { building: 'yes', 'building:levels': '3' }),
      node(20, 0, 495, { power: 'pole' }),
      node(21, 0, 505, { power: 'pole' }),
    ])
    const centre = createProjector(drawing.epsg).forward(
      Float64Array.of(CENTRE.longitude, CENTRE.latitude),
    )
    let farthest = 0
    for (let i = 0; i < drawing.paths.coords.length; i += 2) {
      farthest = Math.max(
        farthest,
        Math.hypot(
          drawing.paths.coords[i]! - centre[0]!,
          drawing.paths.coords[i + 1]! - centre[1]!,
        ),
      )
    }
    // The scale factor here is 1.0003: half a kilometre on the ground is 500.15 m in the grid.
    expect(farthest).toBeGreaterThan(500.1)
    expect(farthest).toBeLessThan(500.25)
    const building = drawing.features.find(({ kind }) => kind === 'ring')!
    const ring = vertices(drawing, building.path)
    expect(ring[0]).toBe(ring.at(-1))
    expect(building).toMatchObject({ levels: 3, height: 9, class: 'building=yes' })
    expect(
      drawing.features.filter(({ kind }) => kind === 'point').map(({ source }) => source),
    ).toEqual(['node/20'])
  })

  it('gives points their symbols and layers', async () => {
    const tags = [
      { highway: 'street_lamp' },
      { highway: 'street_light' },
      { power: 'pole' },
      { amenity: 'bench' },
      { emergency: 'fire_hydrant' },
      { natural: 'tree' },
      { power: 'tower' },
      { power: 'transformer' },
      { power: 'substation' },
      { highway: 'bus_stop' },
      { highway: 'traffic_signals' },
      { highway: 'crossing' },
      { amenity: 'waste_basket' },
      { man_made: 'manhole' },
    ]
    const { drawing } = await draw(tags.map((tag, i) => node(i + 1, i * 10, 0, tag)))
    expect(drawing.features.map(({ block }) => block)).toEqual([
      'POSTE_ILUMINACAO',
      'POSTE',
      'POSTE',
      'BANCO',
      'HIDRANTE',
      'ARVORE',
      'TORRE',
      'TRANSFORMADOR',
      'SUBESTACAO',
      'PARADA_ONIBUS',
      'SEMAFORO',
      'FAIXA_PEDESTRE',
      'LIXEIRA',
      'BUEIRO',
    ])
    expect(layerOf(drawing, 'node/3').name).toBe('SISRUA_OSM_PONTOS')
    expect(layerOf(drawing, 'node/4').name).toBe('SISRUA_OSM_PONTOS')
  })

  it('puts streets on the layers of the plugin and takes a template instead', async () => {
    const elements = [
      node(1, 0, 0),
      node(2, 50, 0),
      way(10, [1, 2], { highway: 'trunk', width: '7,5 m' }),
      node(3, 0, 9),
      node(4, 50, 9),
      way(11, [3, 4], { highway: 'bridleway' }),
    ]
    const { drawing } = await draw(elements)
    expect(layerOf(drawing, 'way/10')).toEqual({
      name: 'SISRUA_OSM_TRUNK',
      aci: 2,
      lineweight: 35,
      linetype: 'Continuous',
    })
    expect(drawing.features[0]!.width).toBe(7.5)
    const layerTemplate = { rules: [{ match: { highway: 'trunk' }, layer: 'V-ROAD|X', aci: 30 }] }
    const own = await draw(elements, { layerTemplate })
    expect(layerOf(own.drawing, 'way/10')).toMatchObject({ name: 'V-ROAD_X', aci: 30 })
    expect(layerOf(own.drawing, 'way/11').name).toBe('SISRUA_OSM_PATH')
  })

  it('writes a street name once, upright, however often the street is split', async () => {
    const street = (id: number, from: number, extra: object) =>
      way(id, [from, from + 1], { highway: 'residential', name: 'Rua B', ...extra })
    const { drawing } = await draw([
      node(1, 90, 0),
      node(2, 30, 20),
      node(3, -30, 40),
      node(4, -90, 60),
      street(10, 1, {}),
      street(11, 2, { surface: 'asphalt' }),
      street(12, 3, {}),
    ])
    const texts = drawing.features.filter(({ kind }) => kind === 'text')
    expect(texts.map(({ text }) => text)).toEqual(['Rua B'])
    expect(Math.abs(texts[0]!.rotation!)).toBeLessThanOrEqual(Math.PI / 2)
  })

  it('draws the same whatever the order of the elements', async () => {
    const elements = [
      node(1, -100, 0),
      node(2, 0, 30),
      node(3, 100, 0),
      node(4, 5, 90, { natural: 'tree' }),
      way(10, [1, 2], { highway: 'residential', name: 'A' }),
      way(11, [3, 2], { highway: 'residential', name: 'A' }),
      way(12, [2, 4], { highway: 'path' }),
      way(13, [1, 2, 3, 1], { landuse: 'grass' }),
    ]
    const [forward, backward] = [await draw(elements), await draw([...elements].reverse())]
    expect(backward.drawing.features.map(plain)).toEqual(forward.drawing.features.map(plain))
    expect(backward.drawing.paths).toEqual(forward.drawing.paths)
    expect(backward.notes).toEqual(forward.notes)
  })

  it('says when nothing is there and when no terrain is known', async () => {
    const { drawing, notes } = await draw([])
    expect(drawing.features).toEqual([])
    expect(notes.map(({ code }) => code)).toEqual(['OSM_EMPTY', 'DEM_MISSING'])
    expect(drawing.credits[0]).toContain('OpenStreetMap')
  })

  it('refuses a system in degrees', async () => {
    await expect(draw([], { crs: 4326 })).rejects.toMatchObject({ code: 'CRS_REFUSED' })
  })
})

describeWithSharedData('osm-site@1 on real towns', () => {
  it.each([
    ['porto-alegre_g4.geom.overpass.json.gz', -30.05, -51.197, 1500],
    ['north-bayreuth_g4.geom.overpass.json.gz', 50.0, 11.55, 3000],
  ])(
    '%s: streets meet, areas are closed, nothing outside, nothing twice',
    async (file, latitude, longitude, radiusMeters) => {
      const bytes = gunzipSync(readFileSync(sharedData(`osm/overpass-derived/${file}`)!))
      const asked = { latitude, longitude, radiusMeters }
      const { drawing } = await drawBytes(bytes, asked)
      const whole = await drawBytes(bytes, { ...asked, simplifyToleranceMeters: 0 })
      expect(drawing.features.length).toBeGreaterThan(1000)

      const centre = createProjector(drawing.epsg).forward(Float64Array.of(longitude, latitude))
      const segments = new Set<string>()
      for (const feature of drawing.features) {
        const line = vertices(drawing, feature.path)
        for (const text of line) {
          const [x, y] = text.split(' ').map(Number)
          expect(Math.hypot(x! - centre[0]!, y! - centre[1]!)).toBeLessThan(radiusMeters * 1.001)
        }
        if (feature.kind === 'ring') expect(line[0]).toBe(line.at(-1))
        if (feature.kind !== 'line' || feature.highway === null) continue
        for (let i = 1; i < line.length; i++) {
          const ends = [line[i - 1]!, line[i]!].sort().join('|')
          const key = `${ends} ${feature.class} ${feature.name} ${feature.width}`
          expect(segments.has(key), `${feature.source} twice`).toBe(false)
          segments.add(key)
        }
      }
      expect(meetings(drawing)).toEqual(meetings(whole.drawing))
      const places = (d: Drawing) =>
        d.features.reduce((sum, { path }) => sum + vertices(d, path).length, 0)
      expect(places(drawing)).toBeLessThan(places(whole.drawing))
    },
  )
})

/** Positions that vertices of two or more different streets share, sorted. */
function meetings(drawing: Drawing): string[] {
  const users = new Map<string, Set<number>>()
  for (const [i, feature] of drawing.features.entries()) {
    if (feature.kind !== 'line' || feature.highway === null) continue
    for (const text of vertices(drawing, feature.path)) {
      const set = users.get(text)
      if (set === undefined) users.set(text, new Set([i]))
      else set.add(i)
    }
  }
  return [...users]
    .filter(([, set]) => set.size > 1)
    .map(([text]) => text)
    .sort()
}
