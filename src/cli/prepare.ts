// `sisrua prepare osm|geojson|kml`: the main job without a server.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type Command, Option } from 'commander'
import { AppError } from '../base/errors.ts'
import { DATUM_OPERATIONS } from '../kernel/geo/datum-operations.ts'
import { geojsonBox } from '../kernel/pipelines/geojson-site.v1.ts'
import type { Inputs, OsmInput } from '../kernel/pipelines/pipeline.ts'
import { openPieces } from '../sources/extract-pieces.ts'
import { isZip, linkedDocument, readKmz } from '../sources/kmz.ts'
import { extentOfExtract, readExtract } from '../sources/osm-library.ts'
import type { LinkedKml } from '../workers/kml-task.ts'
import { isXml } from '../workers/kml-text.ts'
import { decimal, epsgCode, wordList } from './arguments.ts'
import { type ArtefactOptions, addArtefactOptions } from './artefacts.ts'
import type { CliContext } from './context.ts'
import { drawPipeline } from './draw.ts'
import { readGridFiles } from './grid-files.ts'
import { addDemOptions, type DemOptions } from './world.ts'

interface PrepareOptions extends ArtefactOptions, DemOptions {
  lat?: number
  lon?: number
  radius?: number
  osmFile?: string
  crs?: number
  themes?: string[]
  contourInterval?: number
  simplifyTolerance?: number
  roadEdges?: true
  grids?: string
  simplifyMethod?: string
  snap?: number
  joinLines?: true
  removeDuplicates?: true
  removeSpikes?: true
  labels?: true
  layers?: string
  dryRun?: true
}

const OSM = 'osm-site@1'
const GEOJSON = 'geojson-site@1'
const LARGEST_RADIUS_METERS = 5_000

export function registerPrepare(program: Command, context: CliContext): void {
  const prepare = program.command('prepare').description('draw a place: OpenStreetMap or a GeoJSON')
  const osm = prepare
    .command('osm')
    .description(
      'streets, buildings, power lines … of a circle, with terrain when a library has it',
    )
    .option('--lat <degrees>', 'latitude of the centre', decimal)
    .option('--lon <degrees>', 'longitude of the centre', decimal)
    .option('--radius <metres>', 'radius of the circle, up to 5000', decimal)
    .option(
      '--osm-file <file>',
      'saved Overpass JSON instead of library and network (.json, .json.gz)',
    )
    .option('--contour-interval <metres>', 'distance between contours; 0 draws none', decimal)
    .option('--themes <list>', 'what to draw, e.g. streets,buildings,power', wordList)
    .option('--labels', 'names as text features in the result too')
    .option('--dry-run', 'show what would be fetched and written, and stop')
    .addHelpText(
      'before',
      'Example: sisrua prepare osm --lat -21.7634 --lon -41.3235 --radius 500 --dxf --svg -o out\n',
    )
    .action((options: PrepareOptions) => prepareOsm(options, context))
  const geojson = prepare
    .command('geojson')
    .alias('kml')
    .argument('<file>', 'GeoJSON, KML or KMZ; - reads standard input')
    .description('lines, points and polygons of a GeoJSON, KML or KMZ file')
    .option('--grids <folder>', "folder with IBGE's NTv2 grids (.gsb), for a file in an old datum")
    .option('--labels', 'names of lines, areas and points as texts')
    .option('--snap <metres>', 'vertices nearer than this become one (0: none moves)', decimal)
    .option('--join-lines', 'join lines of equal attributes that meet end to end')
    .option('--remove-duplicates', 'draw what is there twice once')
    .option('--remove-spikes', 'take out stretches that go out and back')
    .addOption(
      new Option('--simplify-method <name>', 'how lines are simplified').choices([
        'douglas-peucker',
        'visvalingam',
      ]),
    )
    .addHelpText('before', 'Example: sisrua prepare geojson redes.geojson --dxf -o redes.dxf\n')
    .action((file: string, options: PrepareOptions) => prepareGeojson(file, options, context))
  for (const command of [osm, geojson]) {
    addDemOptions(command)
      .option('--crs <epsg>', 'coordinate system instead of the UTM zone of the place', epsgCode)
      .option('--simplify-tolerance <metres>', 'largest deviation of simplified lines', decimal)
      .option('--road-edges', 'also draw the outlines of streets, on a layer of their own')
      .option('--layers <file>', 'layer template')
    addArtefactOptions(command)
  }
}

async function prepareOsm(options: PrepareOptions, context: CliContext): Promise<void> {
  const { osmFile } = options
  const pieces =
    osmFile === undefined || leavesOpen(options)
      ? null
      : await readInput(osmFile, async (file) => openPieces(file))
  try {
    const bytes = pieces ?? (osmFile === undefined ? null : await readInput(osmFile, readExtract))
    await drawOsm(bytes, options, context)
  } finally {
    pieces?.close()
  }
}

/** An extract says where it lies, but it must be read through for that; only when something is left open. */
function leavesOpen({ lat, lon, radius }: PrepareOptions): boolean {
  return [lat, lon, radius].includes(undefined)
}

