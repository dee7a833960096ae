// Three thousand damaged elevation files: each gives an error code or a grid of the stated size, none hangs, none crashes.
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../../src/base/errors.ts'
import { readGrid } from '../../support/dem-files.ts'
import { describeWithSharedData, sharedData } from '../../support/shared-data.ts'

const SEED = 20_261_121
const FILES = [
  'deflate_p2_tiled128',
  'lzw_p2_tiled',
  'bigtiff_deflate_tiled',
  'bigendian_strip',
  'packbits_strip',
  'lerc_zstd_tiled',
  'zstd_p2_strip',
  'lerc_deflate_tiled',
  'cog_deflate',
  'none_strip_rps1',
]
const MUTATIONS = 100

describeWithSharedData('damaged GeoTIFF files', () => {
  const folder = sharedData('dem/variants') ?? ''
  let state = SEED
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }

  /** Flips bytes (mostly in the header and the directories), cuts the file short, or both. */
  const flipped = (whole: Uint8Array): Uint8Array => {
    let bytes = new Uint8Array(whole)
    const flips = 1 + random(8)
    for (let i = 0; i < flips; i++) {
      const near = random(3) > 0
      bytes[random(near ? Math.min(1_000, bytes.length) : bytes.length)] = random(256)
    }
    if (random(5) === 0) bytes = bytes.slice(0, random(bytes.length))
    return bytes
  }

  /** A block's entry in the table of lengths made shorter, longer, or pointing elsewhere: the strip or tile is cut. */
  const cutStrip = (whole: Uint8Array, directory: Directory): Uint8Array => {
    const bytes = new Uint8Array(whole)
    const tags = random(4) === 0 ? [273, 324] : [279, 325]
    const found = directory.entries.find(({ tag }) => tags.includes(tag))!
    const size = [0, 1, 1, 2, 4, 8][found.type] ?? 8
    const at = found.at + size * random(found.count)
    const wanted = [0, 1, random(200), 0xff_ff, 0x7f_ff_ff_ff][random(5)]!
    for (let k = 0; k < size; k++) {
      const shift = directory.littleEndian ? k : size - 1 - k
      bytes[at + k] = shift < 4 ? (wanted >>> (8 * shift)) & 255 : 0
    }
    return bytes
  }

  /** An entry of a directory with another tag, type, count or value, or the number of entries changed. */
  const corruptDirectory = (whole: Uint8Array, directory: Directory): Uint8Array => {
    const bytes = new Uint8Array(whole)
    if (random(10) === 0) {
      bytes[directory.at + random(directory.big ? 8 : 2)] = random(256)
      return bytes
    }
    const { length } = directory.entries
    const entry = directory.first + random(length) * (directory.big ? 20 : 12)
    const field = [
      [0, 2],
      [2, 2],
      [4, directory.big ? 8 : 4],
      [directory.big ? 12 : 8, directory.big ? 8 : 4],
    ][random(4)]!
    for (let k = 0; k < field[1]!; k++)
      if (random(2) === 0) bytes[entry + field[0]! + k] = random(256)
    return bytes
  }

  const KINDS = {
    'bytes flipped or file cut': flipped,
    'strips cut': cutStrip,
    'directory corrupt': corruptDirectory,
  }
  const totals = new Map<
    string,
    { files: number; refused: number; read: number; slowest: number }
  >()

  for (const [kind, damage] of Object.entries(KINDS)) {
    it.each(FILES)(`${kind}: %s, ${MUTATIONS} files, seed ${SEED}`, async (name) => {
      const whole = fs.readFileSync(path.join(folder, `pyrenees_i16_${name}.tif`))
      const directory = firstDirectory(whole)
      const total = totals.get(kind) ?? { files: 0, refused: 0, read: 0, slowest: 0 }
      totals.set(kind, total)
      for (let i = 0; i < MUTATIONS; i++) {
        const bytes = damage(whole, directory)
        const start = process.cpuUsage()
        total.files++
        try {
          const grid = await readGrid(bytes, 'fuzz.tif')
          expect(grid.cells.length).toBe(grid.width * grid.height)
          total.read++
        } catch (error) {
          const meets = error instanceof Error && error.message.includes('does not meet')
          if (!meets) {
            expect(error).toBeInstanceOf(AppError)
            expect((error as AppError).code).toBe('DEM_UNREADABLE')
          }
          total.refused++
        }
        const { user, system } = process.cpuUsage(start)
        total.slowest = Math.max(total.slowest, (user + system) / 1e6)
      }
      expect(total.slowest).toBeLessThan(1)
    })
  }

  it('prints how many of each kind were refused', () => {
    const rows = [...totals].map(([kind, { files, refused, read, slowest }]) => {
      expect(refused).toBeGreaterThan(files / 10)
      return `${kind}: ${files} files, ${refused} refused, ${read} read, slowest ${(slowest * 1e3).toFixed(0)} ms`
    })
    process.stdout.write(`${rows.join('\n')}\n`)
    expect(rows).toHaveLength(3)
  })
})

