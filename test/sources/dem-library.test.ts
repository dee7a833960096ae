// A folder of elevation files: what is listed and why not, what covers a place, and that tiles join without a step.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import zlib from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contoursV1 } from '../../src/kernel/pipelines/contours.v1.ts'
import { elevationPoint } from '../../src/kernel/pipelines/elevation-point.v1.ts'
import { elevationProfile } from '../../src/kernel/pipelines/elevation-profile.v1.ts'
import { parseParams } from '../../src/kernel/pipelines/params.ts'
import { createDemLibrary, type DemLibrary } from '../../src/sources/dem-library.ts'
import { codecs } from '../support/dem-files.ts'

const SIZE = 1201

/** A 3″ tile of the plane 1000 + 300 (lon + 45) + 200 (lat + 23), whole metres; south-west corner at `lon`, `lat`. */
function tile(lon: number, lat: number): Buffer {
  const bytes = Buffer.alloc(2 * SIZE * SIZE)
  for (let i = 0; i < SIZE * SIZE; i++) {
    bytes.writeInt16BE(
      height(lon + (i % SIZE) / 1200, lat + 1 - Math.floor(i / SIZE) / 1200),
      2 * i,
    )
  }
  return bytes
}

const height = (lon: number, lat: number) => Math.round(1000 + 300 * (lon + 45) + 200 * (lat + 23))

/** A zip file with one deflated entry; `claimed` is the size its directory states. */
function zipOf(name: string, content: Buffer, claimed = content.length): Buffer {
  const packed = zlib.deflateRawSync(content)
  const common = Buffer.alloc(26)
  common.writeUInt16LE(20, 0)
  common.writeUInt16LE(8, 4)
  common.writeUInt32LE(zlib.crc32(content), 10)
  common.writeUInt32LE(packed.length, 14)
  common.writeUInt32LE(claimed, 18)
  common.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, Buffer.from(name), packed])
  const central = Buffer.concat([
    Buffer.from('PK\u0001\u0002\u0014\u0000'),
    common,
    Buffer.alloc(14),
    Buffer.from(name),
  ])
  const end = Buffer.alloc(22)
  end.write('PK\u0005\u0006', 'latin1')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, central, end])
}

let root: string
let folder: string
let library: DemLibrary

beforeAll(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua-dem-'))
  folder = path.join(root, 'dem')
  fs.mkdirSync(path.join(folder, 'south'), { recursive: true })
  const put = (name: string, bytes: Buffer | string) =>
    fs.writeFileSync(path.join(folder, name), bytes)
  put('S23W045.hgt', tile(-45, -23))
  put('S23W044.hgt.zip', zipOf('S23W044.hgt', tile(-44, -23)))
  put('south/S24W045.hgt.gz', zlib.gzipSync(tile(-45, -24)))
  put('dem.json', JSON.stringify({ verticalDatum: 'EGM96', accuracyMeters: 3 }))
  put('notes.txt', 'no elevation file, not listed')
  put('empty.tif', '')
  put('text.tif', 'this is no TIFF at all, whatever its name says')
  put('S22W045.hgt', Buffer.alloc(1000))
  put('bomb.hgt.gz', zlib.gzipSync(Buffer.alloc(70 << 20)))
  put('honest-bomb.hgt.zip', zipOf('S21W045.hgt', Buffer.alloc(70 << 20)))
  put('lying-bomb.hgt.zip', zipOf('S20W045.hgt', Buffer.alloc(70 << 20), 2 * SIZE * SIZE))
  fs.writeFileSync(path.join(root, 'S19W045.hgt'), tile(-45, -19))
  fs.symlinkSync(path.join(root, 'S19W045.hgt'), path.join(folder, 'S19W045.hgt'))
  library = createDemLibrary({ folder })
})

afterAll(() => fs.rmSync(root, { recursive: true, force: true }))

describe('the elevation folder', () => {
  it('lists what is usable with its ground, and every other file with a reason', async () => {
    const { files, unreadable } = await library.coverage()
    expect(files.map(({ name, epsg, verticalDatum }) => [name, epsg, verticalDatum])).toEqual([
      ['S23W044.hgt', 4326, 'EGM96'],
      ['S23W045.hgt', 4326, 'EGM96'],
      ['S24W045.hgt', 4326, expect.anything()],
    ])
    expect(files[1]!.bbox.west).toBeCloseTo(-45, 2)
    expect(files[1]!.cellSizeMeters).toBeCloseTo(92.5, 0)
    const reasons = new Map(unreadable.map(({ name, reason }) => [name, reason]))
    expect([...reasons.keys()].sort()).toEqual([
      'S19W045.hgt',
      'S22W045.hgt',
      'bomb.hgt.gz',
      'empty.tif',
      'honest-bomb.hgt.zip',
      'lying-bomb.hgt.zip',
      'text.tif',
    ])
    expect(reasons.get('S19W045.hgt')).toMatch(/leads out of the folder/)
    expect(reasons.get('bomb.hgt.gz')).toMatch(/more than a tile/)
    expect(reasons.get('honest-bomb.hgt.zip')).toMatch(/more than 64 MB/)
    expect(reasons.get('lying-bomb.hgt.zip')).toMatch(/damaged/)
    expect([...reasons.values()].some((reason) => reason.includes(root))).toBe(false)
  })

  it('gives windows of the tiles that cover a place and none elsewhere', async () => {
    const inside = await library.windows({ west: -44.6, south: -22.6, east: -44.5, north: -22.5 })
    expect(inside.map(({ name }) => name)).toEqual(['S23W045.hgt'])
    const corner = await library.windows({
      west: -44.01,
      south: -23.01,
      east: -43.99,
      north: -22.99,
    })
    expect(corner.map(({ name }) => name).sort()).toEqual([
      'S23W044.hgt',
      'S23W045.hgt',
      'S24W045.hgt',
    ])
    expect(await library.windows({ west: 10, south: 10, east: 11, north: 11 })).toEqual([])
    expect(await createDemLibrary({ folder: null }).windows(inside[0] as never)).toEqual([])
    const absent = createDemLibrary({ folder: path.join(root, 'nowhere') })
    expect(await absent.coverage()).toEqual({ files: [], unreadable: [] })
  })

  it('notices new and changed files', async () => {
    const own = path.join(root, 'changing')
    fs.mkdirSync(own)
    const changing = createDemLibrary({ folder: own, rescanMs: 0 })
    expect((await changing.coverage()).files).toHaveLength(0)
    fs.writeFileSync(path.join(own, 'S23W045.hgt'), tile(-45, -23))
    expect((await changing.coverage()).files).toHaveLength(1)
    fs.writeFileSync(path.join(own, 'S23W045.hgt'), 'gone bad!')
    expect((await changing.coverage()).files).toHaveLength(0)
    expect((await changing.coverage()).unreadable).toHaveLength(1)
  })
})

