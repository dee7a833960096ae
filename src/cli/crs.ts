// `sisrua crs`: which system a place belongs to, what a text of coordinates means, and transformation of a list of points.
import type { Command } from 'commander'
import { AppError } from '../base/errors.ts'
import { parseCoordinates } from '../kernel/geo/coordinates-text.ts'
import { allCrs, crsOf } from '../kernel/geo/crs.ts'
import { createProjector } from '../kernel/geo/projector.ts'
import { chooseCrs, gridFactors, zoneReport } from '../kernel/geo/zone.ts'
import { registerCrsTransform } from './crs-transform.ts'

/** Adds the noun `crs` with its verbs to the program. */
export function registerCrs(program: Command): void {
  const crs = program
    .command('crs')
    .description('coordinate systems: list, detect, parse, transform')
  crs
    .command('list')
    .argument('[words...]', 'show only systems whose code or name holds these words')
    .option('--json', 'one JSON document')
    .description('the coordinate systems of the table')
    .action((words: string[], options: { json?: true }) => list(words, options))
  crs
    .command('detect')
    .argument('<lat>', 'latitude in degrees')
    .argument('<lon>', 'longitude in degrees')
    .option('--height <metres>', 'height above the ellipsoid, for the combined factor')
    .option('--json', 'one JSON document')
    // A southern latitude looks like an option to commander; what it does not know it hands on as an argument.
    .allowUnknownOption()
    .description('the UTM system of a place, its scale and convergence')
    .addHelpText('before', 'Example: sisrua crs detect -21.7634 -41.3235\n')
    .action((lat: string, lon: string, options: { height?: string; json?: true }) =>
      detect(lat, lon, options),
    )
  crs
    .command('parse')
    .argument('<text...>', 'coordinates as people write them')
    .option('--zone <zone>', 'UTM zone, when the text names none')
    .option('--hemisphere <N|S>', 'hemisphere, when the text names none')
    .option('--json', 'one JSON document')
    .allowUnknownOption()
    .description('reads decimal degrees (latitude first), degrees-minutes-seconds or UTM')
    .addHelpText('before', 'Example: sisrua crs parse "23K 788547 7634925"\n')
    .action((text: string[], options: ParseOptions) => parse(text.join(' '), options))
  registerCrsTransform(crs)
}

function list(words: string[], options: { json?: true }): void {
  const wanted = words.map((word) => word.toLowerCase())
  const found = allCrs().filter((crs) => {
    const text = `epsg:${crs.epsg} ${crs.name}`.toLowerCase()
    return wanted.every((word) => text.includes(word))
  })
  if (options.json) {
    print(found.map(({ area, datum, epsg, kind, name }) => ({ area, datum, epsg, kind, name })))
    return
  }
  process.stdout.write(found.map((crs) => `${crs.epsg}\t${crs.name}\n`).join(''))
}

function detect(latText: string, lonText: string, options: { height?: string; json?: true }): void {
  const lat = number(latText, 'The latitude')
  const lon = number(lonText, 'The longitude')
  const height = options.height === undefined ? null : number(options.height, 'The height')
  const chosen = chooseCrs(lon, lat)
  const place = { west: lon, south: lat, east: lon, north: lat }
  const [easting, northing] = createProjector(chosen.epsg).forward(Float64Array.of(lon, lat))
  const factors = gridFactors(lon, lat, chosen.epsg, height ?? 0)
  const answer = {
    ...(height === null ? {} : { combined_factor: factors.combined }),
    convergence_degrees: zoneReport(place, chosen.epsg).convergenceDegrees,
    easting: round(easting!, 4),
    epsg: chosen.epsg,
    hemisphere: chosen.hemisphere,
    lat,
    lon,
    name: crsOf(chosen.epsg).name,
    northing: round(northing!, 4),
    scale: factors.scale,
    system: chosen.system,
    zone: chosen.zone,
  }
  if (options.json) print(answer)
  else printLines(answer)
}

interface ParseOptions {
  zone?: string
  hemisphere?: string
  json?: true
}

function parse(text: string, options: ParseOptions): void {
  const hemisphere = options.hemisphere?.toUpperCase()
  if (hemisphere !== undefined && hemisphere !== 'N' && hemisphere !== 'S') {
    throw new AppError('PARAMS_INVALID', 'The hemisphere must be N or S.')
  }
  const found = parseCoordinates(text, {
    ...(options.zone === undefined ? {} : { zone: number(options.zone, 'The zone') }),
    ...(hemisphere === undefined ? {} : { hemisphere }),
  })
  const chosen = found.utm ?? placeInOwnZone(found.lon, found.lat)
  const answer = {
    easting: round(chosen.easting, 4),
    epsg: chosen.epsg,
    lat: round(found.lat, 12),
    lon: round(found.lon, 12),
    northing: round(chosen.northing, 4),
    reading: found.reading,
    zone: chosen.zone,
  }
  if (options.json) print(answer)
  else printLines(answer)
}

function placeInOwnZone(lon: number, lat: number) {
  const { epsg, zone } = chooseCrs(lon, lat)
  const [easting, northing] = createProjector(epsg).forward(Float64Array.of(lon, lat))
  return { epsg, zone, easting: easting!, northing: northing! }
}

function number(text: string, what: string): number {
  const plain = text.trim().replace(',', '.')
  const value = Number(plain)
  if (plain === '' || !Number.isFinite(value)) {
    throw new AppError('PARAMS_INVALID', `${what} must be a number, not "${text.slice(0, 40)}".`)
  }
  return value
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals))
}

function print(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document)}\n`)
}

function printLines(answer: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(answer)) process.stdout.write(`${name}: ${value}\n`)
}
