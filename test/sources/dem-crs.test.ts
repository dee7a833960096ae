// Elevation files that name no coordinate system: refused with the way out, read once a person has said it, and never against the file.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDemLibrary } from '../../src/sources/dem-library.ts'
import { runProgram } from '../support/program.ts'

/** EPSG:31983 of 22° S 45° W, the middle of the raster. */
const [EASTING, NORTHING] = [500_000, 7_567_173]
const PLACE = { west: -45.0001, south: -22.0001, east: -44.9999, north: -21.9999 }
const SIZE = 4

/** A raster of 4 × 4 cells of 30 m, all 700 m high; `projected`: code of its system, null leaves the keys out. */
function tiff(projected: number | null): Uint8Array {
  const keys = projected === null ? [] : [1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, projected]
  const count = projected === null ? 11 : 12
  const tail = 8 + 2 + 12 * count + 4
  const bytes = new Uint8Array(tail + 24 + 48 + 24 + 2 * SIZE * SIZE)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0x4949, true)
  view.setUint16(2, 42, true)
  view.setUint32(4, 8, true)
  view.setUint16(8, count, true)
  let entry = 10
  const put = (tag: number, type: number, n: number, value: number): void => {
    view.setUint16(entry, tag, true)
    view.setUint16(entry + 2, type, true)
    view.setUint32(entry + 4, n, true)
    view.setUint32(entry + 8, value, true)
    entry += 12
  }
  const cells = tail + 96
  put(256, 4, 1, SIZE)
  put(257, 4, 1, SIZE)
  put(258, 4, 1, 16)
  put(259, 4, 1, 1)
  put(273, 4, 1, cells)
  put(277, 4, 1, 1)
  put(278, 4, 1, SIZE)
  put(279, 4, 1, 2 * SIZE * SIZE)
  put(339, 4, 1, 2)
  put(33_550, 12, 3, tail)
  put(33_922, 12, 6, tail + 24)
  if (projected !== null) put(34_735, 3, keys.length, tail + 72)
  for (const [i, step] of [30, 30, 0].entries()) view.setFloat64(tail + 8 * i, step, true)
  const corner = [0, 0, 0, EASTING - 60, NORTHING + 60, 0]
  for (const [i, value] of corner.entries()) view.setFloat64(tail + 24 + 8 * i, value, true)
  for (const [i, key] of keys.entries()) view.setUint16(tail + 72 + 2 * i, key, true)
  for (let i = 0; i < SIZE * SIZE; i++) view.setInt16(cells + 2 * i, 700, true)
  return bytes
}

let root: string
const folderOf = (name: string): string => path.join(root, name)
function put(folder: string, name: string, bytes: Uint8Array | string): void {
  fs.mkdirSync(folderOf(folder), { recursive: true })
  fs.writeFileSync(path.join(folderOf(folder), name), bytes)
}

beforeAll(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua-demcrs-'))
  put('bare', 'bare.tif', tiff(null))
  put('stated', 'bare.tif', tiff(null))
  put('stated', 'bare.tif.json', '{"epsg": 31983}')
  put('named', 'named.tif', tiff(31_983))
  put('foreign', 'foreign.tif', tiff(25_832))
})
afterAll(() => fs.rmSync(root, { recursive: true, force: true }))

describe('a raster without a coordinate system', () => {
  it('covers nothing, and the answer says how to state it', async () => {
    const library = createDemLibrary({ folder: folderOf('bare') })
    expect(await library.windows(PLACE)).toEqual([])
    const error = await library.notCovered()
    expect(error.code).toBe('DEM_NOT_COVERED')
    expect(error.message).toMatch(
      /bare\.tif.*names no coordinate system.*--dem-crs.*bare\.tif\.json/,
    )
  })

  it('is read in the system a person says, by the side-car or the library’s own', async () => {
    const said = createDemLibrary({ folder: folderOf('bare'), epsgIfNone: 31_983 })
    expect(await said.windows(PLACE)).toMatchObject([{ epsg: 31_983 }])
    // The side-car knows its file better than what is said for all.
    const beside = createDemLibrary({ folder: folderOf('stated'), epsgIfNone: 31_982 })
    expect(await beside.windows(PLACE)).toMatchObject([{ epsg: 31_983 }])
  })

  it('what is said for the others never overrules a file that names its system', async () => {
    const library = createDemLibrary({ folder: folderOf('named'), epsgIfNone: 31_982 })
    expect(await library.windows(PLACE)).toMatchObject([{ epsg: 31_983 }])
  })

  it('a system outside the table is refused by name, with the command that helps', async () => {
    const error = await createDemLibrary({ folder: folderOf('foreign') }).notCovered()
    expect(error.message).toMatch(/EPSG:25832 is not among those served.*gdalwarp -t_srs EPSG:4674/)
  })
})

describe('the command line', () => {
  const query = (...more: string[]) =>
    runProgram(
      ['elevation', 'query', '--lat', '-22', '--lon', '-45', '--lang', 'pt-BR', ...more],
      root,
    )

  it('takes --dem-crs', async () => {
    const { code, stdout } = await query('--dem-dir', folderOf('bare'), '--dem-crs', 'EPSG:31983')
    expect([code, stdout]).toEqual([0, '700.00 m (vertical datum not stated)\n'])
  })

  it.each(['nearest', 'bilinear', 'bicubic'])('takes --method %s', async (method) => {
    const { code, stdout } = await query(
      '--dem-dir',
      folderOf('named'),
      '--method',
      method,
      '--json',
    )
    expect(code).toBe(0)
    const found = JSON.parse(stdout)
    expect(found.method).toBe(method)
    expect(found.elevation).toBeCloseTo(700, 9)
  })

  it('a latitude that is none, and a step that is none, are refused as such', async () => {
    const place = ['--dem-dir', folderOf('named'), '--lat', '91', '--lon', '0']
    expect((await runProgram(['elevation', 'query', ...place], root)).code).toBe(2)
    const line = ['--dem-dir', folderOf('named'), '--path', '-22,-45 -22,-45.0001']
    const bad = await runProgram(['elevation', 'profile', ...line, '--step', '-5'], root)
    expect([bad.code, bad.stdout]).toEqual([2, ''])
    expect((await runProgram(['elevation', 'profile', ...line, '--step', '5'], root)).code).toBe(0)
  })

  it('names the file and the way out without it', async () => {
    const { code, stdout, stderr } = await query('--dem-dir', folderOf('bare'))
    expect([code, stdout]).toEqual([3, ''])
    expect(stderr).toMatch(/names no coordinate system.*--dem-crs/)
  })

  it('tells a drawing’s person why there is no terrain in it', async () => {
    const file = path.join(root, 'line.geojson')
    fs.writeFileSync(file, '{"type":"LineString","coordinates":[[-45,-22],[-45.0001,-22]]}')
    const draw = ['prepare', 'geojson', file, '--json', '--dem-dir', folderOf('bare')]
    const { code, stderr } = await runProgram(draw, root)
    expect(code).toBe(0)
    expect(stderr).toMatch(/names no coordinate system/)
    const good = await runProgram([...draw, '--dem-crs', '31983'], root)
    expect(JSON.parse(good.stdout).features[0].elevation).toBe(700)
  })
})
