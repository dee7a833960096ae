// Elevation files in memory for tests: a reader over bytes, Node's inflate as the workers lend it, and a writer of small GeoTIFFs.
import fs from 'node:fs'
import zlib from 'node:zlib'
import { decodeDem, openDem } from '../../src/kernel/formats/dem.ts'
import type { DemReader, DemStatement } from '../../src/kernel/formats/dem-file.ts'
import { demUnreadable } from '../../src/kernel/formats/dem-file.ts'
import { planWindow, readWindow } from '../../src/kernel/formats/dem-window.ts'
import type { Bbox } from '../../src/kernel/geo/bbox.ts'
import type { Grid } from '../../src/kernel/geo/grid.ts'

export const codecs = {
  inflate: (bytes: Uint8Array, expected: number): Uint8Array =>
    zlib.inflateSync(bytes, { maxOutputLength: expected }),
  zstd: (bytes: Uint8Array, expected: number): Uint8Array =>
    zlib.zstdDecompressSync(bytes, { maxOutputLength: expected }),
}

export function readerOf(bytes: Uint8Array): DemReader {
  return {
    size: bytes.length,
    async read(offset, target) {
      if (offset + target.length > bytes.length) throw demUnreadable('memory', 'it is cut short')
      target.set(bytes.subarray(offset, offset + target.length))
    },
  }
}

export const EVERYWHERE: Bbox = { west: -1e9, south: -1e9, east: 1e9, north: 1e9 }

/** Opens, plans, reads and decodes in one go. */
export async function readGrid(
  bytes: Uint8Array,
  name: string,
  bbox: Bbox = EVERYWHERE,
  statement: DemStatement = {},
): Promise<Grid> {
  const reader = readerOf(bytes)
  const file = await openDem(reader, name, statement)
  const plan = planWindow(file, bbox)
  if (plan === null) throw new Error(`${name} does not meet the box`)
  return decodeDem(await readWindow(reader, file, plan), codecs)
}

export function readGridFile(path: string, bbox?: Bbox, statement?: DemStatement): Promise<Grid> {
  return readGrid(fs.readFileSync(path), path.split('/').pop()!, bbox, statement)
}

/** A grid drawn as text: rows of numbers, `.` for a void. Cell size 1, first sample point at (0, rows - 1). */
export function drawGrid(text: string, cellSize = 1): Grid {
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  const values = rows.flat().map((word) => (word === '.' ? Number.NaN : Number(word)))
  return {
    cells: Float64Array.from(values),
    width: rows[0]!.length,
    height: rows.length,
    originX: 0,
    originY: (rows.length - 1) * cellSize,
    cellSizeX: cellSize,
    cellSizeY: cellSize,
    epsg: 31_983,
    verticalDatum: null,
    sources: ['drawn'],
  }
}

/** A grid of a function of column and row. */
export function gridOf(
  width: number,
  height: number,
  value: (column: number, row: number) => number,
  cellSize = 1,
): Grid {
  const cells = new Float64Array(width * height)
  for (let i = 0; i < cells.length; i++) cells[i] = value(i % width, Math.floor(i / width))
  return {
    cells,
    width,
    height,
    originX: 0,
    originY: (height - 1) * cellSize,
    cellSizeX: cellSize,
    cellSizeY: cellSize,
    epsg: 31_983,
    verticalDatum: null,
    sources: ['drawn'],
  }
}
