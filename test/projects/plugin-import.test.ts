// The plugin's projects.db taken over: both spellings, files in use, damaged and foreign ones; the original is never touched.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'

type Made = { project_id: string }

let house: TestDaemon
beforeAll(async () => {
  house = await startDaemon()
})
afterAll(() => house.stop())
let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sisrua-plugin-'))
  file = path.join(folder, 'projects.db')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** As the plugin makes it (`_json`), or as the original backend did. */
function schema(spelling: 'plugin' | 'backend'): string {
  const end = spelling === 'plugin' ? '_json' : ''
  return `
    CREATE TABLE Projects (project_id TEXT PRIMARY KEY, project_name TEXT NOT NULL, creation_date TEXT NOT NULL, crs_out TEXT
      ${spelling === 'plugin' ? ', total_mileage_km REAL DEFAULT 0' : ', version INTEGER DEFAULT 1'});
    CREATE TABLE CadFeatures (feature_id ${spelling === 'plugin' ? 'TEXT' : 'INTEGER'} PRIMARY KEY, project_id TEXT, feature_type TEXT,
      layer TEXT, name TEXT, highway TEXT, width_m REAL, coords_xy${end} TEXT, insertion_point_xy${end} TEXT, block_name TEXT,
      block_filepath TEXT, rotation REAL, scale REAL, color TEXT, elevation REAL, slope REAL, original_geojson_properties${end} TEXT);`
}

function write(id: string, spelling: 'plugin' | 'backend' = 'plugin', name = 'Centro') {
  const database = new Database(file)
  database.exec(schema(spelling))
  database
    .prepare(
      'INSERT INTO Projects (project_id, project_name, creation_date, crs_out) VALUES (?, ?, ?, ?)',
    )
    .run(id, name, '2026-02-01T12:00:00.0000000-03:00', 'EPSG:31984')
  const insert = database.prepare(
    `INSERT INTO CadFeatures VALUES (?, ?, ?, 'RUAS', ?, 'residential', 7, ?, ?, NULL, NULL, NULL, NULL, '5', 12.5, NULL, ?)`,
  )
  insert.run(
    1,
    id,
    'Polyline',
    'Rua Á',
    '[[1.5,2],[3,4]]',
    null,
    '{"surface":"asphalt","id":"way/9"}',
  )
  insert.run(2, id, 'Point', null, null, '[7,8]', null)
  return { database, insert }
}
const take = (body: object = { path: file }) => house.call('POST', '/api/v1/projects/import', body)
const state = (where: string) =>
  readdirSync(where)
    .sort()
    .map((name) => {
      const at = path.join(where, name)
      const { mtimeMs, size } = statSync(at)
      return [name, mtimeMs, size, readFileSync(at).toString('base64')]
    })

