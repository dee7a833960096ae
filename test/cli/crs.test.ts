// `sisrua crs` as a person runs it: a real process, real pipes.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ntv2File } from '../kernel/geo/ntv2-file.ts'

// The commands alone, without the rest of the program; the error code stands in for the program's error message.
const program = `
import { Command } from 'commander'
import { registerCrs } from './src/cli/crs.ts'
const program = new Command('sisrua')
registerCrs(program)
try { await program.parseAsync(process.argv.slice(1), { from: 'user' }) }
catch (error) { console.error(error.code + ': ' + error.message); process.exitCode = 99 }
`

function crs(args: string[], input = '') {
  const root = path.resolve(import.meta.dirname, '../..')
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', program, '--', 'crs', ...args],
    { cwd: root, input, encoding: 'utf8', maxBuffer: 1 << 28, timeout: 60_000 },
  )
  return { status, stdout, stderr }
}

describe('crs detect', () => {
  it('takes negative numbers for what they are', () => {
    const { status, stdout } = crs(['detect', '-21.7634', '-41.3235', '--json'])
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      epsg: 31984,
      zone: 24,
      hemisphere: 'S',
      system: 'SIRGAS 2000',
      easting: 259722.4937,
      northing: 7591553.8885,
    })
  })

  it('gives the combined factor for a height', () => {
    const { stdout } = crs(['detect', '-22', '-45', '--height', '1000', '--json'])
    expect(JSON.parse(stdout).combined_factor).toBeCloseTo(0.9996 * (6_362_640 / 6_363_640), 7)
  })

  it('refuses what is no place', () => {
    expect(crs(['detect', 'abc', '1']).stderr).toContain('PARAMS_INVALID')
    expect(crs(['detect', '-91', '0']).stderr).toContain('PARAMS_INVALID')
    expect(crs(['detect', '-21,5', '-41,5']).status).toBe(0)
  })
})

describe('crs parse', () => {
  it.each([
    [['23K', '788547', '7634925']],
    [['23K 788547 7634925']],
    [['-21.364793585', '-42.217599661']],
    [['-21.364793585 -42.217599661']],
    [['E 788547 N 7634925', '--zone', '23']],
  ])('%j', (args) => {
    const { status, stdout } = crs(['parse', ...args, '--json'])
    expect(status).toBe(0)
    const answer = JSON.parse(stdout)
    expect(answer.epsg).toBe(31983)
    expect(answer.lat).toBeCloseTo(-21.364793585, 8)
    expect(answer.easting).toBeCloseTo(788547, 3)
  })

  it('refuses what it cannot read', () => {
    const { status, stderr, stdout } = crs(['parse', '788547', '7634925'])
    expect(status).toBe(99)
    expect(stdout).toBe('')
    expect(stderr).toContain('COORDINATES_UNREADABLE')
  })
})

describe('crs list', () => {
  it('finds systems by words', () => {
    expect(crs(['list', 'polyconic']).stdout).toBe(
      '5530\tSAD69(96) / Brazil Polyconic\n5880\tSIRGAS 2000 / Brazil Polyconic\n29101\tSAD69 / Brazil Polyconic\n',
    )
    expect(JSON.parse(crs(['list', '--json']).stdout)).toHaveLength(189)
  })
})

