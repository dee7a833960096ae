// The command line as a person and a script meet it: streams, exit codes, files. The real program, as a child process.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeSample } from '../../scripts/make-sample.ts'
import { SAMPLE } from '../../scripts/sample/town.ts'
import { behave, startOverpassServer } from '../support/overpass-server.ts'
import { runProgram } from '../support/program.ts'

const home = mkdtempSync(path.join(tmpdir(), 'sisrua-cli-'))
const sample = path.join(home, 'sample')
const town = path.join(sample, 'osm', 'town.json')
const place = ['--lat', '-21.7634', '--lon', '-41.3235']

beforeAll(() => {
  writeSample(sample, { ...SAMPLE, radiusMeters: 400 })
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const run = (args: string[], options = {}) => runProgram(args, home, options)
const out = (name: string): string => path.join(home, name)

describe('prepare osm', () => {
  test('draws from a saved extract, with negative coordinates as separate words', async () => {
    const { code, stdout, stderr } = await run([
      ...['prepare', 'osm', ...place, '--radius', '200', '--osm-file', town],
      ...['--dem-dir', path.join(sample, 'dem'), '--dxf', '--geojson', '--svg', '-o', out('all')],
    ])
    expect(stderr).toMatch(/EPSG:31984/)
    expect([code, stdout]).toEqual([0, ''])
    expect(readdirSync(out('all')).sort()).toEqual([
      'drawing.dxf',
      'features.geojson',
      'preview.svg',
    ])
    expect(JSON.parse(readFileSync(out('all/features.geojson'), 'utf8')).type).toBe(
      'FeatureCollection',
    )
  })

  test('--json is one document on standard output, and nothing else is there', async () => {
    const { code, stdout } = await run([
      ...['prepare', 'osm', ...place, '--radius', '100', '--osm-file', town, '--json'],
    ])
    expect(code).toBe(0)
    const document = JSON.parse(stdout)
    expect(document.crs_out).toBe('EPSG:31984')
    expect(document.features.length).toBeGreaterThan(10)
  })

  test('-o - puts the drawing on standard output', async () => {
    const { stdout } = await run([
      ...['prepare', 'osm', ...place, '--radius', '100', '--osm-file', town, '--dxf', '-o', '-'],
    ])
    expect(stdout.trimEnd()).toMatch(/\n {0,2}0\r?\nEOF$/)
  })

  test('serves the library offline, and says so when nothing covers the place', async () => {
    const env = { SISRUA_OSM_LIBRARY: path.join(sample, 'osm') }
    const args = ['prepare', 'osm', '--radius', '100', '--svg', '-o', out('library')]
    expect((await run([...args, ...place], { env })).code).toBe(0)
    const elsewhere = await run(
      [...args, '--lat', '-10', '--lon', '-41', '--json', out('x.json')],
      {
        env,
      },
    )
    expect(elsewhere.code).toBe(3)
    expect(JSON.parse(elsewhere.stdout).code).toBe('OSM_NOT_COVERED')
    expect(existsSync(out('x.json'))).toBe(false)
  })

  test('asks Overpass once, keeps the answer, and does not ask again', async () => {
    const server = await startOverpassServer(behave.well(readFileSync(town, 'utf8')))
    try {
      const env = { SISRUA_OVERPASS_URLS: server.url }
      const args = ['prepare', 'osm', ...place, '--radius', '100', '--svg', '-o', out('network')]
      expect((await run(args, { env })).code).toBe(0)
      expect((await run(args, { env })).code).toBe(0)
      expect(server.seen.length).toBe(1)
      expect(server.seen[0]!.userAgent).toMatch(/^sisrua\/\d.*\+http/)
    } finally {
      await server.close()
    }
  })

  test('an unusable server is exit code 6, its failure is not kept', async () => {
    const server = await startOverpassServer(behave.status(406))
    try {
      const env = { SISRUA_OVERPASS_URLS: server.url }
      const data = ['--data-dir', out('data-406')]
      const args = ['prepare', 'osm', ...place, '--radius', '120', '--json', ...data]
      const failed = await run(args, { env })
      expect(failed.code).toBe(6)
      expect(JSON.parse(failed.stdout)).toMatchObject({
        code: 'OVERPASS_UNAVAILABLE',
        data: { reason: 'user_agent_refused', status: 406 },
      })
      server.script(behave.well(readFileSync(town, 'utf8')))
      expect((await run(args, { env })).code).toBe(0)
    } finally {
      await server.close()
    }
  })

  test('--dry-run shows the plan and writes nothing', async () => {
    const { code, stdout } = await run([
      ...['prepare', 'osm', ...place, '--radius', '100', '--osm-file', town, '--dry-run'],
      ...['--dxf', out('never.dxf'), '--dem-dir', path.join(sample, 'dem')],
    ])
    expect(code).toBe(0)
    expect(stdout).toMatch(/town\.json/)
    expect(existsSync(out('never.dxf'))).toBe(false)
  })

  test('Ctrl-C while a server thinks is exit code 130 and leaves no file', async () => {
    const server = await startOverpassServer(behave.never())
    try {
      const folder = out('interrupted')
      const { code } = await run(
        ['prepare', 'osm', ...place, '--radius', '90', '--dxf', '-o', folder],
        {
          env: { SISRUA_OVERPASS_URLS: server.url, SISRUA_CACHE_BYTES: '0' },
          interruptWhen: () => server.seen.length > 0,
        },
      )
      expect(server.seen.length).toBe(1)
      expect(code).toBe(130)
      expect(existsSync(folder)).toBe(false)
    } finally {
      await server.close()
    }
  })

  test.each([
    ['no place', ['prepare', 'osm', '--radius', '10'], 2],
    ['a radius too large', ['prepare', 'osm', ...place, '--radius', '5001'], 2],
    ['a radius of zero', ['prepare', 'osm', ...place, '--radius', '0'], 2],
    ['a latitude that is no number', ['prepare', 'osm', '--lat', 'south'], 2],
    ['a file that is not there', ['prepare', 'osm', '--osm-file', 'nowhere.json'], 5],
    ['an unknown option', ['prepare', 'osm', '--colour'], 2],
    [
      'two things on standard output',
      ['prepare', 'osm', ...place, '--radius', '9', '--dxf', '-', '--svg', '-'],
      2,
    ],
  ])('%s is refused', async (_, args, code) => {
    const finished = await run(args as string[])
    expect(finished.code).toBe(code)
    expect(finished.stdout).toBe('')
    expect(finished.stderr).not.toMatch(/ at .*\.ts:\d+/)
  })
})

describe('prepare geojson', () => {
  test('reads a file; a broken one is exit code 5', async () => {
    writeFileSync(
      out('line.geojson'),
      '{"type":"LineString","coordinates":[[-41.3235,-21.7634],[-41.322,-21.763]]}',
    )
    const good = await run(['prepare', 'geojson', out('line.geojson'), '--json'])
    expect(good.code).toBe(0)
    expect(JSON.parse(good.stdout).features.length).toBe(1)
    writeFileSync(out('broken.geojson'), '{"type":"LineString","coordinates":[[-41')
    const bad = await run(['prepare', 'geojson', out('broken.geojson'), '--json'])
    expect(bad.code).toBe(5)
    expect(JSON.parse(bad.stdout).code).toBe('GEOJSON_INVALID')
  })
})

describe('the other commands', () => {
  test('elevation query answers the height and its datum', async () => {
    const dem = ['--dem-dir', path.join(sample, 'dem')]
    const { stdout } = await run(['elevation', 'query', ...place, ...dem, '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ vertical_datum: 'EGM96', source: 'terrain.tif' })
  })

  test('doctor finds the checkout healthy and answers one document', async () => {
    const { code, stdout } = await run(['doctor', '--json', '--offline'])
    const { healthy, checks } = JSON.parse(stdout)
    expect([code, healthy]).toEqual([0, true])
    expect(Object.keys(checks)).toEqual(
      expect.arrayContaining(['port', 'database', 'dem_library', 'disk', 'sqlite', 'overpass']),
    )
  })

  test('doctor calls a folder that cannot be written a fault', async () => {
    writeFileSync(out('a-file'), '')
    const data = ['--data-dir', path.join(out('a-file'), 'inside')]
    const { code, stdout } = await run(['doctor', '--json', '--offline', ...data])
    expect(code).toBe(1)
    expect(JSON.parse(stdout).checks.folder_data.state).toBe('fault')
  })

  test('config never shows a secret', async () => {
    const env = { SISRUA_AUTH_TOKEN: 'very-secret-token', OPENTOPOGRAPHY_API_KEY: 'key-of-mine' }
    const { stdout } = await run(['config', 'list', '--json'], { env })
    expect(stdout).not.toMatch(/very-secret-token|key-of-mine/)
    expect(JSON.parse(stdout).authToken).toMatchObject({ value: '(secret)', origin: 'environment' })
  })

  test('layers print is a template that layers validate accepts', async () => {
    const { stdout } = await run(['layers', 'print'])
    writeFileSync(out('layers.json'), stdout)
    expect((await run(['layers', 'validate', out('layers.json')])).code).toBe(0)
    writeFileSync(out('layers.json'), '{"rules":5}')
    expect((await run(['layers', 'validate', out('layers.json')])).code).toBe(5)
  })

  test('a misspelt command is exit code 2 and names the nearest', async () => {
    const { code, stderr, stdout } = await run(['prepar'])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/Did you mean "prepare"/)
  })

  test('help goes to standard output with examples, in exit code 0', async () => {
    const { code, stdout } = await run(['--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Examples:/)
  })

  test('texts are Portuguese unless English is asked for', async () => {
    const { stderr } = await run(['--lang', 'pt-BR', 'prepare', 'osm'])
    expect(stderr).toMatch(/Faltam|coordenadas|Latitude/i)
  })
})
