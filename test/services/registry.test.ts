// The registry on a real store: a change and its audit entry are one transaction, and what no longer fits its hash is refused,
// also when the guard rails of the file were taken down.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Recorder } from '../../src/audit/record.ts'
import { AppError } from '../../src/base/errors.ts'
import { sha256 } from '../../src/base/hash.ts'
import { systemIds } from '../../src/base/ids.ts'
import { checkForm, checkInputs } from '../../src/services/form.ts'
import { createServices } from '../../src/services/service-registry.ts'
import { findDamage } from '../../src/store/damage.ts'
import { inspectStore } from '../../src/store/inspect.ts'
import { createJobHouse, createStillClock, OWNER } from '../support/job-house.ts'

let dataFolder: string
let house: ReturnType<typeof createJobHouse>
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-services-'))
  house = createJobHouse({ dataFolder, start: false })
})
afterEach(async () => {
  await house.close()
  rmSync(dataFolder, { recursive: true })
})

const PLAN = { kind: 'osm' as const, params: { radius: 500 }, formSchema: null }

const registry = (recorder: Recorder = house.recorder) =>
  createServices({
    store: house.store,
    recorder,
    clock: createStillClock(),
    ids: systemIds,
    check() {},
  })

/** Refuses every entry, as a disk might that is full at that moment. */
function withoutAudit(): Recorder {
  const { recorder, store } = house
  const trail = {
    ...recorder.trail,
    audit(): number {
      throw new AppError('STORE_UNAVAILABLE')
    },
  }
  return { ...recorder, recordGrouped: (write) => store.group(() => write(trail)) }
}

/** Changes the file with its triggers gone. */
function tamper(set: string, ...values: unknown[]): void {
  const file = new Database(path.join(dataFolder, 'sisrua.db'))
  file.exec('DROP TRIGGER IF EXISTS service_versions_frozen')
  expect(file.prepare(`UPDATE service_versions SET ${set}`).run(...values).changes).toBe(1)
  file.close()
}

test('without its audit entry no change happens', async () => {
  const services = registry()
  const { id } = await services.create('Planta', OWNER)
  for (const semver of ['1.0.0', '2.0.0', '3.0.0']) {
    await services.draft(id, semver, PLAN, OWNER)
    if (semver !== '3.0.0') await services.publish(id, semver, OWNER)
  }
  await services.activate(id, '1.0.0', OWNER)
  const before = services.versions(id)

  const mute = registry(withoutAudit())
  const failed = expect.objectContaining({ code: 'STORE_UNAVAILABLE' })
  const other = { ...PLAN, params: { radius: 1 } }
  await expect(mute.create('Outra', OWNER)).rejects.toThrow(failed)
  await expect(mute.draft(id, '4.0.0', PLAN, OWNER)).rejects.toThrow(failed)
  await expect(mute.redraft(id, '3.0.0', other, OWNER)).rejects.toThrow(failed)
  await expect(mute.publish(id, '3.0.0', OWNER)).rejects.toThrow(failed)
  await expect(mute.activate(id, '2.0.0', OWNER)).rejects.toThrow(failed)
  expect(services.list().services).toHaveLength(1)
  expect(services.versions(id)).toEqual(before)
  expect(services.version(id, '3.0.0').params).toEqual(PLAN.params)
})

test('the hash is that of the canonical manifest, whatever the order of its fields', async () => {
  const services = registry()
  const { id } = await services.create('Planta', OWNER)
  const params = { radius: 500, crs: null, labels: true }
  const one = await services.draft(id, '1.0.0', { ...PLAN, params }, OWNER)
  const turned = { labels: true, crs: null, radius: 500 }
  const other = await services.draft(id, '1.0.1', { ...PLAN, params: turned }, OWNER)
  const text = '{"form_sha256":null,"kind":"osm","params":{"crs":null,"labels":true,"radius":500}}'
  expect(one.sha256).toBe(sha256(text).toString('hex'))
  expect(other.sha256).toBe(one.sha256)
})

