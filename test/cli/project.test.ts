// `sisrua project` as a person calls it: the real program beside a real server.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT } from '../../src/base/exit-codes.ts'
import { way } from '../support/cad-feature.ts'
import { startDaemon, type TestDaemon, TOKEN } from '../support/daemon.ts'
import { runProgram } from '../support/program.ts'

let house: TestDaemon
let home: string
beforeAll(async () => {
  house = await startDaemon()
  home = mkdtempSync(path.join(tmpdir(), 'sisrua-project-'))
  await house.call('POST', '/api/v1/projects', { project_id: 'P1', project_name: 'Centro' })
})
afterAll(async () => {
  await house.stop()
  rmSync(home, { recursive: true, force: true })
})

const project = (...args: string[]) => {
  const daemon = ['--url', `http://127.0.0.1:${house.port}`, '--token-stdin']
  return runProgram(['project', ...args, ...daemon], home, { input: TOKEN })
}
const file = (name: string) => path.join(home, name)

describe('project', () => {
  test('reimport previews, applies once, and the result is exported as it was read', async () => {
    writeFileSync(
      file('one.json'),
      JSON.stringify({ crs_out: 'EPSG:31984', features: [way(1), way(2)] }),
    )
    const preview = await project('reimport', 'P1', '--features', file('one.json'))
    expect(preview).toMatchObject({
      code: EXIT.ok,
      stdout: expect.stringMatching(/^2\tadded\n0\tchanged/),
    })
    expect(preview.stderr).toContain('Add --apply')
    const applied = await project(
      'reimport',
      'P1',
      '--features',
      file('one.json'),
      '--apply',
      '--json',
    )
    expect(JSON.parse(applied.stdout)).toMatchObject({ applied: true, counts: { added: 2 } })
    const late = await project(
      'reimport',
      'P1',
      '--features',
      file('one.json'),
      '--apply',
      '--seen',
      '1',
    )
    expect(late.code).toBe(EXIT.conflict)

    expect((await project('export', 'P1', '-o', file('out.json'))).code).toBe(EXIT.ok)
    expect(JSON.parse(readFileSync(file('out.json'), 'utf8'))).toMatchObject({
      version: 2,
      crs_out: 'EPSG:31984',
      features: [way(1), way(2)],
    })
    const again = await project('reimport', 'P1', '--features', file('out.json'), '--json')
    expect(JSON.parse(again.stdout).counts).toMatchObject({ untouched: 2, added: 0, changed: 0 })
    const { stdout } = await project('history', 'P1')
    expect(stdout).toMatch(/^1\t.*\towner\tcreated\t0\n2\t.*\towner\timported\t2\n$/)
  })

  test('a name with line breaks and commands to the terminal stays in its line', async () => {
    const project_name = 'a\nP9\tfake\u001b[2J\u202eb'
    await house.call('POST', '/api/v1/projects', { project_id: 'P2', project_name })
    for (const args of [['list'], ['show', 'P2']]) {
      const { stdout } = await project(...args)
      expect(stdout).toMatch(/^P2\ta P9 fake \[2J b\t/)
    }
    // For programs it is whole.
    const { stdout } = await project('show', 'P2', '--json')
    expect(JSON.parse(stdout).project_name).toBe(project_name)
    await house.call('DELETE', '/api/v1/projects/P2')
  })

  test('list and show tell of projects, and of one that is not there', async () => {
    expect((await project('list')).stdout).toMatch(/^P1\tCentro\t/)
    expect(JSON.parse((await project('show', 'P1', '--json')).stdout).project_id).toBe('P1')
    expect((await project('show', 'none')).code).toBe(EXIT.notFound)
  })

  test('import reads the plugin’s file by a relative name, in Portuguese too, and says why another is none', async () => {
    const database = new Database(file('projects.db'))
    database.exec(`CREATE TABLE Projects (project_id TEXT, project_name TEXT, creation_date TEXT, crs_out TEXT);
      CREATE TABLE CadFeatures (project_id TEXT, feature_type TEXT, coords_xy_json TEXT);
      INSERT INTO Projects VALUES ('old', 'Antigo', '2026-01-01', 'EPSG:31984');
      INSERT INTO CadFeatures VALUES ('old', 'Polyline', '[[0,0],[1,1]]')`)
    database.close()
    const first = await project('import', 'projects.db')
    expect(first).toMatchObject({ code: EXIT.ok, stdout: 'imported\told\tAntigo\t1\n' })
    expect((await project('import', 'projects.db', '--lang', 'pt-BR')).stdout).toBe(
      'já importado\told\n',
    )
    writeFileSync(file('none.db'), 'no database')
    const none = await project('import', 'none.db')
    expect(none).toMatchObject({
      code: EXIT.badInput,
      stderr: expect.stringContaining('projects.db'),
    })
  })

  test('reimport without a source, or with a file of another shape, changes nothing', async () => {
    expect((await project('reimport', 'P1')).code).toBe(EXIT.usage)
    writeFileSync(file('other.json'), '[1]')
    const other = await project('reimport', 'P1', '--features', file('other.json'), '--apply')
    expect(other.code).not.toBe(EXIT.ok)
    expect(existsSync(file('other.json'))).toBe(true)
    expect((await house.call('GET', '/api/v1/projects/P1')).json.version).toBe(2)
  })
})