async function drawOsm(
  bytes: OsmInput['bytes'] | null,
  options: PrepareOptions,
  context: CliContext,
): Promise<void> {
  const place =
    bytes instanceof Uint8Array && leavesOpen(options)
      ? { ...(await placeOf(bytes)), ...options }
      : options
  const params = {
    latitude: place.lat ?? null,
    longitude: place.lon ?? null,
    radiusMeters: place.radius ?? null,
    ...(await sharedParams(options, context)),
    ...(options.themes === undefined ? {} : { themes: options.themes }),
    ...(options.labels === undefined ? {} : { labels: true }),
  }
  if ([params.latitude, params.longitude, params.radiusMeters].includes(null)) {
    throw new AppError(
      'COORDINATES_MISSING',
      'Give --lat, --lon and --radius, or a saved extract with --osm-file.',
    )
  }
  const given: Inputs =
    bytes === null ? {} : { osm: { bytes, source: path.basename(options.osmFile!) } }
  await drawPipeline(OSM, params, given, options, context)
}

async function prepareGeojson(
  file: string,
  options: PrepareOptions,
  context: CliContext,
): Promise<void> {
  const bytes = await readInput(file, (name) => readFile(name === '-' ? '/dev/stdin' : name))
  const geojson = await geojsonOf(bytes)
  const params = {
    ...(await sharedParams(options, context)),
    bbox: geojsonBox(geojson),
    ...(options.snap === undefined ? {} : { snapToleranceMeters: options.snap }),
    ...(options.simplifyMethod === undefined ? {} : { simplifyMethod: options.simplifyMethod }),
    ...(options.labels === undefined ? {} : { labels: true }),
    ...(options.joinLines === undefined ? {} : { joinLines: true }),
    ...(options.removeDuplicates === undefined ? {} : { removeDuplicates: true }),
    ...(options.removeSpikes === undefined ? {} : { removeSpikes: true }),
  }
  const names = Object.values(DATUM_OPERATIONS).map(({ grid }) => grid.file)
  const grids = await readGridFiles(options.grids, names)
  await drawPipeline(GEOJSON, params, { geojson, grids }, options, context)
}

/** GeoJSON as it is; KML and KMZ converted. */
async function geojsonOf(bytes: Uint8Array): Promise<Uint8Array> {
  if (isZip(bytes)) {
    const kmz = await readKmz(bytes)
    const documentAt = (name: string): LinkedKml => ({
      bytes: kmz.documents.get(name)!,
      follow(href) {
        const linked = linkedDocument(kmz, name, href)
        return linked === null ? null : documentAt(linked)
      },
    })
    const { bytes: main, follow } = documentAt(kmz.main)
    return (await import('../workers/kml-task.ts')).convertKml(main, follow)
  }
  return isXml(bytes) ? (await import('../workers/kml-task.ts')).convertKml(bytes) : bytes
}

async function sharedParams(
  options: PrepareOptions,
  { config }: CliContext,
): Promise<Record<string, unknown>> {
  const layersFile = options.layers ?? config.layersFile
  return {
    ...(options.crs === undefined ? {} : { crs: options.crs }),
    ...(options.contourInterval === undefined
      ? {}
      : { contourIntervalMeters: options.contourInterval }),
    ...(options.simplifyTolerance === undefined
      ? {}
      : { simplifyToleranceMeters: options.simplifyTolerance }),
    ...(options.roadEdges === undefined ? {} : { roadEdges: true }),
    ...(layersFile === null ? {} : { layerTemplate: await readJson(layersFile) }),
  }
}

async function readJson(file: string): Promise<unknown> {
  const bytes = await readInput(file, (name) => readFile(name))
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw new AppError('LAYERS_INVALID', `${file} is not valid JSON.`, { cause })
  }
}

async function readInput<T>(file: string, read: (file: string) => Promise<T>): Promise<T> {
  try {
    return await read(file)
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'damaged'
    throw new AppError(
      'FILE_UNREADABLE',
      `${file} cannot be read (${reason}); check that it exists and may be read.`,
      { cause },
    )
  }
}

/** The middle of a saved extract, and a circle that reaches its corners, as far as allowed. */
async function placeOf(bytes: Uint8Array): Promise<{ lat: number; lon: number; radius: number }> {
  const extent = await extentOfExtract(bytes)
  if (extent === null) {
    throw new AppError(
      'OSM_INVALID',
      'The saved extract holds no coordinates; is it Overpass JSON?',
    )
  }
  const lat = (extent.south + extent.north) / 2
  const metersPerDegree = 111_320
  const halfWidth =
    ((extent.east - extent.west) / 2) * metersPerDegree * Math.cos((lat * Math.PI) / 180)
  const halfHeight = ((extent.north - extent.south) / 2) * metersPerDegree
  const reach = Math.ceil(Math.hypot(halfWidth, halfHeight))
  return {
    lat,
    lon: (extent.west + extent.east) / 2,
    radius: Math.min(LARGEST_RADIUS_METERS, Math.max(1, reach)),
  }
}