test('a manifest that was altered in the file is not run, shown, published or activated', async () => {
  const services = registry()
  const { id } = await services.create('Planta', OWNER)
  await services.draft(id, '1.0.0', PLAN, OWNER)
  const place = { latitude: 1, longitude: 1 }
  const corrupt = expect.objectContaining({ code: 'RESULT_CORRUPT' })
  const altered = '{"form_sha256":null,"kind":"osm","params":{"radius":501}}'

  tamper('manifest = ?', altered)
  await expect(services.publish(id, '1.0.0', OWNER)).rejects.toThrow(corrupt)
  // A draft can still be written anew.
  await services.redraft(id, '1.0.0', PLAN, OWNER)
  await services.publish(id, '1.0.0', OWNER)
  await services.activate(id, '1.0.0', OWNER)
  expect((await services.run(id, null, place, false)).params).toEqual({ radius: 500, ...place })

  tamper('manifest = ?', altered)
  await expect(services.run(id, null, place, false)).rejects.toThrow(corrupt)
  expect(() => services.version(id, '1.0.0')).toThrow(corrupt)
  await expect(services.activate(id, '1.0.0', OWNER)).rejects.toThrow(corrupt)

  // Control: who alters both is believed here, and contradicted by the audit log.
  tamper('manifest = ?, sha256 = ?', altered, sha256(altered))
  expect((await services.run(id, null, place, false)).params).toEqual({ radius: 501, ...place })
  const [published] = house.store.audit.list({
    entityType: 'service',
    entityId: id,
    eventType: 'service.published',
    before: null,
    limit: 1,
  })
  expect(published!.data).not.toContain(sha256(altered).toString('hex'))
})

test('a flipped bit in the service of a run is damage of that job, not of the file', async () => {
  const services = registry()
  const { id } = await services.create('Planta', OWNER)
  const version = await services.draft(id, '1.0.0', PLAN, OWNER)
  const place = { latitude: 10, longitude: 10 }
  const request = { kind: 'osm' as const, params: { ...place, radius: 500 } }
  const { job } = await house.jobs.submit({ ...request, serviceVersionId: version.id }, OWNER)
  const file = path.join(dataFolder, 'sisrua.db')
  const flipped = version.id.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
  await house.close()
  const alter = (sql: string, ...values: unknown[]): void => {
    const connection = new Database(file)
    connection.pragma('foreign_keys = OFF')
    expect(connection.prepare(sql).run(...values).changes).toBe(1)
    connection.close()
  }
  try {
    alter('UPDATE jobs SET service_version_id = ? WHERE id = ?', flipped, job.id)
    expect(findDamage(file)).toBe(null)
    const found = await inspectStore(dataFolder)
    expect(found).toMatchObject({ damage: null, jobs: { count: 1, damaged: 1 } })
    // The control: the job is whole, and the version that it names is gone.
    alter('UPDATE jobs SET service_version_id = ? WHERE id = ?', version.id, job.id)
    expect(findDamage(file)).toBe(null)
    alter('DELETE FROM service_versions WHERE id = ?', version.id)
    expect(findDamage(file)).toBe('1 rows refer to missing rows')
  } finally {
    house = createJobHouse({ dataFolder, start: false })
  }
})

test.each([
  ['a promise instead of an answer', { $async: true }],
  ['itself without an end', { allOf: [{ $recursiveRef: '#' }] }],
])('a form that asks for %s is refused, also one that was stored', async (_, more) => {
  const form = { type: 'object', properties: { latitude: { maximum: 10 } }, ...more }
  const refused = expect.objectContaining({ code: 'PARAMS_INVALID' })
  await expect(checkForm(form)).rejects.toEqual(refused)
  await expect(checkInputs(form, { latitude: 5 }, false)).rejects.toEqual(refused)
})
