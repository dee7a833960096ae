// 79 encodings of three windows, written by GDAL: every one must give the pixels of its base.
import fs from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { readGridFile } from '../../support/dem-files.ts'
import { describeWithSharedData, sharedData } from '../../support/shared-data.ts'

interface Variant {
  file: string
  width: number
  height: number
  epsg: string
  geotransform: number[]
  same_pixels_as_base: boolean
  max_abs_error?: number
}
interface Manifest {
  width: number
  height: number
  nodata: number
  files: Variant[]
}

/** In this one file the writer turned 283 voids into another number than the nodata it states. */
const GDAL_WROTE_VOIDS_AS_0 = 283

describeWithSharedData('GeoTIFF variants', () => {
  const folder = sharedData('dem/variants') ?? ''
  for (const base of ['pyrenees_i16', 'nz_f32', 'poa_f32']) {
    if (folder === '') continue
    const manifest: Manifest = JSON.parse(
      fs.readFileSync(path.join(folder, `${base}_manifest.json`), 'utf8'),
    )
    const raw = fs.readFileSync(path.join(folder, `${base}_base.raw`))
    const buffer = raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length)
    const truth = base.endsWith('i16') ? new Int16Array(buffer) : new Float32Array(buffer)
    for (const variant of manifest.files) {
      it(`${variant.file} ${variant.same_pixels_as_base ? 'equals its base' : 'is read'}`, async () => {
        const file = path.join(folder, variant.file)
        if (variant.file.includes('lzma')) {
          await expect(readGridFile(file)).rejects.toMatchObject({
            code: 'DEM_UNREADABLE',
            message: expect.stringContaining('LZMA'),
          })
          return
        }
        const grid = await readGridFile(file)
        expect([grid.width, grid.height]).toEqual([variant.width, variant.height])
        const [left, stepX, , top, , stepY] = variant.geotransform as [
          number,
          number,
          number,
          number,
          number,
          number,
        ]
        expect(grid.originX).toBeCloseTo(left + stepX / 2, 9)
        expect(grid.originY).toBeCloseTo(top + stepY / 2, 9)
        // Raw pixel to height as the variant's own metadata says (gdalinfo: scale 0.1, offset -50; "plus1000" files hold height + 1000).
        const scaled = variant.file.includes('scale_offset')
        const plus = variant.file.includes('plus1000') ? 1_000 : 0
        const height = (value: number) => (scaled ? value * 0.1 - 50 : value + plus)
        let worst = 0
        let voids = 0
        for (let i = 0; i < truth.length; i++) {
          const want = truth[i]!
          const got = grid.cells[i]!
          const column = i % manifest.width
          const row = Math.floor(i / manifest.width)
          const stored = !variant.file.includes('sparse') || (column < 64 && row < 64)
          const none = !stored || Number.isNaN(want) || Math.abs(want - manifest.nodata) < 1
          if (none !== Number.isNaN(got)) voids++
          else if (!none) worst = Math.max(worst, Math.abs(got - height(want)))
        }
        const rounded = /int32|uint16|lossy/.test(variant.file) && base !== 'pyrenees_i16'
        const allowed = rounded ? 0.5 : 0
        expect(worst).toBeLessThanOrEqual(allowed)
        expect(voids).toBe(variant.file === 'poa_f32_int32_deflate.tif' ? GDAL_WROTE_VOIDS_AS_0 : 0)
      })
    }
  }
})
