// Elevation files written by GDAL here and now, read by both: bands, south-up rows, overviews, odd shapes, nodata, coordinate systems by
// parameters; and bicubic heights against GDAL's cubic resampling.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { decodeDem, openDem } from '../../../src/kernel/formats/dem.ts'
import type { DemStatement } from '../../../src/kernel/formats/dem-file.ts'
import { planWindow, readWindow } from '../../../src/kernel/formats/dem-window.ts'
import type { Grid } from '../../../src/kernel/geo/grid.ts'
import { sampleGrids } from '../../../src/kernel/geo/sample.ts'
import { codecs, EVERYWHERE, readerOf, readGridFile } from '../../support/dem-files.ts'
import { describeWithJudge } from '../../support/judge.ts'

/** Writes the files into argv[1], and beside each `NAME.tif` what GDAL reads from it: `NAME.f64`, north row first, nodata as NaN. */
const SCRIPT = `
import sys, os, numpy as np
from osgeo import gdal, osr
gdal.UseExceptions()
folder = sys.argv[1]
def srs(text):
    s = osr.SpatialReference(); s.SetFromUserInput(text); return s.ExportToWkt()
rng = np.random.default_rng(11)
def ground(h, w): return (rng.normal(size=(h, w)).cumsum(0).cumsum(1) * 3 + 700).astype('f4')
def make(name, bands, kind=gdal.GDT_Float32, transform=(600000, 30, 0, 7400000, 0, -30), crs='EPSG:31983', nodata=None, options=(), scale=None):
    h, w = bands[0].shape
    out = gdal.GetDriverByName('GTiff').Create(os.path.join(folder, name + '.tif'), w, h, len(bands), kind, options=list(options))
    out.SetGeoTransform(transform); out.SetProjection(srs(crs))
    for i, z in enumerate(bands):
        b = out.GetRasterBand(i + 1)
        if nodata is not None: b.SetNoDataValue(nodata)
        if scale: b.SetScale(scale[0]); b.SetOffset(scale[1])
        b.WriteArray(z)
    return out
def truth(name, z): np.asarray(z, 'f8').tofile(os.path.join(folder, name + '.f64'))
def read(name, band=1, overview=None):
    d = gdal.Open(os.path.join(folder, name + '.tif')); b = d.GetRasterBand(band)
    if overview is not None: b = b.GetOverview(overview)
    return b.ReadAsArray().astype('f8')
z = ground(70, 90)
make('plain', [z]); truth('plain', read('plain'))
shifted = gdal.Warp('', os.path.join(folder, 'plain.tif'), format='MEM', resampleAlg='cubic', errorThreshold=0, outputType=gdal.GDT_Float64,
  outputBounds=(600000 + 30*10 + 9, 7400000 - 30*60 - 12, 600000 + 30*80 + 9, 7400000 - 30*10 - 12), xRes=30, yRes=30)
truth('cubic', shifted.ReadAsArray())
make('southup', [z], transform=(600000, 30, 0, 7300000, 0, 30)); truth('southup', read('southup')[::-1])
make('southup_tiled', [np.round(z).astype('i2')], gdal.GDT_Int16, (600000, 30, 0, 7300000, 0, 30), options=['TILED=YES', 'BLOCKXSIZE=32', 'BLOCKYSIZE=16', 'COMPRESS=DEFLATE', 'PREDICTOR=2'])
truth('southup_tiled', read('southup_tiled')[::-1])
three = [z, z * 2 + 1, z * -3]
for interleave in ('PIXEL', 'BAND'):
    for packing in ('NONE', 'LZW'):
        name = 'bands_%s_%s' % (interleave, packing)
        make(name, three, options=['INTERLEAVE=' + interleave, 'COMPRESS=' + packing])
        for band in (1, 2, 3): truth('%s_%d' % (name, band), read(name, band))
many = make('overviews', [np.round(ground(640, 512)).astype('i2')], gdal.GDT_Int16, nodata=-32768, options=['TILED=YES', 'BLOCKXSIZE=64', 'BLOCKYSIZE=64', 'COMPRESS=DEFLATE', 'PREDICTOR=2'])
many.BuildOverviews('AVERAGE', [2, 4, 8]); del many
truth('overviews', read('overviews'))
for k in range(3): truth('overviews_%d' % k, read('overviews', 1, k))
make('one', [np.array([[321.5]], 'f4')]); truth('one', read('one'))
make('nothing', [np.full((7, 9), -9999, 'f4')], nodata=-9999); truth('nothing', np.full((7, 9), np.nan))
holes = z.copy(); holes[3:6, 4:9] = np.nan
make('nan', [holes], nodata=float('nan'), options=['COMPRESS=ZSTD', 'PREDICTOR=3']); truth('nan', holes)
make('scaled', [np.round(z).astype('i2')], gdal.GDT_Int16, nodata=-32768, scale=(0.25, 12.5), options=['COMPRESS=DEFLATE', 'PREDICTOR=2'])
truth('scaled', read('scaled') * 0.25 + 12.5)
make('scaled_u16', [np.round(z + 9000).astype('u2')], gdal.GDT_UInt16, nodata=65535, scale=(0.5, -4500), options=['COMPRESS=LZW', 'PREDICTOR=2'])
truth('scaled_u16', read('scaled_u16') * 0.5 - 4500)
large = np.round(ground(310, 290))
large[5:9, 100:140] = -32768
for name, options in (('large_be', ['ENDIANNESS=BIG']), ('large_plain', []), ('large_tiled', ['TILED=YES', 'COMPRESS=LZW', 'PREDICTOR=2', 'ENDIANNESS=BIG'])):
    make(name, [large.astype('i2')], gdal.GDT_Int16, nodata=-32768, options=options, transform=(600000, 30, 0, 7300000, 0, 30 if name == 'large_plain' else -30))
    z16 = read(name); z16[z16 == -32768] = np.nan
    truth(name, z16[::-1] if name == 'large_plain' else z16)
make('large_u16', [(large + 33000).clip(0, 65535).astype('u2')], gdal.GDT_UInt16, nodata=232, scale=(0.5, -100), options=['COMPRESS=ZSTD'])
zu = read('large_u16'); zu[zu == 232] = np.nan; truth('large_u16', zu * 0.5 - 100)
make('large_f32', [ground(310, 290)], options=['TILED=YES', 'COMPRESS=DEFLATE', 'PREDICTOR=3']); truth('large_f32', read('large_f32'))
make('large_f64', [ground(310, 290)], gdal.GDT_Float64, options=['COMPRESS=LZW', 'PREDICTOR=3']); truth('large_f64', read('large_f64'))
make('bands_f32', [z, z + 1], options=['COMPRESS=DEFLATE', 'PREDICTOR=3', 'INTERLEAVE=PIXEL']); truth('bands_f32', read('bands_f32'))
for kind, code, values in (('i16', gdal.GDT_Int16, 'i2'), ('u16', gdal.GDT_UInt16, 'u2'), ('f32', gdal.GDT_Float32, 'f4'), ('f64', gdal.GDT_Float64, 'f8')):
    for packing in ('LERC', 'LERC_ZSTD', 'LERC_DEFLATE'):
        name = 'big_endian_%s_%s' % (packing, kind)
        make(name, [np.round(z).astype(values)], code, options=['ENDIANNESS=BIG', 'COMPRESS=' + packing, 'MAX_Z_ERROR=0', 'TILED=YES', 'BLOCKXSIZE=48', 'BLOCKYSIZE=16'])
        truth(name, read(name))
odd = ['TILED=YES', 'BLOCKXSIZE=48', 'BLOCKYSIZE=80', 'BIGTIFF=YES', 'COMPRESS=ZSTD', 'PREDICTOR=3']
make('odd_blocks', [ground(203, 157)], options=odd); truth('odd_blocks', read('odd_blocks'))
for compress in ('DEFLATE', 'LERC_ZSTD', 'LZW'):
    name = 'cog_' + compress
    gdal.Translate(os.path.join(folder, name + '.tif'), os.path.join(folder, 'overviews.tif'), format='COG', creationOptions=['COMPRESS=' + compress, 'BLOCKSIZE=128', 'PREDICTOR=YES' if 'LERC' not in compress else 'MAX_Z_ERROR=0'])
    truth(name, read(name)); truth(name + '_0', read(name, 1, 0))
for unit in ('ft', 'US survey foot', 'm'):
    out = make('unit_' + unit.replace(' ', '_'), [z], scale=(2, 10)); out.GetRasterBand(1).SetUnitType(unit); del out
gdal.SetConfigOption('GDAL_TIFF_INTERNAL_MASK', 'YES')
out = make('masked', [z]); out.CreateMaskBand(gdal.GMF_PER_DATASET)
m = np.full(z.shape, 255, 'u1'); m[3:9, 4:7] = 0; out.GetRasterBand(1).GetMaskBand().WriteArray(m); del out
utm = 'PROJCS["%s",GEOGCS["%s",DATUM["%s",SPHEROID["%s",%s]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",%d],PARAMETER["scale_factor",%s],PARAMETER["false_easting",500000],PARAMETER["false_northing",%d],UNIT["metre",1]]'
sirgas = ('SIRGAS 2000', 'Sistema_de_Referencia_Geocentrico_para_America_del_Sur_2000', 'GRS 1980', '6378137,298.257222101')
small = [z[:4, :5]]
place = (600000, 30, 0, 7400000, 0, -30)
make('crs_sirgas_23s', small, crs=utm % (('mine',) + sirgas + (-45, '0.9996', 10000000)))
make('crs_sirgas_22n', small, crs=utm % (('mine',) + sirgas + (-51, '0.9996', 0)))
make('crs_wgs84_24s', small, crs=utm % ('mine', 'WGS 84', 'WGS_1984', 'WGS 84', '6378137,298.257223563', -39, '0.9996', 10000000))
make('crs_sad69_22s', small, crs=utm % ('mine', 'SAD69', 'South_American_Datum_1969', 'GRS 1967 Modified', '6378160,298.25', -51, '0.9996', 10000000))
make('crs_esri_23s', small, crs='PROJCS["SIRGAS_2000_UTM_Zone_23S",GEOGCS["GCS_SIRGAS_2000",DATUM["D_SIRGAS_2000",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",10000000.0],PARAMETER["Central_Meridian",-45.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]')
make('refused_ellipsoid', small, crs='+proj=utm +zone=23 +south +ellps=GRS80 +units=m')
make('refused_scale', small, crs=utm % (('mine',) + sirgas + (-45, '0.9999', 10000000)))
make('refused_meridian', small, crs=utm % (('mine',) + sirgas + (-46, '0.9996', 10000000)))
make('refused_laea', small, crs='+proj=laea +lat_0=-15 +lon_0=-54 +datum=WGS84')
`

