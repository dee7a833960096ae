// One feature of a document as the drawing has it: layer, symbol, width and colour out of its properties.
import { GENERIC_BLOCK } from '../cad/blocks.ts'
import { isCarriageway, roadLevel } from '../cad/carriageway.ts'
import type { Feature, Layer, Scalar } from '../cad/drawing.ts'
import { blankFeature } from '../cad/drawing.ts'
import { validLayerName } from '../cad/layer-template.ts'
import type { LayerTemplate } from '../cad/layers.ts'
import { OSM_CLASSES, valueFits } from '../cad/osm-classes.ts'
import { roadWidthMeters } from '../cad/width.ts'
import type { GeojsonPart } from '../formats/geojson-read.ts'
import type { CleanPart } from './geojson-clean.ts'
import type { Road } from './road-edges.ts'

/** The layer a feature names (`layer`, `Layer`), else the default of its kind. */
export function layerFor(
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

export function drawFeature(
  part: CleanPart,
  path: number,
  layer: number,
  properties: Record<string, unknown>,
): Feature {
  const feature = blankFeature(part.kind, path, layer)
  feature.source = `geojson/${part.feature}`
  feature.mergedSources = part.merged?.map((merged) => `geojson/${merged}`) ?? null
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

/** Names of properties that number a feature and say nothing about it. */
const IDENTIFIER = /^(@?id|fid|gid|uuid|objectid|handle|.*_id)$/i

/** What two features must have in common to be the same thing: all properties that do not number them. */
export function sameness(properties: Record<string, unknown>): string {
  const told = Object.entries(properties).filter(([name]) => !IDENTIFIER.test(name))
  return JSON.stringify(told.sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** What the road edges need: streets, and lines that state a road width without naming a kind of street. */
export function roadOf({ kind, width, highway, properties }: Feature): Road {
  const drawn = kind === 'line' && (highway === null || isCarriageway(highway))
  const tagOf = (key: string): string | null => {
    const value = properties?.[key]
    return typeof value === 'number' ? String(value) : textOf(value)
  }
  return { widthMeters: drawn ? width : null, level: roadLevel(tagOf) }
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

export function numberOf(value: unknown): number | null {
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
