// Terrain mesh of a circle: heights → Delaunay triangles within a stated error, with summits and pits and the breaklines of a GeoJSON
// (input `geojson`) as edges, for LandXML and 3DFACE.
import { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import type { Note } from '../cad/drawing.ts'
import { LayerList } from '../cad/layer-list.ts'
import { DEFAULT_LAYER_TEMPLATE } from '../cad/layers.ts'
import { spotFeatures } from '../cad/spot-features.ts'
import { decodeDemWindows } from '../formats/dem.ts'
import type { Region } from '../geo/region.ts'
import { circleBbox, gridScale } from '../geo/site-circle.ts'
import type { SiteMesh } from '../geo/site-mesh.ts'
import { siteMesh } from '../geo/site-mesh.ts'
import { readBreaklines } from './mesh-breaklines.ts'
import type { Pipeline } from './pipeline.ts'
import { chooseSite } from './site.ts'

/** Ground read around the circle, so that its edge has heights. */
const MARGIN_METERS = 200
const MAX_VERTICES = 500_000

const params = z.object({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  radius: z.number().positive().max(20_000),
  /** Largest vertical distance between mesh and elevation file, metres. */
  maxErrorMeters: z.number().min(0.01).max(1_000).default(1),
  crs: z.number().int().nullable().default(null),
})

export type MeshParams = z.infer<typeof params>

export const meshV1: Pipeline<MeshParams> = {
  id: 'mesh',
  version: 1,
  params: params as unknown as Pipeline<MeshParams>['params'],

  needs: ({ longitude, latitude, radius }) => [
    { kind: 'dem', bbox: circleBbox(longitude, latitude, radius, MARGIN_METERS), optional: false },
  ],

  async compute({ longitude, latitude, radius, maxErrorMeters, crs }, inputs, codecs, report) {
    report('decode', 0)
    const grids = await decodeDemWindows(inputs.dem ?? [], codecs)
    const site = chooseSite(circleBbox(longitude, latitude, radius, 0), crs)
    const { projector } = site
    const [x, y] = projector.forward(Float64Array.of(longitude, latitude)) as unknown as [
      number,
      number,
    ]
    const region: Region = {
      kind: 'circle',
      x,
      y,
      radius: radius * gridScale(projector, longitude, latitude),
    }
    const given = inputs.geojson === undefined ? null : readBreaklines(inputs.geojson, site, region)
    const found = siteMesh(grids, projector, region, {
      maxErrorMeters,
      maxVertices: MAX_VERTICES,
      ...(given === null ? {} : { breaklines: given.breaklines }),
      report: (fraction) => report('mesh', 0.2 + 0.7 * fraction),
    })
    if (found === null) {
      throw new AppError(
        'DEM_NOT_COVERED',
        'No elevation file has heights for this area; put a GeoTIFF or .hgt tile of it into the elevation folder.',
      )
    }
    const layers = new LayerList()
    const drawn = spotFeatures(found.spots, DEFAULT_LAYER_TEMPLATE.special, layers)
    report('draw', 1)
    return {
      drawing: {
        epsg: site.epsg,
        verticalDatum: found.grid.verticalDatum,
        layers: layers.layers,
        features: drawn.features,
        paths: drawn.paths,
        credits: [`Elevation: ${found.grid.sources.join(', ')}`],
        sourceTimestamp: null,
      },
      notes: [...site.notes, ...(given?.notes ?? []), ...conflictNotes(found.conflicts)],
      tin: found.mesh,
    }
  },
}

function conflictNotes({ conflicts, worst }: SiteMesh['conflicts']): Note[] {
  if (worst === null) return []
  const millimetres = (value: number): number => Math.round(value * 1_000) / 1_000
  const data = {
    count: conflicts,
    differenceMeters: millimetres(worst.differenceMeters),
    easting: millimetres(worst.x),
    northing: millimetres(worst.y),
  }
  return [{ code: 'BREAKLINES_DISAGREE', data }]
}