describe('the plugin’s projects', () => {
  test('come over once for one Idempotency-Key, and the answer stays the same', async () => {
    write('keyed').database.close()
    const headers = { 'Idempotency-Key': 'k' }
    const ask = () => house.call('POST', '/api/v1/projects/import', { path: file }, { headers })
    const [first, second, control] = [await ask(), await ask(), await take()]
    expect(first.json.imported).toHaveLength(1)
    expect(second.headers['idempotent-replay']).toBe('true')
    expect(second.json).toEqual(first.json)
    expect(control.json).not.toEqual(first.json)
  })

  test('come over from both columns, whichever of them a row was written in', async () => {
    const { database } = write('both')
    database.exec(`ALTER TABLE CadFeatures ADD COLUMN coords_xy TEXT;
      UPDATE CadFeatures SET coords_xy_json = '', coords_xy = '[[9,9],[8,8]]' WHERE feature_type = 'Polyline'`)
    database.close()
    expect((await take()).json.imported).toMatchObject([{ feature_count: 2, unreadable: 0 }])
    const { features } = (await house.call('GET', '/api/v1/projects/both/features')).json
    expect(features[0].coords_xy).toEqual([
      [9, 9],
      [8, 8],
    ])
  })

  test.each(['plugin', 'backend'] as const)(
    'come over from the columns of the %s',
    async (spelling) => {
      write(`by ${spelling}`, spelling).database.close()
      const report = await take()
      expect(report).toMatchObject({
        status: 200,
        json: {
          imported: [
            {
              project_id: `by ${spelling}`,
              project_name: 'Centro',
              feature_count: 2,
              unreadable: 0,
            },
          ],
          known: [],
        },
      })
      const place = `/api/v1/projects/by%20${spelling}`
      expect((await house.call('GET', place)).json).toMatchObject({
        crs_out: 'EPSG:31984',
        creation_date: '2026-02-01T15:00:00.000Z',
        version: 1,
      })
      const { features } = (await house.call('GET', `${place}/features`)).json
      expect(features).toMatchObject([
        {
          feature_type: 'Polyline',
          name: 'Rua Á',
          width_m: 7,
          coords_xy: [
            [1.5, 2],
            [3, 4],
          ],
          color: '5',
          elevation: 12.5,
          original_geojson_properties: { surface: 'asphalt' },
          feature_id: 'osm:way/9',
        },
        { feature_type: 'Point', coords_xy: null, insertion_point_xy: [7, 8] },
      ])
      const audit = await house.call('GET', `/api/audit?entity_id=by%20${spelling}`)
      expect(audit.text).toContain('project.imported')
    },
  )

  test('come over once, also from a copy elsewhere; a project that changed there is told, and left alone here', async () => {
    write('once').database.close()
    const first = await take()
    expect(first.json.imported).toHaveLength(1)
    expect((await take()).json).toEqual({
      imported: [],
      known: [{ project_id: 'once', changed: false }],
    })
    const elsewhere = path.join(folder, 'copy')
    mkdirSync(elsewhere)
    const copy = path.join(elsewhere, 'projects.db')
    writeFileSync(copy, readFileSync(file))
    expect((await take({ path: copy })).json.known).toEqual([
      { project_id: 'once', changed: false },
    ])
    const database = new Database(file)
    database.exec("UPDATE CadFeatures SET name = 'Nova'")
    database.close()
    expect((await take()).json).toEqual({
      imported: [],
      known: [{ project_id: 'once', changed: true }],
    })
  })

  test('come over once when several ask at the same time', async () => {
    const { database } = write('race')
    const insert = database.prepare(
      'INSERT INTO Projects (project_id, project_name, creation_date) VALUES (?, ?, ?)',
    )
    for (let n = 0; n < 10; n++) insert.run(`race ${n}`, `Obra ${n}`, '2026-02-01')
    database.close()
    const answers = await Promise.all(Array.from({ length: 4 }, () => take()))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const made = answers.flatMap(({ json }) => json.imported.map((one: Made) => one.project_id))
    expect(made.sort()).toEqual(['race', ...Array.from({ length: 10 }, (_, n) => `race ${n}`)])
    for (const { json } of answers) expect(json.imported.length + json.known.length).toBe(11)
  })

  test('get another id when theirs is taken by somebody else', async () => {
    await house.call('POST', '/api/v1/projects', { project_id: 'taken', project_name: 'Outro' })
    write('taken').database.close()
    const [made] = (await take()).json.imported
    expect(made.project_id).not.toBe('taken')
    expect((await house.call('GET', '/api/v1/projects/taken')).json.project_name).toBe('Outro')
  })

  test('come over while the plugin has the file open, and no byte or file of its folder changes', async () => {
    const { database, insert } = write('open')
    database.pragma('journal_mode = WAL')
    database.pragma('wal_autocheckpoint = 0')
    // Only in the log, not yet in the file.
    insert.run(3, 'open', 'Polyline', 'Rua B', '[[0,0],[1,1]]', null, null)
    const before = state(folder)
    expect((await take()).json.imported).toMatchObject([{ feature_count: 3 }])
    expect(state(folder)).toEqual(before)
    database.close()
  })

  test('lose only the values that nobody can read', async () => {
    const { database, insert } = write('partly')
    insert.run(3, 'partly', 'Polyline', 'Rua B', '[[0,0', '5', '"x"')
    insert.run(4, 'partly', 1, Buffer.from('x'), '[[0,0],[1,1]]', null, null)
    database.close()
    expect((await take()).json.imported).toMatchObject([{ feature_count: 4, unreadable: 4 }])
  })

  test.each([
    ['as deep as a project takes', 36, 0],
    ['one level deeper', 37, 1],
    ['so deep that a program falls over it', 50_000, 1],
  ])('lose only the value that is nested %s', async (_, levels, unreadable) => {
    const { database, insert } = write(`deep ${levels}`)
    const nested = `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`
    insert.run(3, `deep ${levels}`, 'Polyline', 'Rua B', '[[0,0],[1,1]]', null, nested)
    database
      .prepare('INSERT INTO Projects (project_id, project_name, creation_date) VALUES (?, ?, ?)')
      .run(`after ${levels}`, 'Norte', '2026-02-01')
    database.close()
    expect(await take()).toMatchObject({
      status: 200,
      json: { imported: [{ feature_count: 3, unreadable }, { project_name: 'Norte' }] },
    })
  })

  test('get another id when theirs cannot stand in an address', async () => {
    write('C:\\obras\\a.dwg').database.close()
    const { project_id: id } = (await take()).json.imported[0]
    expect((await house.call('GET', `/api/v1/projects/${id}`)).json.feature_count).toBe(2)
    expect((await take()).json.known).toEqual([{ project_id: id, changed: false }])
  })

  test('are looked for in the data folder when no path is given', async () => {
    expect((await take({})).json.code).toBe('PROJECT_FILE_INVALID')
    write('home').database.close()
    writeFileSync(path.join(house.config.folders.data, 'projects.db'), readFileSync(file))
    expect((await take({})).json.imported).toMatchObject([{ project_id: 'home' }])
  })
})

