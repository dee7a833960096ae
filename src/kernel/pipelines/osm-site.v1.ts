// OpenStreetMap around a place: streets, buildings, networks and furniture as a clean drawing in metres, on the terrain where there is one.
// Over 300 lines so that the whole road from parameters to drawing reads top to bottom on one page.
import { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { Classifier } from '../cad/classify.ts'
import type { Note } from '../cad/drawing.ts'
import { blankFeature } from '../cad/drawing.ts'
import { LABEL_HEIGHT_METERS, placeLabels } from '../cad/labels.ts'
import { LayerList } from '../cad/layer-list.ts'
import { parseLayerTemplate } from '../cad/layer-template.ts'
import type { ThemeName } from '../cad/themes.ts'
import { DEFAULT_THEMES, THEME_NAMES } from '../cad/themes.ts'
import { assembleOsm } from '../formats/osm-assemble.ts'
import type { AssemblyReport } from '../formats/osm-features.ts'
import { decodeOsmJson } from '../formats/osm-json.ts'
import { overpassQuery, snapBboxOutward } from '../formats/overpass.ts'
import type { Bbox } from '../geo/bbox.ts'
import { clipLines } from '../geo/clip.ts'
import { clipRings } from '../geo/clip-rings.ts'
import { concatPaths } from '../geo/concat-paths.ts'
import type { Paths } from '../geo/paths.ts'
import type { Region } from '../geo/region.ts'
import { circleBbox, gridScale } from '../geo/site-circle.ts'
import { Ground } from './ground.ts'
import { OsmAttributes } from './osm-attributes.ts'
import { OsmSheet, pointsInside } from './osm-draw.ts'
import { type Cleaned, cleanGeometry } from './osm-lines.ts'
import { ringCrossingNotes } from './osm-rings.ts'
import { osmRoadEdges } from './osm-road-edges.ts'
import { selectFeatures } from './osm-select.ts'
import type { Inputs, OsmInput, Pipeline } from './pipeline.ts'
import { chooseSite } from './site.ts'

/** OpenStreetMap is asked for a little more than the circle, so that nothing touching its edge is missing. */
const OSM_MARGIN_METERS = 50
/** Terrain reaches three cells of a 30 m grid further, so that heights and contours are known up to the edge. */
const DEM_MARGIN_METERS = 100
/**
 * Vertices this near to the line through their neighbours go. 5 cm is 0.05 mm on paper at 1:1000, and a tenth of what
 * OpenStreetMap's positions are good for at best.
 */
const SIMPLIFY_METERS = 0.05
const CONTOUR_INTERVAL_METERS = 10

const NO_PATHS: Paths = { coords: new Float64Array(0), offsets: new Uint32Array(1) }

const OSM_CREDIT = '© colaboradores do OpenStreetMap (ODbL) — openstreetmap.org/copyright'

/** null and absent mean the default. */
function optional<T extends z.ZodType, D>(schema: T, fallback: D) {
  return schema.nullish().transform((value) => value ?? fallback)
}

/** The wire's names carry no unit; ours do. A name with its unit wins. */
const UNITLESS_NAMES: Readonly<Record<string, string>> = {
  radius: 'radiusMeters',
  contourInterval: 'contourIntervalMeters',
  simplifyTolerance: 'simplifyToleranceMeters',
}

function withUnits(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const named: Record<string, unknown> = {}
  for (const [name, given] of Object.entries(value)) {
    const unitful = Object.hasOwn(UNITLESS_NAMES, name) ? UNITLESS_NAMES[name]! : name
    if (unitful === name || !Object.hasOwn(value, unitful)) named[unitful] = given
  }
  return named
}

const fields = z.object({
  /** Degrees. The three of the place may be missing here, because the original lets such a job fail instead of refusing it. */
  latitude: optional(z.number().min(-90).max(90), null),
  longitude: optional(z.number().min(-180).max(180), null),
  radiusMeters: optional(z.number().gt(0).max(5000), null),
  /** EPSG code; null = the UTM zone of the place. */
  crs: optional(z.number().int(), null),
  themes: optional(z.array(z.enum(THEME_NAMES)).min(1), DEFAULT_THEMES).transform(
    (themes): ThemeName[] => THEME_NAMES.filter((theme) => themes.includes(theme)),
  ),
  /** Metres; 0 = no contours, null = 10. */
  contourIntervalMeters: optional(
    z.union([z.literal(0), z.number().min(0.1).max(10_000)]),
    CONTOUR_INTERVAL_METERS,
  ),
  /** Text features on the wire too; the DXF always has them. */
  labels: optional(z.boolean(), false),
  /** Metres; 0 keeps every vertex. */
  simplifyToleranceMeters: optional(z.number().min(0).max(100), SIMPLIFY_METERS),
  /** Outlines of the streets on a layer of their own; see road-edges.ts. */
  roadEdges: optional(z.boolean(), false),
  /** See cad/layers.ts; null = the program's own. */
  layerTemplate: optional(z.unknown(), null),
})

const schema = z.preprocess(withUnits, fields)

export type OsmSiteParams = z.output<typeof fields>

interface Place {
  lat: number
  lon: number
  radiusMeters: number
}

function placeOf({ latitude, longitude, radiusMeters }: OsmSiteParams): Place {
  if (latitude === null || longitude === null || radiusMeters === null) {
    throw new AppError(
      'COORDINATES_MISSING',
      'Latitude, longitude and radius are needed for OpenStreetMap data. Send all three.',
    )
  }
  return { lat: latitude, lon: longitude, radiusMeters }
}

function boxOf({ lat, lon, radiusMeters }: Place, marginMeters: number): Bbox {
  return circleBbox(lon, lat, radiusMeters, marginMeters)
}

export const osmSiteV1: Pipeline<OsmSiteParams> = {
  id: 'osm-site',
  version: 1,
  params: schema as unknown as Pipeline<OsmSiteParams>['params'],

  needs(params) {
    const place = placeOf(params)
    const bbox = boxOf(place, OSM_MARGIN_METERS)
    return [
      { kind: 'osm', bbox, query: overpassQuery(snapBboxOutward(bbox), params.themes) },
      { kind: 'dem', bbox: boxOf(place, DEM_MARGIN_METERS), optional: true },
    ]
  },

  async compute(params, inputs, codecs, report) {
    const place = placeOf(params)
    const template = parseLayerTemplate(params.layerTemplate)
    const bbox = boxOf(place, OSM_MARGIN_METERS)
    const site = chooseSite(boxOf(place, 0), params.crs)
    const { projector } = site
    const centre = projector.forward(Float64Array.of(place.lon, place.lat))
    const region: Region = {
      kind: 'circle',
      x: centre[0]!,
      y: centre[1]!,
      // The circle is one of true metres: in the grid it is larger or smaller by the scale at its centre.
      radius: place.radiusMeters * gridScale(projector, place.lon, place.lat),
    }

    // Bytes to features.
    const data = decodeOsmJson(osmBytes(inputs), (fraction) => report('decode', fraction * 0.3))
    report('assemble', 0.3)
    const { features: osm, report: gaps } = assembleOsm(data)
    const classifier = new Classifier(data, template, params.themes)
    const { points, lines, rings } = selectFeatures(osm, classifier, bbox)
    const layers = new LayerList()
    const attributes = new OsmAttributes(data, osm)

    // Degrees to metres, then cleaning, then the circle.
    report('project', 0.45)
    for (const { paths } of [points, lines, rings]) projector.forward(paths.coords, paths.coords)
    report('clean', 0.5)
    const cleaned = cleanGeometry(lines, rings, attributes, params.simplifyToleranceMeters)
    const crossings = ringCrossingNotes(cleaned.rings, cleaned.ringOf, rings, attributes)
    report('clip', 0.6)
    const insideLines = clipLines(cleaned.lines, region)
    report('clip', 0.65)
    const insideRings = clipRings(cleaned.rings, region)
    const insidePoints = pointsInside(points.paths, region)

    // Heights under every vertex.
    report('terrain', 0.7)
    const ground = await Ground.from(inputs.dem, codecs, site)
    for (const paths of [insideRings.paths, insideLines.paths, insidePoints.paths]) {
      const heights = ground.heights(paths.coords)
      if (heights === null) delete paths.z
      else paths.z = heights
    }

    // The drawing: areas below lines, lines below points, then contours and names.
    report('draw', 0.8)
    const sheet = new OsmSheet(attributes, layers)
    sheet.rings(insideRings, rings, cleaned)
    sheet.lines(insideLines, lines, cleaned)
    sheet.points(insidePoints, points)
    const { features, firstLine } = sheet
    const edges = params.roadEdges
      ? osmRoadEdges(
          cleaned,
          lines,
          attributes,
          region,
          ground,
          layers.indexOf(template.special.roadEdges),
          (fraction) => report('draw', 0.8 + fraction * 0.08),
        )
      : null
    report('contours', 0.88)
    const contours =
      params.contourIntervalMeters === 0
        ? null
        : ground.contours(
            params.contourIntervalMeters,
            region,
            template.special,
            layers,
            (fraction) => report('contours', 0.88 + fraction * 0.1),
          )
    const labels = placeLabels(insideLines.paths, (path) => {
      const feature = features[firstLine + path]!
      return feature.highway === null ? null : feature.name
    })
    const labelFeatures = labels.map(({ text, rotation, path }, i) => {
      const feature = blankFeature('text', i, layers.indexOf(template.special.labels))
      feature.source = features[firstLine + path]!.source
      feature.class = 'label=street'
      feature.text = text
      feature.rotation = rotation
      feature.textHeight = LABEL_HEIGHT_METERS
      return feature
    })
    const labelPaths: Paths = {
      coords: Float64Array.from(labels.flatMap(({ x, y }) => [x, y])),
      offsets: Uint32Array.from({ length: labels.length + 1 }, (_, i) => i),
    }

    const { paths, bases } = concatPaths([
      insideRings.paths,
      insideLines.paths,
      insidePoints.paths,
      edges?.paths ?? NO_PATHS,
      contours?.paths ?? NO_PATHS,
      labelPaths,
    ])
    const added = [edges?.features ?? [], contours?.features ?? [], labelFeatures]
    for (const [part, list] of added.entries()) {
      for (const feature of list) {
        feature.path += bases[part + 3]!
        features.push(feature)
      }
    }
    report('draw', 1)
    return {
      drawing: {
        epsg: site.epsg,
        verticalDatum: ground.verticalDatum,
        layers: layers.layers,
        features,
        paths,
        credits: [OSM_CREDIT],
        sourceTimestamp: data.timestamp,
      },
      notes: [
        ...site.notes,
        ...gapNotes(gaps, data.remark, features.length),
        ...ground.notes(ground.missing, ground.asked),
        ...(contours?.notes ?? []),
        ...cleaningNotes(cleaned),
        ...crossings,
      ],
    }
  },
}

function osmBytes(inputs: Inputs): OsmInput['bytes'] {
  if (inputs.osm === undefined) {
    throw new AppError('OSM_INVALID', 'No OpenStreetMap data was collected for this job.')
  }
  return inputs.osm.bytes
}

/** One note for each kind of thing that cleaning took out. */
function cleaningNotes({ removed: { segments, rings, spikes, repeated } }: Cleaned): Note[] {
  const notes: Note[] = []
  if (segments > 0) notes.push({ code: 'DUPLICATES_REMOVED', data: { segments } })
  if (rings > 0) notes.push({ code: 'AREAS_DRAWN_ONCE', data: { count: rings } })
  if (spikes > 0) notes.push({ code: 'SPIKES_REMOVED', data: { count: spikes } })
  if (repeated > 0) notes.push({ code: 'REPEATED_VERTICES_REMOVED', data: { count: repeated } })
  return notes
}

/** What the answer lacked, as notes. */
function gapNotes(gaps: AssemblyReport, remark: string | null, drawn: number): Note[] {
  const notes: Note[] = []
  if (drawn === 0) notes.push({ code: 'OSM_EMPTY', data: {} })
  if (gaps.incompleteWays > 0) {
    notes.push({ code: 'OSM_WAYS_INCOMPLETE', data: { count: gaps.incompleteWays } })
  }
  if (gaps.emptyWays > 0) notes.push({ code: 'OSM_WAYS_EMPTY', data: { count: gaps.emptyWays } })
  const relations = gaps.incompleteRelations + gaps.emptyRelations
  if (relations > 0) notes.push({ code: 'OSM_RELATIONS_INCOMPLETE', data: { count: relations } })
  if (remark !== null) notes.push({ code: 'OSM_REMARK', data: { remark: remark.slice(0, 300) } })
  return notes
}