describeWithJudge(
  'python3-gdal',
  ['/usr/bin/python3', '-c', 'import osgeo.gdal, numpy'],
  'elevation files of GDAL',
  () => {
    let folder: string
    beforeAll(() => {
      folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua-gdal-'))
      execFileSync('/usr/bin/python3', ['-c', SCRIPT, folder], { timeout: 120_000 })
    }, 120_000)
    afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

    const truth = (name: string) => {
      const bytes = fs.readFileSync(path.join(folder, `${name}.f64`))
      return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8)
    }
    const read = (name: string, statement?: DemStatement) =>
      readGridFile(path.join(folder, `${name}.tif`), EVERYWHERE, statement)

    it.each([
      'plain',
      'southup',
      'southup_tiled',
      'overviews',
      'one',
      'nothing',
      'nan',
      'scaled',
      'scaled_u16',
      'large_be',
      'large_plain',
      'large_tiled',
      'large_u16',
      'large_f32',
      'large_f64',
      'bands_f32',
    ])('%s: every pixel', async (name) => {
      const { cells } = await read(name)
      expect([...cells]).toEqual([...truth(name)])
    })

    it.each(
      ['i16', 'u16', 'f32', 'f64'].flatMap((kind) =>
        ['LERC', 'LERC_ZSTD', 'LERC_DEFLATE'].map((packing) => `big_endian_${packing}_${kind}`),
      ),
    )('%s: every pixel', async (name) => {
      expect([...(await read(name)).cells]).toEqual([...truth(name)])
    })

    it('blocks of odd sizes in a BigTIFF: every pixel', async () => {
      expect([...(await read('odd_blocks')).cells]).toEqual([...truth('odd_blocks')])
    })

    it.each(['DEFLATE', 'LERC_ZSTD', 'LZW'])(
      'cloud-optimised with %s: the image and its overview',
      async (compress) => {
        const name = `cog_${compress}`
        expect([...(await read(name)).cells]).toEqual([...truth(name)])
        const reader = readerOf(fs.readFileSync(path.join(folder, `${name}.tif`)))
        const file = await openDem(reader, name)
        const window = await readWindow(reader, file, planWindow(file, EVERYWHERE, 60)!)
        expect([...(await decodeDem(window, codecs)).cells]).toEqual([...truth(`${name}_0`)])
      },
    )

    it.each([
      ['unit_m', 1],
      ['unit_ft', 0.3048],
      ['unit_US_survey_foot', 1200 / 3937],
    ])('%s: heights become metres', async (name, meters) => {
      const { cells } = await read(name)
      const plain = truth('plain')
      for (let i = 0; i < plain.length; i++) {
        expect(cells[i]).toBeCloseTo((plain[i]! * 2 + 10) * meters, 9)
      }
    })

    it('a mask of valid pixels is refused, since heights under it would be taken for true', async () => {
      await expect(read('masked')).rejects.toMatchObject({
        code: 'DEM_UNREADABLE',
        message: expect.stringContaining('-dstnodata'),
      })
    })

    it('south-up rows are where GDAL has them', async () => {
      const north = await read('plain')
      const south = await read('southup')
      expect([north.originX, north.originY]).toEqual([600_015, 7_399_985])
      // 70 rows of 30 m up from 7 300 000; the first sample point of the grid is the northernmost.
      expect([south.originX, south.originY]).toEqual([600_015, 7_300_000 + 70 * 30 - 15])
    })

    it('a window of a south-up raster is the same cut of the whole', async () => {
      const whole = await read('southup_tiled')
      const bbox = { west: 600_400, east: 601_500, south: 7_300_500, north: 7_301_300 }
      const part = await readGridFile(path.join(folder, 'southup_tiled.tif'), bbox)
      expect(part.height).toBeLessThan(40)
      expect([...part.cells]).toEqual([...cutOf(whole, part)])
    })

    it.each(['bands_PIXEL_NONE', 'bands_PIXEL_LZW', 'bands_BAND_NONE', 'bands_BAND_LZW'])(
      '%s: the band that is asked for, the first when none is',
      async (name) => {
        for (const band of [0, 1, 2]) {
          const { cells } = await read(name, { band })
          expect([...cells]).toEqual([...truth(`${name}_${band + 1}`)])
        }
        expect([...(await read(name)).cells]).toEqual([...truth(`${name}_1`)])
        await expect(read(name, { band: 3 })).rejects.toMatchObject({
          code: 'DEM_UNREADABLE',
          message: expect.stringContaining('no band 4'),
        })
      },
    )

    it.each([
      [0, 'overviews', 30],
      [59, 'overviews', 30],
      [60, 'overviews_0', 60],
      [130, 'overviews_1', 120],
      [10_000, 'overviews_2', 240],
    ])('a cell size of %i m reads %s', async (asked, name, cellSize) => {
      const reader = readerOf(fs.readFileSync(path.join(folder, 'overviews.tif')))
      const file = await openDem(reader, 'overviews.tif')
      const plan = planWindow(file, EVERYWHERE, asked)!
      const window = await readWindow(reader, file, plan)
      const { cells, cellSizeX, originX } = await decodeDem(window, codecs)
      expect([...cells]).toEqual([...truth(name)])
      expect(cellSizeX).toBe(cellSize)
      expect(originX).toBe(600_000 + cellSizeX / 2)
    })

    it('bicubic is GDAL’s cubic: cubic convolution with a = -0.5', async () => {
      const grid = await read('plain')
      const want = truth('cubic')
      const places = new Float64Array(2 * want.length)
      const width = 70
      for (let i = 0; i < want.length; i++) {
        places[2 * i] = 600_000 + 30 * 10 + 9 + 30 * ((i % width) + 0.5)
        places[2 * i + 1] = 7_400_000 - 30 * 10 - 12 - 30 * (Math.floor(i / width) + 0.5)
      }
      const worst = (method: 'bicubic' | 'bilinear') => {
        const heights = new Float64Array(want.length)
        sampleGrids([grid], places, heights, method)
        return want.reduce((most, z, i) => Math.max(most, Math.abs(z - heights[i]!)), 0)
      }
      expect(want.length).toBe(3_500)
      expect(worst('bicubic')).toBeLessThan(1e-3)
      expect(worst('bilinear')).toBeGreaterThan(0.1)
    })

    it.each([
      ['crs_sirgas_23s', 31_983],
      ['crs_sirgas_22n', 31_976],
      ['crs_wgs84_24s', 32_724],
      ['crs_sad69_22s', 29_192],
      ['crs_esri_23s', 31_983],
    ])('%s is told by its parameters: EPSG:%i', async (name, epsg) => {
      expect((await read(name)).epsg).toBe(epsg)
    })

    it.each(['refused_ellipsoid', 'refused_scale', 'refused_meridian', 'refused_laea'])(
      '%s is not guessed, and is read once a person has said it',
      async (name) => {
        await expect(read(name)).rejects.toMatchObject({
          code: 'DEM_UNREADABLE',
          message: expect.stringContaining('parameters'),
        })
        expect((await read(name, { epsg: 31_983 })).epsg).toBe(31_983)
      },
    )
  },
)

/** The part of a grid that lies where another one does. */
function cutOf(whole: Grid, part: Grid): number[] {
  const column = Math.round((part.originX - whole.originX) / whole.cellSizeX)
  const row = Math.round((whole.originY - part.originY) / whole.cellSizeY)
  return Array.from(part.cells, (_, i) => {
    const at = (row + Math.floor(i / part.width)) * whole.width + column + (i % part.width)
    return whole.cells[at]!
  })
}
