// A GeoJSON document as a drawing in metres: the user's own geometry, unchanged but projected, on the terrain where it has no heights.
import { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { GENERIC_BLOCK } from '../cad/blocks.ts'
import type { Feature, Layer, Note, Scalar } from '../cad/drawing.ts'
import { blankFeature } from '../cad/drawing.ts'
import { setHeightFigures } from '../cad/height-figures.ts'
import { LayerList } from '../cad/layer-list.ts'
import { parseLayerTemplate, validLayerName } from '../cad/layer-template.ts'
import type { LayerTemplate } from '../cad/layers.ts'
import { OSM_CLASSES, valueFits } from '../cad/osm-classes.ts'
import { roadWidthMeters } from '../cad/width.ts'
import type { GeojsonContent, GeojsonPart } from '../formats/geojson-read.ts'
import { readGeojson } from '../formats/geojson-read.ts'
import type { Bbox } from '../geo/bbox.ts'
import type { Paths } from '../geo/paths.ts'
import { orientRing } from '../geo/ring.ts'
import { transform } from '../geo/transform.ts'
import { Ground } from './ground.ts'
import type { Pipeline } from './pipeline.ts'
import { chooseSite } from './site.ts'

const params = z.object({
  /** EPSG code; null = the UTM zone of the document's centre. */
  crs: z
    .number()
    .int()
    .nullish()
    .transform((value) => value ?? null),
  /** Where heights are wanted (degrees: west, south, east, north), when the caller knows; null asks for none. */
  bbox: z
    .tuple([z.number(), z.number(), z.number(), z.number()])
    .nullish()
    .transform((value) => value ?? null),
  labels: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
  layerTemplate: z
    .unknown()
    .nullish()
    .transform((value) => value ?? null),
})

export type GeojsonSiteParams = z.output<typeof params>

export const geojsonSiteV1: Pipeline<GeojsonSiteParams> = {
  id: 'geojson-site',
  version: 1,
  params: params as unknown as Pipeline<GeojsonSiteParams>['params'],

  needs({ bbox }) {
    if (bbox === null) return []
    const [west, south, east, north] = bbox
    return [{ kind: 'dem', bbox: { west, south, east, north }, optional: true }]
  },

  async compute({ crs, layerTemplate }, inputs, codecs, report) {
    if (inputs.geojson === undefined) {
      throw new AppError(
        'GEOJSON_INVALID',
        'There is no GeoJSON in the request. Send it in the field geojson.',
      )
    }
    const template = parseLayerTemplate(layerTemplate)
    report('decode', 0)
    const content = readGeojson(inputs.geojson)
    if (content.parts.length === 0) {
      throw new AppError(
        'GEOJSON_INVALID',
        'GeoJSON: there is nothing to draw in it; every geometry is empty or has too few different points.',
      )
    }

    report('project', 0.4)
    const { paths } = content
    const { lonLat, notes: datumNotes } = toDegrees(content)
    const site = chooseSite(boxOf(lonLat), crs)
    // Coordinates that already are in the target system stay what they are, to the last bit.
    if (content.epsg !== site.epsg) paths.coords = site.projector.forward(lonLat)

    report('terrain', 0.6)
    const ground = await Ground.from(inputs.dem, codecs, site)
    const missing = fillHeights(paths, ground)

    report('draw', 0.8)
    const layers = new LayerList()
    const layersByName = new Map<string, Layer>()
    const features = content.parts.map((part, i) => {
      const properties = content.properties[part.feature]!
      const layer = layers.indexOf(layerFor(properties, part, template, layersByName))
      const feature = drawFeature(part, i, layer, properties)
      if (part.kind === 'ring') {
        const { coords, z, offsets } = paths
        orientRing(coords, offsets[i]!, offsets[i + 1]!, !part.hole, z)
      }
      setHeightFigures(feature, paths, i)
      feature.elevation ??= numberOf(properties.elevation)
      return feature
    })
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
        ...terrainNotes(ground, missing, paths),
      ],
    }
  },
}

