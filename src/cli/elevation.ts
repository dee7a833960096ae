// `sisrua elevation`: heights of a place and along a line, from the local tiles. No server, no network.
import { type Command, Option } from 'commander'
import { AppError } from '../base/errors.ts'
import type { DemWindow } from '../kernel/formats/dem.ts'
import type { Bbox } from '../kernel/geo/bbox.ts'
import type { SampleMethod } from '../kernel/geo/sample.ts'
import { elevationPointBbox } from '../kernel/pipelines/elevation-point.v1.ts'
import { elevationProfileBbox } from '../kernel/pipelines/elevation-profile.v1.ts'
import { createInlineCompute } from '../workers/inline.ts'
import { decimal } from './arguments.ts'
import type { CliContext } from './context.ts'
import { registerElevationDrawings } from './elevation-drawings.ts'
import { addDemOptions, type DemOptions, openWorld } from './world.ts'

interface PlaceOptions extends DemOptions {
  lat: number
  lon: number
  method: SampleMethod
}

const METHODS: readonly SampleMethod[] = ['nearest', 'bilinear', 'bicubic']

function methodOption(): Option {
  return new Option('--method <name>', 'how heights between the posts are found')
    .choices(METHODS)
    .default('bilinear')
}

export function registerElevation(program: Command, context: CliContext): void {
  const elevation = program.command('elevation').description('heights from local tiles')
  const place = elevation
    .command('query')
    .requiredOption('--lat <degrees>', 'latitude', decimal)
    .requiredOption('--lon <degrees>', 'longitude', decimal)
    .addOption(methodOption())
    .option('--json', 'one JSON document')
    .description('height of one place')
    .addHelpText('before', 'Example: sisrua elevation query --lat -21.7634 --lon -41.3235\n')
    .action((options: PlaceOptions) => query(options, context))
  addDemOptions(place)
  const line = elevation
    .command('profile')
    .requiredOption('--path <places>', 'lat,lon pairs separated by spaces', places)
    .option('--step <metres>', 'distance between points; the cell size when absent', decimal)
    .addOption(methodOption())
    .option('--json', 'one JSON document')
    .description('heights, chainage and slope along a line')
    .addHelpText(
      'before',
      'Example: sisrua elevation profile --path "-21.763,-41.323 -21.770,-41.330"\n',
    )
    .action((options: ProfileOptions) => profile(options, context))
  addDemOptions(line)
  registerElevationDrawings(elevation, context)
}

async function query(options: PlaceOptions, context: CliContext): Promise<void> {
  const { terminal } = context
  const { lat, lon } = options
  const dem = await windowsOf(elevationPointBbox(lon, lat), options, context)
  const found = await createInlineCompute().run('elevationPoint', {
    latitude: lat,
    longitude: lon,
    method: options.method,
    dem,
  })
  if (found.elevation === null) {
    throw new AppError(
      'DEM_NOT_COVERED',
      'The elevation files have no height at this place (a void).',
    )
  }
  await terminal.result(
    terminal.json
      ? `${JSON.stringify({ elevation: found.elevation, latitude: lat, longitude: lon, method: found.method, source: found.source, vertical_datum: found.verticalDatum })}\n`
      : `${found.elevation.toFixed(2)} m (${found.verticalDatum ?? 'vertical datum not stated'})\n`,
  )
}

interface ProfileOptions extends DemOptions {
  path: Float64Array
  step?: number
  method: SampleMethod
}

async function profile(options: ProfileOptions, context: CliContext): Promise<void> {
  const { terminal } = context
  const dem = await windowsOf(elevationProfileBbox(options.path), options, context)
  const found = await createInlineCompute().run('elevationProfile', {
    path: options.path,
    ...(options.step === undefined ? {} : { stepMeters: options.step }),
    method: options.method,
    dem,
  })
  if (terminal.json) {
    await terminal.result(`${JSON.stringify(found)}\n`)
    return
  }
  const lines = found.profile.map(({ chainageMeters, elevation }) => {
    return `${chainageMeters.toFixed(1)}\t${elevation === null ? '' : elevation.toFixed(2)}\n`
  })
  await terminal.result(lines.join(''))
}

async function windowsOf(
  bbox: Bbox,
  options: DemOptions,
  { config, terminal }: CliContext,
): Promise<DemWindow[]> {
  const { dem } = openWorld(config, options)
  const windows = await dem.windows(bbox, { signal: terminal.signal })
  if (windows.length === 0) throw await dem.notCovered(terminal.signal)
  return windows
}

/** `lat,lon lat,lon …` as interleaved lon, lat. */
function places(text: string): Float64Array {
  const pairs = text
    .trim()
    .split(/[\s;]+/)
    .map((pair) => pair.split(',').map(Number))
  if (pairs.some((pair) => pair.length !== 2 || !pair.every(Number.isFinite))) {
    throw new AppError('PARAMS_INVALID', 'Write the line as "lat,lon lat,lon …".')
  }
  return Float64Array.from(pairs.flatMap(([lat, lon]) => [lon!, lat!]))
}