describe('what is no projects file', () => {
  const refused = { status: 422, json: { code: 'PROJECT_FILE_INVALID' } }
  test.each([
    ['empty', Buffer.alloc(0)],
    [
      'text',
      Buffer.from(
        'not a database, but long enough to have a header of one hundred bytes'.repeat(40),
      ),
    ],
  ])('is refused: %s', async (_, bytes) => {
    writeFileSync(file, bytes)
    expect(await take()).toMatchObject(refused)
  })

  test('is refused: tables of another kind', async () => {
    const { database } = write('other')
    database.exec(`DROP TABLE Projects;
      CREATE TABLE Projects (project_id TEXT PRIMARY KEY, project_name TEXT) WITHOUT ROWID`)
    database.close()
    expect(await take()).toMatchObject(refused)
  })

  test('is refused: our own database, a folder, nothing', async () => {
    const own = path.join(house.config.folders.data, 'sisrua.db')
    expect(await take({ path: own })).toMatchObject(refused)
    expect(await take({ path: folder })).toMatchObject(refused)
    expect(await take()).toMatchObject(refused)
  })

  test('leaves no copy for ever when the program is killed over one: the next start removes it', async () => {
    for (const name of ['import-Ab3xYz', 'import-backup']) mkdirSync(path.join(folder, name))
    const copy = path.join(folder, 'import-Ab3xYz', 'copy.db')
    for (const end of ['', '-wal', '-journal']) writeFileSync(copy + end, 'names and places')
    // Control: what a person keeps there under such a name stays.
    writeFileSync(path.join(folder, 'import-backup', 'projects.db'), 'mine')
    const other = await startDaemon({ dataDir: folder })
    try {
      const left = readdirSync(folder).filter((name) => name.startsWith('import-'))
      expect(left).toEqual(['import-backup'])
    } finally {
      await other.stop()
    }
  })

  test('is refused when pages are damaged, and leaves no project and no copy behind', async () => {
    const { database, insert } = write('damaged')
    database.exec('BEGIN')
    for (let n = 10; n < 2000; n++)
      insert.run(n, 'damaged', 'Polyline', 'Rua', '[[0,0],[1,1]]', null, null)
    database.exec('COMMIT')
    database.close()
    const bytes = readFileSync(file)
    bytes.fill(0xa5, 4096 * 4, 4096 * 9)
    writeFileSync(file, bytes)
    expect(await take()).toMatchObject(refused)
    expect((await house.call('GET', '/api/v1/projects/damaged')).status).toBe(404)
    const left = readdirSync(house.config.folders.data).filter((name) => name.startsWith('import-'))
    expect(left).toEqual([])
  })

  test.each(['projects.db', '\\\\server\\share\\projects.db', '//server/share/projects.db'])(
    'a path that is not on this computer: %s',
    async (place) => {
      expect(await take({ path: place })).toMatchObject({
        status: 422,
        json: { code: 'PARAMS_INVALID' },
      })
    },
  )
})
