// Projects: versions, conflicts, features as whole sets, history and audit in the same transaction.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemIds } from '../../src/base/ids.ts'
import { createProjects } from '../../src/projects/project-service.ts'
import type { Projects } from '../../src/projects/projects.ts'
import { createInlineCompute } from '../../src/workers/inline.ts'
import { createJobHouse, createStillClock, OWNER } from '../support/job-house.ts'

let house: ReturnType<typeof createJobHouse>
let projects: Projects
let clock: ReturnType<typeof createStillClock>
beforeEach(() => {
  clock = createStillClock()
  house = createJobHouse({ clock, start: false })
  const compute = createInlineCompute()
  projects = createProjects({
    store: house.store,
    recorder: house.recorder,
    clock,
    ids: systemIds,
    compute,
  })
})
afterEach(() => house.close())

const document = (features: object[]) => new Uint8Array(Buffer.from(JSON.stringify({ features })))
const read = (id: string) =>
  [...projects.features(id)].flat().map(({ feature_id: _, ...feature }) => feature)
const auditOf = (id: string) =>
  house.store.audit
    .list({ entityType: 'project', entityId: id, eventType: null, before: null, limit: 100 })
    .map((row) => row.eventType)
    .reverse()

describe('a project', () => {
  it('is changed only by who saw its version, and each change leaves history and audit', async () => {
    const made = await projects.create({ id: 'P1', name: 'Rua A', crsOut: 'EPSG:31984' }, OWNER)
    expect(made).toMatchObject({ version: 1, featureCount: 0 })
    const changed = await projects.update('P1', { version: 1, name: 'Rua B' }, OWNER)
    expect(changed).toMatchObject({ version: 2, name: 'Rua B', crsOut: 'EPSG:31984' })
    await expect(projects.update('P1', { version: 1, name: 'Rua C' }, OWNER)).rejects.toMatchObject(
      {
        code: 'VERSION_CONFLICT',
        message: 'Version mismatch. Expected 1, but found 2.',
      },
    )
    expect(projects.history('P1').map(({ version, change }) => [version, change])).toEqual([
      [1, 'created'],
      [2, 'updated'],
    ])
    expect(auditOf('P1')).toEqual(['project.created', 'project.updated'])
  })

  it('lets exactly one of many rivals through', async () => {
    await projects.create({ id: 'P1', name: 'Rua A' }, OWNER)
    const rivals = Array.from({ length: 20 }, (_, i) =>
      projects.update('P1', { version: 1, name: `Rua ${i}` }, OWNER),
    )
    const answers = await Promise.allSettled(rivals)
    expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(1)
    expect(projects.get('P1').version).toBe(2)
    expect(auditOf('P1')).toEqual(['project.created', 'project.updated'])
  })

  it('that is unknown, taken or badly named is told so', async () => {
    await projects.create({ id: 'P1', name: 'Rua A' }, OWNER)
    await expect(projects.create({ id: 'P1', name: 'Rua B' }, OWNER)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    })
    await expect(projects.create({ name: '   ' }, OWNER)).rejects.toMatchObject({
      code: 'PARAMS_INVALID',
    })
    await expect(projects.create({ id: 'a\nb', name: 'x' }, OWNER)).rejects.toMatchObject({
      code: 'PARAMS_INVALID',
    })
    await expect(projects.update('nonexistent', { version: 1 }, OWNER)).rejects.toMatchObject({
      code: 'PROJECT_NOT_FOUND',
    })
    expect(() => projects.get('nonexistent')).toThrow('Project not found')
  })

  it.each([
    ['a/b', false],
    ['C:\\drawings\\a', false],
    ['.', false],
    ['..', false],
    ['...', true],
    ['a.b', true],
    ['lote #12 (50%); "x"?', true],
  ])('may be named %j: %s, for its name has to stand in an address', async (id, isGood) => {
    const made = projects.create({ id, name: 'x' }, OWNER)
    if (isGood) expect((await made).id).toBe(id)
    else await expect(made).rejects.toMatchObject({ code: 'PARAMS_INVALID' })
  })

  it('is gone after removal, keeps its history, and its id can be used again', async () => {
    await projects.create({ id: 'P1', name: 'Rua A' }, OWNER)
    await projects.replaceFeatures('P1', 1, document([{ layer: 'x' }]), OWNER)
    await projects.remove('P1', OWNER)
    expect(() => projects.get('P1')).toThrow('Project not found')
    expect(projects.list()).toEqual([])
    clock.advance(60_000)
    const again = await projects.create({ id: 'P1', name: 'Rua Z' }, OWNER)
    expect(again).toMatchObject({ version: 4, featureCount: 0, createdAt: clock.now() })
    expect(read('P1')).toEqual([])
    expect(projects.history('P1').map(({ change }) => change)).toEqual([
      'created',
      'features',
      'deleted',
      'created',
    ])
  })
})

