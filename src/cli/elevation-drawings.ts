// `sisrua elevation contours|mesh`: drawings of the terrain of a circle, from the local tiles.
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { AppError } from '../base/errors.ts'
import type { Inputs } from '../kernel/pipelines/pipeline.ts'
import { decimal, epsgCode } from './arguments.ts'
import { type ArtefactOptions, addArtefactOptions } from './artefacts.ts'
import type { CliContext } from './context.ts'
import { drawPipeline } from './draw.ts'
import { addDemOptions, type DemOptions } from './world.ts'

export function registerElevationDrawings(elevation: Command, context: CliContext): void {
  const contours = elevation
    .command('contours')
    .requiredOption('--lat <degrees>', 'latitude of the centre', decimal)
    .requiredOption('--lon <degrees>', 'longitude of the centre', decimal)
    .requiredOption('--radius <metres>', 'radius of the circle', decimal)
    .option('--interval <metres>', 'distance between contours', decimal, 10)
    .option('--crs <epsg>', 'coordinate system instead of the UTM zone of the place', epsgCode)
    .option('--smoothing <factor>', 'refine the surface 2 to 4 times for rounder lines', decimal)
    .option('--min-length <metres>', 'leave out shorter lines', decimal)
    .option('--fill-voids <cells>', 'fill voids this near to a height', decimal)
    .description('contours of a circle')
    .action((options: ContourOptions) => drawContours(options, context))
  addArtefactOptions(addDemOptions(contours))
  const mesh = elevation
    .command('mesh')
    .requiredOption('--lat <degrees>', 'latitude of the centre', decimal)
    .requiredOption('--lon <degrees>', 'longitude of the centre', decimal)
    .requiredOption('--radius <metres>', 'radius of the circle', decimal)
    .option('--max-error <metres>', 'largest distance between mesh and heights', decimal, 1)
    .option('--crs <epsg>', 'coordinate system instead of the UTM zone of the place', epsgCode)
    .option('--breaklines <file>', 'GeoJSON lines that become edges; - reads standard input')
    .option('--landxml [file]', 'LandXML 1.2 surface for Civil 3D (surface.landxml)')
    .description('terrain mesh of a circle: 3DFACE in the DXF, a surface in LandXML')
    .addHelpText(
      'before',
      'Example: sisrua elevation mesh --lat -22.9 --lon -43.2 --radius 500 --breaklines talude.geojson --landxml -o out\n',
    )
    .action((options: MeshOptions) => drawMesh(options, context))
  addArtefactOptions(addDemOptions(mesh))
}

interface ContourOptions extends ArtefactOptions, DemOptions {
  lat: number
  lon: number
  radius: number
  interval: number
  smoothing?: number
  minLength?: number
  fillVoids?: number
  crs?: number
}

async function drawContours(options: ContourOptions, context: CliContext): Promise<void> {
  const params = {
    latitude: options.lat,
    longitude: options.lon,
    radius: options.radius,
    intervalMeters: options.interval,
    ...(options.smoothing === undefined ? {} : { smoothing: options.smoothing }),
    ...(options.minLength === undefined ? {} : { minLengthMeters: options.minLength }),
    ...(options.fillVoids === undefined ? {} : { fillCells: options.fillVoids }),
    ...(options.crs === undefined ? {} : { crs: options.crs }),
  }
  await drawPipeline('contours@1', params, {}, options, context)
}

interface MeshOptions extends ArtefactOptions, DemOptions {
  lat: number
  lon: number
  radius: number
  maxError: number
  breaklines?: string
  crs?: number
}

async function drawMesh(options: MeshOptions, context: CliContext): Promise<void> {
  const params = {
    latitude: options.lat,
    longitude: options.lon,
    radius: options.radius,
    maxErrorMeters: options.maxError,
    ...(options.crs === undefined ? {} : { crs: options.crs }),
  }
  const given: Inputs =
    options.breaklines === undefined ? {} : { geojson: await readDocument(options.breaklines) }
  await drawPipeline('mesh@1', params, given, options, context)
}

async function readDocument(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file === '-' ? '/dev/stdin' : file)
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'damaged'
    throw new AppError(
      'FILE_UNREADABLE',
      `${file} cannot be read (${reason}); check that it exists and may be read.`,
      { cause },
    )
  }
}
