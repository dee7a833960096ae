// Which saved extract answers which request.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createOsmLibrary } from '../../src/sources/osm-library.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sisrua-osm-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const open = () => createOsmLibrary({ folder, indexFile: path.join(folder, 'index', 'osm.json') })
const box = (west: number, south: number, east: number, north: number) => ({
  west,
  south,
  east,
  north,
})

/** An answer whose nodes stand in the corners of a box. */
function answer([west, south, east, north]: number[], head = ''): string {
  const node = (id: number, lat?: number, lon?: number) =>
    `{"type":"node","id":${id},"lat":${lat},"lon":${lon},"tags":{"natural":"tree"}}`
  return `{"version":0.6,${head}"elements":[${node(1, south, west)},${node(2, north, east)}]}`
}

test('the extent of the data is the coverage when nobody says more', async () => {
  writeFileSync(path.join(folder, 'a.json'), answer([-42, -22, -41, -21]))
  const found = await open().find(box(-41.9, -21.9, -41.1, -21.1))
  expect(found?.source).toBe('a.json')
  expect(await open().find(box(-42.5, -21.9, -41.1, -21.1))).toBeNull()
})

test('a box beside the file, or before its elements, wins over the data', async () => {
  writeFileSync(path.join(folder, 'a.json'), answer([-42, -22, -41, -21]))
  writeFileSync(path.join(folder, 'a.json.bbox'), '-50,-30,-40,-20\n')
  const bounds = '"bounds":{"minlat":-1,"minlon":-1,"maxlat":1,"maxlon":1},'
  writeFileSync(path.join(folder, 'b.json'), answer([-0.1, -0.1, 0.1, 0.1], bounds))
  expect((await open().find(box(-49, -29, -41, -21)))?.source).toBe('a.json')
  expect((await open().find(box(-0.9, -0.9, 0.9, 0.9)))?.source).toBe('b.json')
})

test('the smallest of several answers, packed or not', async () => {
  writeFileSync(path.join(folder, 'state.json'), answer([-45, -25, -40, -20]))
  writeFileSync(path.join(folder, 'town.json.gz'), gzipSync(answer([-42, -22, -41, -21])))
  const found = await open().find(box(-41.6, -21.6, -41.4, -21.4))
  expect(found?.source).toBe('town.json.gz')
  expect(JSON.parse(Buffer.from(found!.bytes).toString()).version).toBe(0.6)
})

test('a changed file is looked at again, an unreadable one is passed over', async () => {
  const file = path.join(folder, 'a.json')
  writeFileSync(file, answer([-42, -22, -41, -21]))
  writeFileSync(path.join(folder, 'broken.json.gz'), 'not gzip')
  writeFileSync(path.join(folder, 'empty.json'), '{}')
  expect((await open().list()).map(({ name }) => name)).toEqual(['a.json'])
  writeFileSync(file, answer([10, 10, 11, 11]))
  utimesSync(file, new Date(), new Date(Date.now() + 5_000))
  expect(await open().find(box(-41.6, -21.6, -41.4, -21.4))).toBeNull()
  expect((await open().find(box(10.2, 10.2, 10.8, 10.8)))?.source).toBe('a.json')
})

test('a folder that is not there is said so', async () => {
  const library = createOsmLibrary({ folder: path.join(folder, 'nowhere'), indexFile: null })
  await expect(library.find(box(0, 0, 1, 1))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
})
