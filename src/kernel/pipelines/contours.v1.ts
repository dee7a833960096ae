// Contours of a circle or a box: heights → isolines → metres → cut to the shape asked for → layers and labels.
import { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { contourFeatures, intervalNote } from '../cad/contour-features.ts'
import type { Note } from '../cad/drawing.ts'
import { LayerList } from '../cad/layer-list.ts'
import { DEFAULT_LAYER_TEMPLATE } from '../cad/layers.ts'
import { decodeDemWindows } from '../formats/dem.ts'
import type { Bbox } from '../geo/bbox.ts'
import { MIN_INTERVAL_METERS } from '../geo/contour.ts'
import { fillVoids } from '../geo/fill.ts'
import type { Projector } from '../geo/projector.ts'
import type { Region } from '../geo/region.ts'
import { circleBbox, gridScale } from '../geo/site-circle.ts'
import { siteContours } from '../geo/site-contours.ts'
import type { Need, Pipeline } from './pipeline.ts'
import { chooseSite } from './site.ts'

/** Ground read around the shape, so that lines reach its edge. */
const MARGIN_METERS = 200
const MAX_VERTICES = 20_000_000
/** More than this no drawing program opens with pleasure. */
const MAX_LINES = 500_000

const latitude = z.number().min(-90).max(90)
const longitude = z.number().min(-180).max(180)
const common = {
  intervalMeters: z.number().min(MIN_INTERVAL_METERS).max(1_000).default(10),
  crs: z.number().int().nullable().default(null),
  labels: z.boolean().default(true),
  minLengthMeters: z.number().min(0).max(10_000).default(0),
  /** 1 = none, 2–4 = the surface is refined that many times before it is contoured. */
  smoothing: z.number().int().min(1).max(4).default(1),
  /** Voids up to this many cells from a height are filled; 0 leaves them open. */
  fillCells: z.number().int().min(0).max(100).default(0),
}

const params = z.union([
  z.object({ latitude, longitude, radius: z.number().positive().max(20_000), ...common }),
  z
    .object({ west: longitude, south: latitude, east: longitude, north: latitude, ...common })
    .refine((box) => box.east > box.west && box.north > box.south, {
      message: 'east must be greater than west and north greater than south',
    }),
])

export type ContoursParams = z.infer<typeof params>

function boxOf(asked: ContoursParams, marginMeters: number): Bbox {
  if ('radius' in asked) {
    return circleBbox(asked.longitude, asked.latitude, asked.radius, marginMeters)
  }
  const { west, south, east, north } = asked
  const margin = marginMeters / 100_000
  return {
    west: Math.max(-180, west - margin),
    south: Math.max(-90, south - margin),
    east: Math.min(180, east + margin),
    north: Math.min(90, north + margin),
  }
}

/** The shape in the drawing's metres. A box in degrees has curved sides there: sixteen straight pieces each. */
function regionOf(asked: ContoursParams, projector: Projector): Region {
  if ('radius' in asked) {
    const { longitude: lon, latitude: lat, radius } = asked
    const [x, y] = projector.forward(Float64Array.of(lon, lat)) as unknown as [number, number]
    return { kind: 'circle', x, y, radius: radius * gridScale(projector, lon, lat) }
  }
  const { west, south, east, north } = asked
  const corners = [west, south, east, south, east, north, west, north, west, south]
  const ring: number[] = []
  for (let side = 0; side < 8; side += 2) {
    for (let k = 0; k < 16; k++) {
      ring.push(
        corners[side]! + ((corners[side + 2]! - corners[side]!) * k) / 16,
        corners[side + 1]! + ((corners[side + 3]! - corners[side + 1]!) * k) / 16,
      )
    }
  }
  ring.push(west, south)
  return { kind: 'polygon', ring: projector.forward(Float64Array.from(ring)) }
}

export const contoursV1: Pipeline<ContoursParams> = {
  id: 'contours',
  version: 1,
  params: params as unknown as Pipeline<ContoursParams>['params'],

  needs(asked): Need[] {
    return [{ kind: 'dem', bbox: boxOf(asked, MARGIN_METERS), optional: false }]
  },

  async compute(asked, inputs, codecs, report) {
    report('decode', 0)
    const windows = inputs.dem ?? []
    const notes: Note[] = []
    let grids = await decodeDemWindows(windows, codecs)
    if (asked.fillCells > 0) {
      const fills = grids.map((grid) => fillVoids(grid, asked.fillCells))
      grids = fills.map(({ grid }) => grid)
      const filledCells = fills.reduce((sum, { filled }) => sum + filled, 0)
      if (filledCells > 0) notes.push({ code: 'VOIDS_FILLED', data: { filledCells } })
    }
    const { epsg, projector, notes: siteNotes } = chooseSite(boxOf(asked, 0), asked.crs)
    notes.push(...siteNotes)
    report('contour', 0.3)
    const contours = siteContours(grids, projector, regionOf(asked, projector), {
      intervalMeters: asked.intervalMeters,
      minLengthMeters: asked.minLengthMeters,
      smoothing: asked.smoothing,
      maxVertices: MAX_VERTICES,
      maxLines: MAX_LINES,
      report: (fraction) => report('contour', 0.3 + 0.5 * fraction),
    })
    if (contours === null) {
      throw new AppError(
        'DEM_NOT_COVERED',
        'No elevation file has heights for this area; put a GeoTIFF or .hgt tile of it into the elevation folder.',
      )
    }
    if (asked.smoothing > 1 && !contours.smoothed) {
      notes.push({ code: 'SMOOTHING_SKIPPED', data: {} })
    }
    report('draw', 0.85)
    const layers = new LayerList()
    const { special } = DEFAULT_LAYER_TEMPLATE
    const drawn = contourFeatures(contours, special, layers, 0, asked.labels)
    const used = windows.find(({ name }) => contours.grid.sources.includes(name))
    notes.push(intervalNote(asked.intervalMeters, used?.accuracyMeters ?? null))
    report('draw', 1)
    return {
      drawing: {
        epsg,
        verticalDatum: contours.grid.verticalDatum,
        layers: layers.layers,
        features: drawn.features,
        paths: drawn.paths,
        credits: [`Elevation: ${contours.grid.sources.join(', ')}`],
        sourceTimestamp: null,
      },
      notes,
    }
  },
}