/** Longitudes and latitudes of a document in any system of the table; NaN where its projection has no answer. */
function toDegrees({ epsg, paths }: GeojsonContent): { lonLat: Float64Array; notes: Note[] } {
  if (epsg === 4326 || epsg === 4674) return { lonLat: paths.coords, notes: [] }
  const { coords, operation } = transform(epsg, 4674, paths.coords)
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
  const { name: operationName, accuracyMeters } = operation
  if (operationName === 'none') return { lonLat: coords, notes: [] }
  const data = { epsg, operation: operationName, accuracyMeters }
  return { lonLat: coords, notes: [{ code: 'DATUM_CHANGED', data }] }
}

function boxOf(lonLat: Float64Array): Bbox {
  const box: Bbox = { west: 180, south: 90, east: -180, north: -90 }
  for (let i = 0; i < lonLat.length; i += 2) {
    box.west = Math.min(box.west, lonLat[i]!)
    box.east = Math.max(box.east, lonLat[i]!)
    box.south = Math.min(box.south, lonLat[i + 1]!)
    box.north = Math.max(box.north, lonLat[i + 1]!)
  }
  return box
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

/** The layer a feature names (`layer`, `Layer`), else the default of its kind. */
function layerFor(
  properties: Record<string, unknown>,
  part: GeojsonPart,
  template: LayerTemplate,
  known: Map<string, Layer>,
): Layer {
  const fallback =
    part.kind === 'point' ? template.special.geojsonPoints : template.special.geojsonLines
  const wanted = textOf(properties.layer) ?? textOf(properties.Layer)
  const name = wanted === null ? null : validLayerName(wanted)
  if (name === null) return fallback
  let layer = known.get(name)
  if (layer === undefined) {
    layer = { ...fallback, name }
    known.set(name, layer)
  }
  return layer
}

function drawFeature(
  part: GeojsonPart,
  path: number,
  layer: number,
  properties: Record<string, unknown>,
): Feature {
  const feature = blankFeature(part.kind, path, layer)
  feature.source = `geojson/${part.feature}`
  feature.name = textOf(properties.name)
  feature.highway = textOf(properties.highway)
  if (feature.highway !== null) feature.class = `highway=${feature.highway}`
  feature.color = colorOf(properties.color)
  feature.polygon = part.polygon
  feature.hole = part.hole
  feature.properties = scalars(properties)
  feature.height = numberOf(properties.height)
  if (part.kind === 'line') {
    feature.width = numberOf(properties.width_m)
    if (feature.width === null && feature.highway !== null) {
      feature.width = roadWidthMeters(feature.highway, (key) => {
        const value = properties[key]
        return typeof value === 'number' ? String(value) : textOf(value)
      })
    }
  }
  if (part.kind === 'point') {
    feature.block =
      textOf(properties.block_name) ?? textOf(properties.BlockName) ?? blockOf(properties)
    feature.blockFile = textOf(properties.block_filepath) ?? textOf(properties.BlockFilePath)
    feature.rotation = numberOf(properties.rotation)
    feature.scale = numberOf(properties.scale)
  }
  return feature
}

/** The symbol that OSM tags among the properties ask for; the generic one otherwise, so that no point is lost. */
function blockOf(properties: Record<string, unknown>): string {
  for (const { key, values, block, shapes } of OSM_CLASSES) {
    const value = properties[key]
    if (block === null || !shapes.includes('point') || typeof value !== 'string') continue
    if (valueFits(values, value)) return block
  }
  return GENERIC_BLOCK
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** ACI as number or text, or `r,g,b`. */
function colorOf(value: unknown): string | null {
  if (typeof value === 'number')
    return Number.isInteger(value) && value > 0 && value < 256 ? String(value) : null
  return typeof value === 'string' && /^\s*\d{1,3}(\s*,\s*\d{1,3}\s*,\s*\d{1,3})?\s*$/.test(value)
    ? value.trim()
    : null
}

/** Properties that are no objects or lists; names that would change the object itself are dropped. */
function scalars(properties: Record<string, unknown>): Record<string, Scalar> {
  const kept: Record<string, Scalar> = {}
  for (const [key, value] of Object.entries(properties)) {
    if (key === '__proto__' || key === 'constructor') continue
    if (value === null || typeof value === 'string' || typeof value === 'boolean') kept[key] = value
    else if (typeof value === 'number' && Number.isFinite(value)) kept[key] = value
  }
  return kept
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