describe('features', () => {
  const features = (count: number, tag: string) =>
    Array.from({ length: count }, (_, i) => ({ feature_type: 'Polyline', name: `${tag} ${i}` }))

  it('come back in order, across chunks', async () => {
    await projects.create({ id: 'P1', name: 'Rua A' }, OWNER)
    const project = await projects.replaceFeatures('P1', 1, document(features(1201, 'a')), OWNER)
    expect(project).toMatchObject({ version: 2, featureCount: 1201 })
    expect(read('P1')).toEqual(features(1201, 'a'))
    expect([...projects.features('P1')].map((chunk) => chunk.length)).toEqual([500, 500, 201])
  })

  it('that are drawn one by one share a chunk, in the order in which they came', async () => {
    await projects.create({ id: 'P1', name: 'Rua A' }, OWNER)
    const drawn = features(1_003, 'a')
    await projects.replaceFeatures('P1', 1, document(drawn.slice(0, 998)), OWNER)
    const sizes = () => [...projects.features('P1')].map((chunk) => chunk.length)
    const patch = (set: object[], remove: string[] = []) => {
      const { version } = projects.get('P1')
      return projects.patchFeatures('P1', version, { set: set as never[], remove }, OWNER)
    }
    for (const one of drawn.slice(998)) await patch([one])
    expect(sizes()).toEqual([500, 500, 3])
    expect(read('P1')).toEqual(drawn)
    // One of the last chunk is changed, one taken away and one drawn, all at once.
    const [first, second] = [...projects.features('P1')].at(-1)!
    const left = drawn.slice(0, 1_000)
    await patch([{ ...first, name: 'mine' }, { name: 'new' }], [second!.feature_id as string])
    expect(read('P1')).toEqual([
      ...left,
      { ...drawn[1_000], name: 'mine' },
      drawn[1_002],
      { name: 'new' },
    ])
    expect(sizes()).toEqual([500, 500, 3])
    const last = [...projects.features('P1')].at(-1)!.map((one) => one.feature_id as string)
    await patch([], last)
    expect(sizes()).toEqual([500, 500])
    expect(read('P1')).toEqual(left)
  })

  it('of former versions and of removed projects are thrown away, those of a project that took the name are not', async () => {
    const many = (name: string) =>
      Array.from({ length: 9_000 }, (_, i) => ({ type: 'Feature', name: `${name} ${i}` }))
    await projects.create({ id: 'P', name: 'x' }, OWNER)
    await projects.replaceFeatures('P', 1, document(many('a')), OWNER)
    const former = house.store.projects.newestSet('P')
    await projects.replaceFeatures('P', 2, document(many('b')), OWNER)
    const current = house.store.projects.newestSet('P')
    expect(current).toBeGreaterThan(former)
    expect(house.store.projects.chunk('P', former, 0)).toBeUndefined()
    expect(read('P')).toHaveLength(9_000)
    // The former project is still being thrown away while the name is taken again.
    const removing = projects.remove('P', OWNER)
    await house.store.group(() => {})
    const made = await projects.create({ id: 'P', name: 'y' }, OWNER)
    await projects.replaceFeatures('P', made.version, document(many('c')), OWNER)
    await removing
    expect(read('P')).toHaveLength(9_000)
    expect(read('P')[0]).toMatchObject({ name: 'c 0' })
    expect(house.store.projects.chunk('P', current, 0)).toBeUndefined()
    await projects.remove('P', OWNER)
    expect(house.store.projects.newestSet('P')).toBe(0)
  })

  it('stay the old ones when a rival was faster', async () => {
    await projects.create({ id: 'P1', name: 'Rua A' }, OWNER)
    const answers = await Promise.allSettled([
      projects.replaceFeatures('P1', 1, document(features(700, 'a')), OWNER),
      projects.replaceFeatures('P1', 1, document(features(10, 'b')), OWNER),
    ])
    expect(answers.map((answer) => answer.status).sort()).toEqual(['fulfilled', 'rejected'])
    const winner = answers[0]!.status === 'fulfilled' ? features(700, 'a') : features(10, 'b')
    expect(read('P1')).toEqual(winner)
    expect(projects.get('P1')).toMatchObject({ version: 2, featureCount: winner.length })
  })
})
