// Rows of the peer table for terrain: sampling against scipy and rasterio.sample, contours against gdal_contour's library and contourpy,
// GeoTIFF reads against GDAL and geotiff.js; in turn (A B A B), CPU time. Nothing is installed here: a missing peer is named in `missing`.
// The ground is made by numpy from a seed, so numpy is needed. Run alone: node test/bench/peers-terrain.ts
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fromArrayBuffer } from 'geotiff'
import { decodeDem, openDem } from '../../src/kernel/formats/dem.ts'
import { planWindow, readWindow } from '../../src/kernel/formats/dem-window.ts'
import { contourGrid, contourLines } from '../../src/kernel/geo/contour.ts'
import type { Grid } from '../../src/kernel/geo/grid.ts'
import { sampleGrids } from '../../src/kernel/geo/sample.ts'
import { nodeCodecs } from '../../src/workers/context.ts'
import { ROUGH_GROUND, SIDE } from './rough-ground.ts'

export interface TerrainRow {
  name: string
  ours: number
  peer: number
  /** How many times faster than the peer: the median of the pairs' ratios. */
  ratio: number
  unit: string
}

const POINTS = 1_000_000
const PAIRS = 5

/** Makes the files in the folder argv[1], then answers one line of CPU seconds for every name on stdin. */
const PYTHON = `
import sys, time, os
import rasterio
from osgeo import gdal, ogr
from scipy.ndimage import map_coordinates
gdal.UseExceptions()
folder = sys.argv[1]; m = ${POINTS}
${ROUGH_GROUND}
z.tofile(folder + '/dem.f32')
i16 = np.round(z).astype('i2')
for name in ('deflate', 'lzw'):
    with rasterio.open(folder + '/' + name + '.tif', 'w', driver='GTiff', height=n, width=n, count=1, dtype='int16', crs='EPSG:4326', nodata=-32768,
                       transform=rasterio.transform.from_origin(-44-.5/3600, -22+.5/3600, 1/3600, 1/3600), tiled=True, blockxsize=256, blockysize=256, compress=name, predictor=2) as d: d.write(i16, 1)
with rasterio.open(folder + '/float32.tif', 'w', driver='GTiff', height=n, width=n, count=1, dtype='float32', crs='EPSG:4326',
                   transform=rasterio.transform.from_origin(-44-.5/3600, -22+.5/3600, 1/3600, 1/3600), tiled=True, blockxsize=512, blockysize=512, compress='deflate', predictor=3) as d: d.write(z, 1)
u = rng.uniform(1, n-2, m); v = rng.uniform(1, n-2, m)
k = np.lexsort((u, np.floor(v))); u, v = u[k], v[k]
np.stack([u, n-1-v], axis=1).tofile(folder + '/points.f64')
source = gdal.GetDriverByName('MEM').Create('', n, n, 1, gdal.GDT_Float32); source.GetRasterBand(1).WriteArray(z)
raster = rasterio.open(folder + '/deflate.tif')
places = [raster.xy(b, a) for a, b in zip(u[:20000], v[:20000])]
try: import contourpy
except ImportError: contourpy = None
def contour(interval):
    store = ogr.GetDriverByName('Memory').CreateDataSource('m'); layer = store.CreateLayer('c')
    layer.CreateField(ogr.FieldDefn('ID', ogr.OFTInteger)); layer.CreateField(ogr.FieldDefn('elev', ogr.OFTReal))
    gdal.ContourGenerate(source.GetRasterBand(1), interval, 0, [], 0, 0, layer, 0, 1)
def lines():
    g = contourpy.contour_generator(z=z.astype('f8'), name='serial', line_type='ChunkCombinedOffset')
    for level in np.arange(0, 1800.1, 10): g.lines(level)
def read(name):
    gdal.SetCacheMax(64 << 20); gdal.Open(folder + '/' + name + '.tif').ReadAsArray()
work = {'scipy': lambda: map_coordinates(z, [v, u], order=1, output=np.float64, mode='nearest'), 'sample': lambda: [p[0] for p in raster.sample(places)],
  'contour10': lambda: contour(10), 'contourpy': lines, 'deflate': lambda: read('deflate'), 'lzw': lambda: read('lzw'), 'float32': lambda: read('float32')}
print('ready', contourpy is not None, flush=True)
for line in sys.stdin:
    start = time.process_time(); work[line.strip()](); print(time.process_time() - start, flush=True)
`

