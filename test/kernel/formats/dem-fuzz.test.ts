// A thousand damaged elevation files: each gives an error code or a grid of the stated size, none hangs, none crashes.
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
  const damage = (whole: Uint8Array): Uint8Array => {
    let bytes = new Uint8Array(whole)
    const flips = 1 + random(8)
    for (let i = 0; i < flips; i++) {
      const near = random(3) > 0
      bytes[random(near ? Math.min(1_000, bytes.length) : bytes.length)] = random(256)
    }
    if (random(5) === 0) bytes = bytes.slice(0, random(bytes.length))
    return bytes
  }

  for (const name of FILES) {
    it(`${name}: ${MUTATIONS} mutations, seed ${SEED}`, async () => {
      const whole = fs.readFileSync(path.join(folder, `pyrenees_i16_${name}.tif`))
      let refused = 0
      let slowest = 0
      for (let i = 0; i < MUTATIONS; i++) {
        const bytes = damage(whole)
        const start = process.cpuUsage()
        try {
          const grid = await readGrid(bytes, 'fuzz.tif')
          expect(grid.cells.length).toBe(grid.width * grid.height)
        } catch (error) {
          const meets = error instanceof Error && error.message.includes('does not meet')
          if (!meets) {
            expect(error).toBeInstanceOf(AppError)
            expect((error as AppError).code).toBe('DEM_UNREADABLE')
          }
          refused++
        }
        const { user, system } = process.cpuUsage(start)
        slowest = Math.max(slowest, (user + system) / 1e6)
      }
      expect(refused).toBeGreaterThan(0)
      expect(slowest).toBeLessThan(1)
    })
  }
})

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

  it('reads a tile of 2 × 2 posts, its void and its corner', async () => {
    const grid = await readGrid(Uint8Array.of(0, 1, 0, 2, 0x80, 0, 0, 4), 'S23W045.hgt')
    expect([...grid.cells]).toEqual([1, 2, Number.NaN, 4])
    expect([grid.originX, grid.originY, grid.cellSizeX]).toEqual([-45, -22, 1])
    expect(grid.verticalDatum).toBe('EGM96')
  })
})

function circle(): Uint8Array {
  const bytes = new Uint8Array(26)
  bytes.set([0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0, 1, 4, 0, 1, 0, 0, 0, 5, 0, 0, 0, 8, 0, 0, 0])
  return bytes
}
