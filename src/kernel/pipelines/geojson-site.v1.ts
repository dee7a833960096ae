// A GeoJSON document as a drawing in metres: the user's own geometry, unchanged but projected, on the terrain where it has no heights.
import { AppError } from '../../base/errors.ts'
import type { Feature, Layer, Note } from '../cad/drawing.ts'
import { setHeightFigures } from '../cad/height-figures.ts'
import { LayerList } from '../cad/layer-list.ts'
import { parseLayerTemplate } from '../cad/layer-template.ts'
import type { GeojsonContent, GeojsonPart } from '../formats/geojson-read.ts'
import { readGeojson } from '../formats/geojson-read.ts'
import type { Bbox } from '../geo/bbox.ts'
import { concatPaths } from '../geo/concat-paths.ts'
import { crsOf } from '../geo/crs.ts'
import { DATUM_OPERATIONS } from '../geo/datum-operations.ts'
import { openShiftGrid } from '../geo/ntv2.ts'
import type { Paths } from '../geo/paths.ts'
import { orientRing } from '../geo/ring.ts'
import { transform } from '../geo/transform.ts'
import { cleanParts } from './geojson-clean.ts'
import { drawFeature, layerFor, numberOf, roadOf, sameness } from './geojson-feature.ts'
import { nameTexts } from './geojson-labels.ts'
import { cleaningNotes, crossingNotes } from './geojson-notes.ts'
import { type GeojsonSiteParams, geojsonSiteParams } from './geojson-params.ts'
import { Ground } from './ground.ts'
import type { GridFile, Pipeline } from './pipeline.ts'
import { drawRoadEdges } from './road-edges.ts'
import { chooseSite } from './site.ts'

/** About 100 m, so that heights are known up to the edge, and a single point has an area at all. */
const TERRAIN_MARGIN_DEGREES = 0.001
/** Wider areas would hold hundreds of megabytes of heights. */
const MAX_TERRAIN_DEGREES = 1

function isTooWide([west, south, east, north]: readonly [number, number, number, number]): boolean {
  return east - west > MAX_TERRAIN_DEGREES || north - south > MAX_TERRAIN_DEGREES
}

export const geojsonSiteV1: Pipeline<GeojsonSiteParams> = {
  id: 'geojson-site',
  version: 1,
  params: geojsonSiteParams as unknown as Pipeline<GeojsonSiteParams>['params'],

  needs({ bbox }) {
    if (bbox === null || isTooWide(bbox)) return []
    const [west, south, east, north] = bbox
    const margin = TERRAIN_MARGIN_DEGREES
    const wider = {
      west: west - margin,
      south: south - margin,
      east: east + margin,
      north: north + margin,
    }
    return [{ kind: 'dem', bbox: wider, optional: true }]
  },

  async compute(params, inputs, codecs, report) {
    if (inputs.geojson === undefined) {
      throw new AppError(
        'GEOJSON_INVALID',
        'There is no GeoJSON in the request. Send it in the field geojson.',
      )
    }
    const template = parseLayerTemplate(params.layerTemplate)
    report('decode', 0)
    const content = readGeojson(inputs.geojson)
    if (content.parts.length === 0) {
      throw new AppError(
        'GEOJSON_INVALID',
        'GeoJSON: there is nothing to draw in it; every geometry is empty or has too few different points.',
      )
    }

    report('project', 0.4)
    const { lonLat, notes: datumNotes } = toDegrees(content, inputs.grids ?? [])
    const site = chooseSite(boxOf(lonLat), params.crs)
    // Coordinates that already are in the target system stay what they are, to the last bit.
    if (content.epsg !== site.epsg) content.paths.coords = site.projector.forward(lonLat)

    report('clean', 0.5)
    const layersByName = new Map<string, Layer>()
    const layerOf = (part: GeojsonPart): Layer =>
      layerFor(content.properties[part.feature]!, part, template, layersByName)
    const cleaned = cleanParts(
      content,
      (part) => `${layerOf(part).name}\u0000${sameness(content.properties[part.feature]!)}`,
      params,
    )
    if (cleaned.parts.length === 0) {
      throw new AppError(
        'GEOJSON_INVALID',
        'GeoJSON: nothing in it lies where the coordinate system of the drawing reaches, or nothing is left after cleaning.',
      )
    }
    const crossings = crossingNotes(cleaned.parts, cleaned.paths)

    report('draw', 0.6)
    const layers = new LayerList()
    const features = cleaned.parts.map((part, i) =>
      drawFeature(part, i, layers.indexOf(layerOf(part)), content.properties[part.feature]!),
    )
    const parts = [cleaned.paths]
    const add = (made: { paths: Paths; features: Feature[] }): void => {
      for (const feature of made.features) {
        feature.path = features.length
        features.push(feature)
      }
      parts.push(made.paths)
    }
    const own = features.slice()
    if (params.roadEdges) {
      const layer = layers.indexOf(template.special.roadEdges)
      add(
        drawRoadEdges(cleaned.paths, own.map(roadOf), null, layer, (fraction) =>
          report('draw', 0.6 + 0.1 * fraction),
        ),
      )
    }
    if (params.labels) add(nameTexts(own, cleaned.paths, layers.indexOf(template.special.labels)))
    const { paths } = concatPaths(parts)

    report('terrain', 0.7)
    const ground = await Ground.from(inputs.dem, codecs, site)
    const missing = fillHeights(paths, ground)
    report('draw', 0.9)
    for (const [i, feature] of features.entries()) {
      if (feature.kind === 'ring') {
        const { coords, z, offsets } = paths
        orientRing(coords, offsets[i]!, offsets[i + 1]!, !feature.hole, z)
      }
      setHeightFigures(feature, paths, i)
      feature.elevation ??= numberOf(feature.properties?.elevation)
    }
    report('draw', 1)
    return {
      drawing: {
        epsg: site.epsg,
        verticalDatum: ground.verticalDatum,
        layers: layers.layers,
        features,
        paths,
        credits: [],
        sourceTimestamp: null,
      },
      notes: [
        ...site.notes,
        ...datumNotes,
        ...contentNotes(content),
        ...cleaningNotes(cleaned),
        ...crossings,
        ...terrainNotes(ground, missing, paths),
        ...(params.bbox !== null && isTooWide(params.bbox)
          ? [{ code: 'TERRAIN_AREA_TOO_LARGE', data: { degrees: MAX_TERRAIN_DEGREES } }]
          : []),
      ],
    }
  },
}