/** Every row; about two minutes. */
export async function terrainPeers(): Promise<{ rows: TerrainRow[]; missing: string[] }> {
  const rows: TerrainRow[] = []
  try {
    execFileSync('/usr/bin/python3', ['-c', 'import numpy, scipy, rasterio, osgeo.gdal'], {
      stdio: 'ignore',
    })
  } catch {
    return {
      rows,
      missing: ['python3-numpy, python3-scipy, python3-rasterio, python3-gdal (Debian)'],
    }
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-bench-'))
  const peer = startPeer(folder)
  try {
    const hasContourpy = (await peer.line()).includes('True')
    const missing = hasContourpy ? [] : ['python3-contourpy (Debian)']
    const grid = readGround(path.join(folder, 'dem.f32'))
    const points = readDoubles(path.join(folder, 'points.f64'))
    const heights = new Float64Array(POINTS)
    const add = async (
      name: string,
      unit: string,
      perSecond: number,
      ours: () => unknown,
      theirs: () => Promise<number>,
      options: { share?: number; pairs?: number; warmUp?: number } = {},
    ) => {
      const { share = 1, pairs = PAIRS, warmUp = 2 } = options
      for (let i = 0; i < warmUp; i++) await ours()
      if (warmUp > 0) await theirs()
      const mine: number[] = []
      const other: number[] = []
      for (let i = 0; i < pairs; i++) {
        mine.push(await cpuSeconds(ours))
        other.push((await theirs()) * share)
      }
      const ratio = median(mine.map((seconds, i) => other[i]! / seconds))
      rows.push({
        name,
        ours: median(mine) * perSecond,
        peer: median(other) * perSecond,
        ratio,
        unit,
      })
    }
    const sample = () => sampleGrids([grid], points, heights)
    const perPoint = 1e9 / POINTS
    await add('bilinear sample, sorted, against scipy', 'ns a point', perPoint, sample, () =>
      peer.run('scipy'),
    )
    const share = POINTS / 20_000
    await add(
      'bilinear sample against rasterio.sample (nearest)',
      'ns a point',
      perPoint,
      sample,
      () => peer.run('sample'),
      { share },
    )
    const contours = () => contourGrid(grid, { intervalMeters: 10 })
    const gdalContours = () => peer.run('contour10')
    await add('contours 10 m, kept whole, against GDAL', 'ms', 1e3, contours, gdalContours)
    const batches = () => contourLines(grid, { intervalMeters: 10 }, () => {})
    await add('contours 10 m, in batches, against GDAL', 'ms', 1e3, batches, gdalContours)
    if (hasContourpy) {
      await add(
        'contours 10 m against contourpy',
        'ms',
        1e3,
        contours,
        () => peer.run('contourpy'),
        { pairs: 2, warmUp: 0 },
      )
    }
    for (const name of ['deflate', 'lzw', 'float32']) {
      const bytes = readFileSync(path.join(folder, `${name}.tif`))
      const buffer = new Uint8Array(bytes).buffer
      const ours = () => readAll(bytes, name)
      await add(`read GeoTIFF ${name} against GDAL`, 'ms', 1e3, ours, () => peer.run(name))
      const geotiff = () =>
        cpuSeconds(async () => (await (await fromArrayBuffer(buffer)).getImage()).readRasters())
      await add(`read GeoTIFF ${name} against geotiff.js`, 'ms', 1e3, ours, geotiff, { warmUp: 1 })
    }
    return { rows, missing }
  } finally {
    peer.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function readAll(bytes: Uint8Array, name: string): Promise<Grid> {
  const reader = {
    size: bytes.length,
    async read(offset: number, target: Uint8Array) {
      target.set(bytes.subarray(offset, offset + target.length))
    },
  }
  const file = await openDem(reader, `${name}.tif`)
  const plan = planWindow(file, { west: -180, south: -90, east: 180, north: 90 })
  return decodeDem(await readWindow(reader, file, plan!), nodeCodecs)
}

function readDoubles(file: string): Float64Array {
  return new Float64Array(new Uint8Array(readFileSync(file)).buffer)
}

function readGround(file: string): Grid {
  const cells = new Float32Array(new Uint8Array(readFileSync(file)).buffer)
  const place = { originX: 0, originY: SIDE - 1, cellSizeX: 1, cellSizeY: 1, epsg: 31_983 }
  return { cells, width: SIDE, height: SIDE, ...place, verticalDatum: null, sources: ['bench'] }
}

async function cpuSeconds(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}

/** The peers in one process that waits for its turn. */
function startPeer(folder: string) {
  const child = spawn('/usr/bin/python3', ['-c', PYTHON, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 600_000,
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async () => {
    const next = await lines.next()
    if (next.done) throw new Error('the peer process ended')
    return next.value as string
  }
  return {
    line,
    async run(name: string) {
      child.stdin.write(`${name}\n`)
      return Number(await line())
    },
    close: () => child.stdin.end(),
  }
}

if (process.argv[1] === import.meta.filename) {
  const { rows, missing } = await terrainPeers()
  console.table(rows)
  for (const peer of missing) console.log(`missing: ${peer}`)
}
