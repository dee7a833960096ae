// The drawing: the one model every pipeline answers with and every writer reads.
// Geometry is packed in typed arrays; attributes are plain objects of one fixed shape (keep the key order, V8 likes it), or objects that
// answer the same questions out of columns (pipelines/osm-draw.ts).
import type { Paths } from '../geo/paths.ts'

/** A CAD layer. Entities are ByLayer unless a feature says otherwise. */
export interface Layer {
  /** AutoCAD layer name, already valid and unique without regard to case. */
  name: string
  /** AutoCAD Color Index 1…255. */
  aci: number
  /** Line weight in hundredths of a millimetre as DXF group 370 takes it (13, 25, 35 …); -3 = default. */
  lineweight: number
  /** Line type name; `Continuous` is always there. */
  linetype: string
}

/** `point` is drawn as a block or a POINT, `text` as TEXT, `line` and `ring` as LWPOLYLINE. */
export type FeatureKind = 'line' | 'ring' | 'point' | 'text'

/** JSON scalar that a source tag may hold. */
export type Scalar = string | number | boolean | null

/** Heights of paths, one number each, metres and percent; NaN where none is known, and for slopes where there is no length. */
export interface HeightFigures {
  mean: Float64Array
  low: Float64Array
  high: Float64Array
  slope: Float64Array
}

/**
 * What a feature that was made of an OSM element says as numbers: writers that meet a hundred thousand of them take this instead of the
 * texts. `source` is `type/id`, `properties` the tags `from` … `to - 1`.
 */
export interface PackedElement {
  /** `node`, `way` or `relation`. */
  type: string
  id: number
  /** Numbers into `texts`; equal texts have equal numbers. */
  keys: Int32Array
  values: Int32Array
  texts: readonly string[]
  from: number
  to: number
  /** `elevation`, `minElevation`, `maxElevation` and `slope` at `place`; null where no height is known. */
  figures: HeightFigures | null
  place: number
}

/** One thing in the drawing. Its vertices are path `path` of the drawing (one vertex for `point` and `text`). */
export interface Feature {
  kind: FeatureKind
  /** Index into `Drawing.paths`. */
  path: number
  /** Index into `Drawing.layers`. */
  layer: number
  /** Where it came from: `way/123`, `relation/5`, `node/9`, `geojson/0`, `dem/10`. */
  source: string | null
  /** Further sources that were joined into this line, the first one excluded; null when none. */
  mergedSources: string[] | null
  /** OSM version, when known. */
  version: number | null
  /** What it is in the source's words: `highway=residential`, `building=yes`, `contour=index`. */
  class: string | null
  name: string | null
  /** Value of `highway`; drives layer and colour in the stock plugin. */
  highway: string | null
  /** Road width in metres. */
  width: number | null
  /** Height of the thing itself (building) in metres. */
  height: number | null
  levels: number | null
  /** AutoCAD block name for points. */
  block: string | null
  /** Absolute path the request itself gave for the block file; null = the program's own symbol of that name. */
  blockFile: string | null
  /** Radians, counter-clockwise from east. */
  rotation: number | null
  scale: number | null
  /** ACI as text (`"5"`) or `"r,g,b"`; null = by layer. */
  color: string | null
  /** Representative height in metres (contour level; mean along a line); null when unknown. */
  elevation: number | null
  minElevation: number | null
  maxElevation: number | null
  /** Mean absolute slope along the line, percent. */
  slope: number | null
  /** Text of a `text` feature. */
  text: string | null
  /** Text height in metres for `text`. */
  textHeight: number | null
  /** Rings of one polygon share a number ≥ 0; -1 for everything else. */
  polygon: number
  /** True for a hole of that polygon. */
  hole: boolean
  /** Source tags or GeoJSON properties, scalars only. */
  properties: Record<string, Scalar> | null
  /** The same as `source` and `properties`, where it is at hand. */
  readonly packed?: PackedElement
}

/** Something a person should know about the result. `code` is stable; `data` fills the text (base/texts.ts). */
export interface Note {
  code: string
  data: Record<string, Scalar>
}

/** What stands in the drawing, in metres of one CRS. */
export interface Drawing {
  /** EPSG code, e.g. 31984. */
  epsg: number
  /** Stated vertical datum of the heights; null when there are none or nobody said. */
  verticalDatum: string | null
  layers: Layer[]
  features: Feature[]
  paths: Paths
  /** Credits that must stand in the drawing, e.g. the ODbL line. */
  credits: string[]
  /** Time stamp of the source data as it states it, ISO 8601; null when unknown. */
  sourceTimestamp: string | null
}

/** A feature with every key present; spread over it, so that all features share one hidden class. */
export function blankFeature(kind: FeatureKind, path: number, layer: number): Feature {
  return {
    kind,
    path,
    layer,
    source: null,
    mergedSources: null,
    version: null,
    class: null,
    name: null,
    highway: null,
    width: null,
    height: null,
    levels: null,
    block: null,
    blockFile: null,
    rotation: null,
    scale: null,
    color: null,
    elevation: null,
    minElevation: null,
    maxElevation: null,
    slope: null,
    text: null,
    textHeight: null,
    polygon: -1,
    hole: false,
    properties: null,
  }
}