interface Directory {
  at: number
  first: number
  big: boolean
  littleEndian: boolean
  entries: { tag: number; type: number; count: number; at: number }[]
}

/** Where the entries of a file's first directory stand; a plain reading of sound files, for damaging them. */
function firstDirectory(bytes: Uint8Array): Directory {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const littleEndian = bytes[0] === 0x49
  const big = view.getUint16(2, littleEndian) === 43
  const number = (at: number) =>
    big ? Number(view.getBigUint64(at, littleEndian)) : view.getUint32(at, littleEndian)
  const at = number(big ? 8 : 4)
  const first = at + (big ? 8 : 2)
  const entries = Array.from(
    { length: big ? number(at) : view.getUint16(at, littleEndian) },
    (_, i) => {
      const from = first + i * (big ? 20 : 12)
      const type = view.getUint16(from + 2, littleEndian)
      const count = number(from + 4)
      const value = from + (big ? 12 : 8)
      const inline = count * ([0, 1, 1, 2, 4, 8][type] ?? 8) <= (big ? 8 : 4)
      return {
        tag: view.getUint16(from, littleEndian),
        type,
        count,
        at: inline ? value : number(value),
      }
    },
  )
  return { at, first, big, littleEndian, entries }
}

describe('files that are no elevation', () => {
  it.each([
    ['empty', new Uint8Array(0)],
    ['two bytes', Uint8Array.of(0x49, 0x49)],
    ['text', new TextEncoder().encode('<html>not found</html>')],
    ['a directory that points at itself', circle()],
    ['a directory of 65535 entries', Uint8Array.of(0x49, 0x49, 42, 0, 8, 0, 0, 0, 255, 255, 0, 0)],
  ])('%s', async (_, bytes) => {
    await expect(readGrid(bytes, 'x.tif')).rejects.toMatchObject({ code: 'DEM_UNREADABLE' })
  })

  it.each(['S23W045.hgt', 'noname.hgt', 'S99W045.hgt'])(
    'a tile %s of three bytes',
    async (name) => {
      await expect(readGrid(new Uint8Array(3), name)).rejects.toMatchObject({
        code: 'DEM_UNREADABLE',
      })
    },
  )

  it.each([
    [1_201, 1_201],
    [3_601, 3_601],
    [1_801, 3_601],
  ])('reads a tile of %i × %i posts, its void and its corner', async (across, down) => {
    const bytes = new Uint8Array(2 * across * down)
    bytes.set([0, 1, 0, 2, 0x80, 0, 0xff, 0xff])
    const around = { west: -45, south: -22.001, east: -44.998, north: -22 }
    const grid = await readGrid(bytes, 'S23W045.hgt', around)
    expect([...grid.cells.subarray(0, 4)]).toEqual([1, 2, Number.NaN, -1])
    expect([grid.originX, grid.originY]).toEqual([-45, -22])
    expect([grid.cellSizeX, grid.cellSizeY]).toEqual([1 / (across - 1), 1 / (down - 1)])
    expect(grid.verticalDatum).toBe('EGM96')
    for (const size of [bytes.length - 2, bytes.length + 2, bytes.length >> 1]) {
      await expect(readGrid(new Uint8Array(size), 'S23W045.hgt')).rejects.toMatchObject({
        code: 'DEM_UNREADABLE',
      })
    }
  })
})

function circle(): Uint8Array {
  const bytes = new Uint8Array(26)
  bytes.set([0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0, 1, 4, 0, 1, 0, 0, 0, 5, 0, 0, 0, 8, 0, 0, 0])
  return bytes
}