describe('heights from the folder', () => {
  it('cross the seam between tiles without a step', async () => {
    const across = Float64Array.of(-44.02, -22.5, -43.98, -22.5)
    const dem = await library.windows({ west: -44.03, south: -22.51, east: -43.97, north: -22.49 })
    const answer = await elevationProfile({ path: across, stepMeters: 20, dem }, codecs)
    expect(answer.sources.sort()).toEqual(['S23W044.hgt', 'S23W045.hgt'])
    // The plane rises 300 m a degree; whole metres round each post by up to half a metre.
    for (const { longitude, elevation } of answer.profile) {
      expect(Math.abs(elevation! - (1000 + 300 * (longitude + 45) + 200 * 0.5))).toBeLessThan(0.51)
    }
    expect(answer.profile.length).toBeGreaterThan(200)
    expect(answer.climbMeters - answer.descentMeters).toBeCloseTo(12, 0)
    expect(answer.verticalDatum).toBe('EGM96')
  })

  it('are null off the tiles, with no datum and no source', async () => {
    const dem = await library.windows({ west: -44.6, south: -22.6, east: -44.5, north: -22.5 })
    const here = await elevationPoint({ latitude: -22.55, longitude: -44.55, dem }, codecs)
    expect(Math.abs(here.elevation! - 1225)).toBeLessThan(0.51)
    expect(here).toMatchObject({ source: 'S23W045.hgt', verticalDatum: 'EGM96' })
    const away = await elevationPoint({ latitude: 5, longitude: 5, dem }, codecs)
    expect(away).toMatchObject({ elevation: null, source: null, verticalDatum: null })
    await expect(elevationPoint({ latitude: 95, longitude: 0, dem }, codecs)).rejects.toMatchObject(
      {
        code: 'PARAMS_INVALID',
      },
    )
  })

  it('are contoured over the seam, cut to the circle, with index levels, labels and the accuracy note', async () => {
    const params = parseParams(contoursV1, {
      latitude: -22.5,
      longitude: -44,
      radius: 3000,
      intervalMeters: 2,
    })
    const [need] = contoursV1.needs(params)
    const dem = await library.windows(need!.kind === 'dem' ? need!.bbox : (null as never))
    expect(dem).toHaveLength(2)
    const { drawing, notes } = await contoursV1.compute(params, { dem }, codecs, () => {})
    const { features, paths, layers } = drawing
    expect(drawing.verticalDatum).toBe('EGM96')
    expect(notes.map(({ code }) => code)).toContain('CONTOURS_INTERPOLATED')
    const layerOf = (kind: string) => layers[features.find((f) => f.class === kind)!.layer]!.name
    expect(layerOf('contour=index')).toBe('SISRUA_CURVAS_NIVEL_MESTRAS')
    expect(layerOf('contour=intermediate')).toBe('SISRUA_CURVAS_NIVEL')
    for (const { class: kind, elevation, text, rotation } of features) {
      expect(elevation! % 2).toBe(0)
      if (kind === 'contour=index') expect(elevation! % 10).toBe(0)
      if (kind !== 'contour=label') continue
      expect(text).toBe(String(elevation))
      expect(Math.abs(rotation!)).toBeLessThanOrEqual(Math.PI / 2)
    }
    expect(features.some(({ kind }) => kind === 'text')).toBe(true)
    // Nothing outside the circle, whose centre is the mean of its own extent.
    let [west, east, south, north] = [Infinity, -Infinity, Infinity, -Infinity]
    for (let i = 0; i < paths.coords.length; i += 2) {
      west = Math.min(west, paths.coords[i]!)
      east = Math.max(east, paths.coords[i]!)
      south = Math.min(south, paths.coords[i + 1]!)
      north = Math.max(north, paths.coords[i + 1]!)
    }
    expect(Math.max(east - west, north - south)).toBeLessThan(6006)
    expect(Math.min(east - west, north - south)).toBeGreaterThan(5900)
    await expect(contoursV1.compute(params, { dem: [] }, codecs, () => {})).rejects.toMatchObject({
      code: 'DEM_NOT_COVERED',
    })
  })
})