describe('crs transform', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-grids-'))
  beforeAll(() => {
    const shift = () => ({ lon: 0.036, lat: 0.072 })
    const bytes = ntv2File([{ west: -46, south: -24, east: -45, north: -23, step: 0.5, shift }])
    writeFileSync(path.join(folder, 'SAD69_003.gsb'), bytes)
    writeFileSync(path.join(folder, 'notes.txt'), 'not a grid')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('answers a line for a line, with 7 decimals for metres', () => {
    const { status, stdout, stderr } = crs(
      ['transform', '--from', '4674', '--to', 'EPSG:31983'],
      '-45.5,-23.5\r\n-45;-23\n-45.1 -23.2',
    )
    expect(status).toBe(0)
    expect(stderr).toBe('')
    expect(stdout).toBe(
      '448949.4656924,7401039.8017708\n500000.0000000,7456480.2364793\n489767.0043847,7434336.4962611\n',
    )
  })

  it('marks bad lines, names them, and exits with 5', () => {
    const { status, stdout, stderr } = crs(
      ['transform', '--from', '31983', '--to', '4674'],
      'x,y\n500000,7456480.2364793\n\n1,2,3\n1e9,0\n',
    )
    expect(status).toBe(5)
    expect(stdout).toBe('nan,nan\n-45.000000000000,-23.000000000000\nnan,nan\nnan,nan\nnan,nan\n')
    expect(
      stderr
        .trim()
        .split('\n')
        .map((line) => line.split(':')[0]),
    ).toEqual(['line 1', 'line 3', 'line 4', 'line 5'])
  })

  it('says on standard error which operation served, and why not a better one', () => {
    const { stdout, stderr } = crs(['transform', '--from', '4618', '--to', '4674'], '-45.5,-23.5\n')
    expect(stdout).toMatch(/^-45\.5004\d{8},-23\.5004\d{8}\n$/)
    expect(stderr).toContain('[EPSG:15485], accuracy 5 m')
    expect(stderr).toContain('SAD69_003 is not at hand')
  })

  it('uses a grid of the folder, and makes bad lines of points outside it', () => {
    const { status, stdout, stderr } = crs(
      ['transform', '--from', '4618', '--to', '4674', '--grids', folder],
      '-45.5,-23.5\n-50,-10\n',
    )
    expect(status).toBe(5)
    const [lon, lat] = stdout.split('\n')[0]!.split(',').map(Number)
    expect(lon).toBeCloseTo(-45.49999, 9)
    expect(lat).toBeCloseTo(-23.49998, 9)
    expect(stdout.split('\n')[1]).toBe('nan,nan')
    expect(stderr).toContain('grid SAD69_003')
  })

  it('gives one JSON document', () => {
    const { status, stdout, stderr } = crs(
      ['transform', '--from', '4674', '--to', '31983', '--json'],
      '-45,-23\nfoo\n',
    )
    expect(status).toBe(5)
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({
      errors: [{ line: 2, reason: 'expected two numbers, found 1 values' }],
      from: 4674,
      operation: { accuracy_meters: 0, fallback: null, grids: [], name: 'none' },
      points: [[500000, 7456480.2364793], null],
      to: 31983,
    })
  })

  it('refuses before it reads', () => {
    expect(crs(['transform', '--from', '5524', '--to', '4674'], '1,1\n').stderr).toContain(
      'CRS_REFUSED',
    )
    expect(crs(['transform', '--from', '4674', '--to', '99999'], '1,1\n').stderr).toContain(
      'CRS_UNKNOWN',
    )
    expect(crs(['transform', '--from', 'x', '--to', '4674'], '1,1\n').stderr).toContain(
      'PARAMS_INVALID',
    )
    const missing = ['transform', '--from', '4618', '--to', '4674', '--grids', '/nowhere/at/all']
    const { stderr, stdout } = crs(missing, '1,1\n')
    expect(stderr).toContain('FILE_UNREADABLE')
    expect(stderr).not.toContain('/nowhere')
    expect(stdout).toBe('')
  })

  it('keeps a hundred thousand lines in order', () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `${-48 + i * 6e-5},-20`)
    const { status, stdout } = crs(
      ['transform', '--from', '4674', '--to', '31983'],
      lines.join('\n'),
    )
    expect(status).toBe(0)
    const eastings = stdout
      .trimEnd()
      .split('\n')
      .map((line) => Number(line.split(',')[0]))
    expect(eastings).toHaveLength(100_000)
    expect(eastings.every((easting, i) => i === 0 || easting > eastings[i - 1]!)).toBe(true)
  })
})
