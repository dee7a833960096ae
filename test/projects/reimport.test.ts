// A second import into a project, stored in a real database: preview, apply, history, audit, event, rivals.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemIds } from '../../src/base/ids.ts'
import { createProjects } from '../../src/projects/project-service.ts'
import type { ProjectFeature, Projects } from '../../src/projects/projects.ts'
import { createInlineCompute } from '../../src/workers/inline.ts'
import { way as street } from '../support/cad-feature.ts'
import { createJobHouse, createStillClock, OWNER } from '../support/job-house.ts'

let house: ReturnType<typeof createJobHouse>
let projects: Projects
beforeEach(async () => {
  const clock = createStillClock()
  house = createJobHouse({ clock, start: false })
  const { store, recorder } = house
  const compute = createInlineCompute()
  projects = createProjects({ store, recorder, clock, ids: systemIds, compute })
  await projects.create({ id: 'P1', name: 'Rua A', crsOut: 'EPSG:31984' }, OWNER)
})
afterEach(() => house.close())

const way = (n: number, layer = 'RUAS', more: object = {}): ProjectFeature => ({
  ...street(n, layer),
  ...more,
})
const bytes = (features: object[], crs_out = 'EPSG:31984') =>
  new Uint8Array(Buffer.from(JSON.stringify({ crs_out, features })))
const reimport = (features: object[], { dryRun = false, version = null as number | null } = {}) =>
  projects.reimport('P1', { version, dryRun, document: bytes(features), jobId: 'job-7' }, OWNER)
const stored = () => [...projects.features('P1')].flat()
const layers = () => Object.fromEntries(stored().map((one) => [one.feature_id, one.layer]))
const counts = (some: object) => ({
  added: 0,
  changed: 0,
  removed: 0,
  untouched: 0,
  edited: 0,
  ...some,
})

