// Projects stored before features had origins: they are read, and the next import knows their features again.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sha256 } from '../../src/base/hash.ts'
import { systemIds } from '../../src/base/ids.ts'
import { createProjects } from '../../src/projects/project-service.ts'
import { migrate } from '../../src/store/migrate.ts'
import { MIGRATIONS } from '../../src/store/sql/migrations.ts'
import { prepareEmptyFile } from '../../src/store/sqlite.ts'
import { createInlineCompute } from '../../src/workers/inline.ts'
import { way } from '../support/cad-feature.ts'
import { createJobHouse, createStillClock, OWNER } from '../support/job-house.ts'

let dataFolder: string
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-upgrade-'))
})
afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

test('features of a database of schema 4 get their origins with the first import', async () => {
  const file = new Database(path.join(dataFolder, 'sisrua.db'))
  prepareEmptyFile(file)
  migrate(file, MIGRATIONS.slice(0, 4), () => {})
  file.exec(`INSERT INTO projects (id, name, version, feature_set, feature_count, created_at, updated_at)
    VALUES ('P1', 'Rua A', 2, 1, 3, 1, 1)`)
  const text = JSON.stringify([way(1), way(2), { layer: 'nobody knows' }])
  file
    .prepare('INSERT INTO project_features VALUES (?, ?, ?, ?, ?, ?)')
    .run('P1', 1, 0, 3, text, sha256(text))
  file.close()

  const clock = createStillClock()
  const house = createJobHouse({ dataFolder, clock, start: false })
  const compute = createInlineCompute()
  const { store, recorder } = house
  const projects = createProjects({ store, recorder, clock, ids: systemIds, compute })
  expect([...projects.features('P1')].flat()).toMatchObject([way(1), way(2), {}])
  const document = Buffer.from(JSON.stringify({ features: [way(1), way(2, 'OUTRA')] }))
  const request = { version: 2, dryRun: false, document: new Uint8Array(document), jobId: null }
  const { counts } = await projects.reimport('P1', request, OWNER)
  // What has no source was drawn by somebody, so it stays.
  expect(counts).toEqual({ added: 0, changed: 1, removed: 0, untouched: 1, edited: 1 })
  expect([...projects.features('P1')].flat().map(({ layer }) => layer)).toEqual([
    'RUAS',
    'OUTRA',
    'nobody knows',
  ])
  expect(projects.get('P1').version).toBe(3)
  await house.close()
})