/** West, south, east, north of a document in degrees, for the terrain under it; null when nothing in it can be drawn. Refuses as `compute` does. */
export function geojsonBox(bytes: Uint8Array): [number, number, number, number] | null {
  const content = readGeojson(bytes)
  if (content.parts.length === 0) return null
  const { west, south, east, north } = boxOf(toDegrees(content, []).lonLat)
  return [west, south, east, north]
}

/** Longitudes and latitudes of a document in any system of the table; NaN where its projection has no answer. */
function toDegrees(
  { epsg, paths }: GeojsonContent,
  files: readonly GridFile[],
): { lonLat: Float64Array; notes: Note[] } {
  if (epsg === 4326 || epsg === 4674) return { lonLat: paths.coords, notes: [] }
  const wanted = DATUM_OPERATIONS[crsOf(epsg).datum]?.grid.file
  const grids = files
    .filter(({ name }) => name.replace(/\.gsb$/i, '').toUpperCase() === wanted)
    .map(({ name, bytes }) => openShiftGrid(name, bytes))
  const { coords, operation } = transform(epsg, 4674, paths.coords, { grids })
  for (const degrees of coords) {
    if (!Number.isFinite(degrees)) {
      throw new AppError(
        'GEOJSON_INVALID',
        `GeoJSON: a coordinate cannot lie in EPSG:${epsg}, which its "crs" names.`,
        {
          data: { epsg },
        },
      )
    }
  }
  const { name: operationName, accuracyMeters, fallback } = operation
  if (operationName === 'none') return { lonLat: coords, notes: [] }
  const data = { epsg, operation: operationName, accuracyMeters }
  const notes: Note[] = [{ code: 'DATUM_CHANGED', data }]
  if (fallback !== null && wanted !== undefined) {
    notes.push({ code: 'DATUM_GRID_NOT_USED', data: { grid: wanted, reason: fallback } })
  }
  return { lonLat: coords, notes }
}

/** Box of the places. Where they lie on both sides of the antimeridian it reaches beyond ±180 instead of around the world. */
function boxOf(lonLat: Float64Array): Bbox {
  const box: Bbox = { west: 180, south: 90, east: -180, north: -90 }
  const beyond = { west: 360, east: 0 }
  for (let i = 0; i < lonLat.length; i += 2) {
    const lon = lonLat[i]!
    box.west = Math.min(box.west, lon)
    box.east = Math.max(box.east, lon)
    box.south = Math.min(box.south, lonLat[i + 1]!)
    box.north = Math.max(box.north, lonLat[i + 1]!)
    const unrolled = lon < 0 ? lon + 360 : lon
    beyond.west = Math.min(beyond.west, unrolled)
    beyond.east = Math.max(beyond.east, unrolled)
  }
  const nearer = box.east - box.west > 180 && beyond.east - beyond.west < 180
  if (!nearer) return box
  const turn = beyond.west + beyond.east > 360 ? 360 : 0
  return { ...box, west: beyond.west - turn, east: beyond.east - turn }
}

/** Gives terrain heights to vertices that came without; how many still have none. Heights of the document are never changed. */
function fillHeights(paths: Paths, ground: Ground): number {
  const heights = ground.heights(paths.coords)
  if (heights === null) return 0
  const own = paths.z
  let missing = 0
  for (let i = 0; i < heights.length; i++) {
    if (own !== undefined && !Number.isNaN(own[i]!)) heights[i] = own[i]!
    if (Number.isNaN(heights[i]!)) missing++
  }
  paths.z = heights
  return missing
}

function contentNotes({ empty, degenerate, closedRings, utf8 }: GeojsonContent): Note[] {
  const notes: Note[] = []
  if (!utf8) notes.push({ code: 'TEXT_NOT_UTF8', data: {} })
  if (empty > 0) notes.push({ code: 'GEOJSON_EMPTY_GEOMETRIES', data: { count: empty } })
  if (degenerate > 0) notes.push({ code: 'GEOJSON_DEGENERATE', data: { count: degenerate } })
  if (closedRings > 0) notes.push({ code: 'GEOJSON_RINGS_CLOSED', data: { count: closedRings } })
  return notes
}

/** Silence about terrain when the document brought its own heights or nobody asked. */
function terrainNotes(ground: Ground, missing: number, paths: Paths): Note[] {
  return !ground.covered ? [] : ground.notes(missing, paths.coords.length / 2)
}