describe('a re-import', () => {
  test('as a preview changes nothing, applied makes one version with history and audit entry', async () => {
    const preview = await reimport([way(1), way(2)], { dryRun: true })
    expect(preview).toMatchObject({ applied: false, counts: counts({ added: 2 }) })
    expect(preview.changes).toEqual([
      { id: 'osm:way/1', outcome: 'added' },
      { id: 'osm:way/2', outcome: 'added' },
    ])
    expect(projects.get('P1')).toMatchObject({ version: 1, featureCount: 0 })
    const applied = await reimport([way(1), way(2)], { version: 1 })
    expect(applied).toMatchObject({ applied: true, counts: preview.counts })
    expect(projects.get('P1')).toMatchObject({ version: 2, featureCount: 2 })
    expect(projects.history('P1').at(-1)).toMatchObject({ change: 'imported', featureCount: 2 })
    const [entry] = house.store.audit.list({
      ...{ entityType: 'project', entityId: 'P1', eventType: 'project.imported' },
      ...{ before: null, limit: 1 },
    })
    expect(JSON.parse(entry!.data!)).toMatchObject({ version: 2, added: 2, job_id: 'job-7' })
  })

  test('keeps what was edited, drawn and taken away by hand, and says so', async () => {
    await reimport([way(1), way(2), way(3), way(4)])
    await projects.patchFeatures(
      'P1',
      2,
      {
        set: [{ ...way(2, 'MINHA'), feature_id: 'osm:way/2' }, way(77, 'DESENHO')],
        remove: ['osm:way/4'],
      },
      OWNER,
    )
    const drawn = stored().at(-1)!.feature_id as string
    expect(drawn).toMatch(/^own:/)
    const result = await reimport([way(1), way(2, 'NOVA'), way(4), way(5)])
    expect(result.counts).toEqual(counts({ added: 1, removed: 1, untouched: 1, edited: 3 }))
    expect(layers()).toEqual({
      'osm:way/1': 'RUAS',
      'osm:way/2': 'MINHA',
      'osm:way/5': 'RUAS',
      [drawn]: 'DESENHO',
    })
    expect(result.changes).toContainEqual({ id: 'osm:way/2', outcome: 'edited', source: 'changed' })
    expect(result.changes).toContainEqual({ id: 'osm:way/4', outcome: 'edited', deleted: true })
  })

  test('knows a feature again that was taken away and put back under its id', async () => {
    await reimport([way(1), way(2), way(3)])
    const patch = (version: number, set: ProjectFeature[], remove: string[]) =>
      projects.patchFeatures('P1', version, { set, remove }, OWNER)
    const [one, two] = stored()
    await patch(2, [], ['osm:way/1', 'osm:way/2', 'osm:way/3'])
    await patch(3, [one!, { ...two, layer: 'MINHA' }], [])
    expect(layers()).toEqual({ 'osm:way/1': 'RUAS', 'osm:way/2': 'MINHA' })
    // It stands as before: the source’s, the drafter’s, and still away.
    const moved = [way(1, 'NOVA'), way(2, 'NOVA'), way(3, 'NOVA')]
    expect((await reimport(moved)).counts).toEqual(counts({ changed: 1, edited: 2 }))
    expect(layers()).toEqual({ 'osm:way/1': 'NOVA', 'osm:way/2': 'MINHA' })
    // Control: what was never there cannot be put back.
    const unknown = patch(5, [{ ...one, feature_id: 'osm:way/9' }], [])
    await expect(unknown).rejects.toMatchObject({ code: 'PARAMS_INVALID' })
    expect(projects.get('P1').version).toBe(5)
  })

  test('keeps the rings of a polygon together, also beside a property of that name', async () => {
    const lot = (n: number, hole: boolean, layer = 'LOTES'): ProjectFeature => ({
      ...{ feature_type: 'Polyline', layer, hole, coords_xy: [[n, hole ? 1 : 0]] },
      original_geojson_properties: { id: `lote ${n}`, polygon: 3 - n },
      polygon: n,
    })
    const lots = [0, 1, 2, 3].flatMap((n) => [lot(n, false), lot(n, true)])
    await reimport(lots)
    const set = stored()
      .filter(({ hole }) => hole === false)
      .map((outer) => ({ ...outer, layer: 'MEU' }))
    await projects.patchFeatures('P1', 2, { set, remove: [] }, OWNER)
    // Lot 0 is gone, and the others come under other numbers.
    const numbered = (n: number) => ({ polygon: (n + 1) % 4 })
    const later = lots.slice(2).map((one) => ({ ...one, ...numbered(one.polygon as number) }))
    expect((await reimport(later)).counts).toEqual(counts({ removed: 1, untouched: 3, edited: 4 }))
    const rings = stored().map((one) => [
      (one.original_geojson_properties as { id: string }).id,
      one.polygon,
    ])
    expect(new Set(rings.map((ring) => ring.join()))).toEqual(
      new Set(['lote 0,4', 'lote 1,2', 'lote 2,3', 'lote 3,0']),
    )
    expect(rings).toHaveLength(7)
  })

  test('of an export draws nothing twice, and what was drawn by hand stays so', async () => {
    const own = { feature_type: 'Polyline', layer: 'DESENHO', coords_xy: [[1, 2]] }
    await reimport([way(1)])
    await projects.patchFeatures('P1', 2, { set: [own, own], remove: [] }, OWNER)
    const exported = stored()
    expect((await reimport(exported)).counts).toEqual(counts({ untouched: 1, edited: 2 }))
    expect(stored()).toEqual(exported)
    // The next import knows nothing of them, and does not take them away.
    expect((await reimport([way(1)])).counts).toEqual(counts({ untouched: 1, edited: 2 }))
    expect(stored()).toEqual(exported)
    const [street, first] = exported
    const mine = { ...first, layer: 'OUTRA' }
    const { version } = projects.get('P1')
    await projects.patchFeatures('P1', version, { set: [mine], remove: [] }, OWNER)
    expect((await reimport(exported)).counts).toEqual(counts({ untouched: 1, edited: 2 }))
    expect(stored()[0]).toEqual(street)
    expect(layers()[first!.feature_id as string]).toBe('OUTRA')
    expect(stored()).toHaveLength(3)
  })

  test('of the same data makes no new version, however much the drafter changed', async () => {
    await reimport([way(1), way(2), way(3), way(4)])
    const edit = { ...way(2, 'MINHA'), feature_id: 'osm:way/2' }
    await projects.patchFeatures('P1', 2, { set: [edit, way(77)], remove: ['osm:way/4'] }, OWNER)
    // Another order than what is stored, and the source without one way: that is something new.
    expect((await reimport([way(1), way(2), way(4)])).project.version).toBe(4)
    const before = stored()
    for (let n = 0; n < 3; n++) {
      const again = await reimport([way(1), way(2), way(4)])
      expect([again.applied, again.project.version]).toEqual([true, 4])
      expect(again.counts).toEqual(counts({ untouched: 1, edited: 3 }))
    }
    expect(stored()).toEqual(before)
    expect(projects.history('P1')).toHaveLength(4)
    // Control: what the source says of an edited way is remembered, though nothing is drawn otherwise.
    expect((await reimport([way(1), way(2, 'NOVA'), way(4)])).project.version).toBe(5)
  })

  test('of the same data makes no new version', async () => {
    await reimport([way(1), way(2)])
    expect(await reimport([way(2), way(1)])).toMatchObject({ counts: counts({ untouched: 2 }) })
    expect(projects.get('P1').version).toBe(2)
  })

  test('knows names again that end like the numbers of further features', async () => {
    const lot = (id: string, x: number) => ({
      ...{ feature_type: 'Polyline', layer: 'LOTES', original_geojson_properties: { id } },
      coords_xy: [
        [x, 0],
        [x, 10],
      ],
    })
    const lots = [lot('lote #12', 0), lot('lote #13', 5), lot('lote #13', 9), lot('lote', 20)]
    await reimport(lots)
    expect(await reimport(lots)).toMatchObject({ counts: counts({ untouched: 4 }) })
    const [edited] = stored()
    await projects.patchFeatures('P1', 2, { set: [{ ...edited, layer: 'MEU' }], remove: [] }, OWNER)
    expect(await reimport(lots)).toMatchObject({ counts: counts({ untouched: 3, edited: 1 }) })
    expect(stored().map(({ layer }) => layer)).toEqual(['MEU', 'LOTES', 'LOTES', 'LOTES'])
    expect(new Set(stored().map((one) => one.feature_id)).size).toBe(4)
  })

  test('of an older version, or into another system, is refused and leaves nothing behind', async () => {
    await reimport([way(1)])
    await expect(reimport([way(2)], { version: 1 })).rejects.toMatchObject({
      code: 'VERSION_CONFLICT',
    })
    const request = {
      version: 2,
      dryRun: true,
      document: bytes([way(1)], 'EPSG:31983'),
      jobId: null,
    }
    await expect(projects.reimport('P1', request, OWNER)).rejects.toMatchObject({
      code: 'CRS_REFUSED',
    })
    expect(layers()).toEqual({ 'osm:way/1': 'RUAS' })
  })

  test('of two at once one wins, the other is told, and no chunk of the loser stays', async () => {
    await reimport([way(1)])
    const answers = await Promise.allSettled([
      reimport([way(2)], { version: 2 }),
      reimport([way(3)], { version: 2 }),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const loser = answers.find(({ status }) => status === 'rejected') as PromiseRejectedResult
    expect(loser.reason).toMatchObject({ code: 'VERSION_CONFLICT' })
    expect(stored()).toHaveLength(1)
    expect(house.store.projects.newestSet('P1')).toBeLessThanOrEqual(3)
  })

  test.each([
    '',
    '[]',
    '{"features":{}}',
    '{"features":[1]}',
    '{"features":[{}',
    '\xff',
    '{"features":[{"name":"\xff"}]}',
    '{"features":[{"name":"\xed\xa0\x80"}]}',
    '{"features":[],"features":[{}]}',
    '{"features":[{}],"features":5}',
  ])('of %j is refused', async (text) => {
    const document = new Uint8Array(Buffer.from(text, 'latin1'))
    const request = { version: null, dryRun: false, document, jobId: null }
    await expect(projects.reimport('P1', request, OWNER)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    })
  })
})
