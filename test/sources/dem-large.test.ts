// A sparse raster of 40 000 × 40 000 cells (3 GB of pixels) is opened and cut in a process of its own that grows by less than 100 MiB.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { describeWithJudge } from '../support/judge.ts'

const LIBRARY = path.resolve(import.meta.dirname, '../../src/sources/dem-library.ts')

/** Prints the growth of the resident set in MiB, the windows' sizes and the files listed. `hold` megabytes are kept to try the scale. */
const SCRIPT = `
const { createDemLibrary } = await import(process.argv[1])
globalThis.gc()
const before = process.memoryUsage.rss()
const library = createDemLibrary({ folder: process.argv[2] })
const windows = await library.windows({ west: -44.01, south: -19.91, east: -43.99, north: -19.89 })
const held = Buffer.alloc(Number(process.argv[3]) * 1048576, 1)
const grown = (process.memoryUsage.rss() - before) / 1048576
const { files } = await library.coverage()
console.log(JSON.stringify({ grown, files: files.length, held: held.length, windows: windows.map(({ width, height }) => [width, height]) }))
`

describeWithJudge('gdal_create', ['gdal_create', '--version'], 'a raster of 40 000²', () => {
  it('opens and is cut within 100 MiB, and the scale shows more when more is held', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua-large-'))
    try {
      execFileSync('gdal_create', [
        ...['-of', 'GTiff', '-ot', 'Int16', '-outsize', '40000', '40000', '-bands', '1'],
        ...['-a_srs', 'EPSG:31983', '-a_ullr', '400000', '8000000', '800000', '7600000'],
        ...['-a_nodata', '-32768', '-co', 'TILED=YES', '-co', 'COMPRESS=DEFLATE'],
        ...['-co', 'SPARSE_OK=TRUE', path.join(folder, 'large.tif')],
      ])
      const measure = (hold: number) =>
        JSON.parse(
          execFileSync(
            process.execPath,
            ['--expose-gc', '--input-type=module', '-e', SCRIPT, LIBRARY, folder, String(hold)],
            { encoding: 'utf8', timeout: 60_000 },
          ),
        )
      const { grown, files, windows } = measure(0)
      expect(files).toBe(1)
      expect(windows).toHaveLength(1)
      expect(windows[0][0]).toBeLessThan(400)
      expect(grown).toBeLessThan(100)
      expect(measure(120).grown).toBeGreaterThan(110)
    } finally {
      fs.rmSync(folder, { recursive: true, force: true })
    }
  })
})
