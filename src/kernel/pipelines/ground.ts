// The terrain under a site: heights of its vertices and contour lines of its area, as far as elevation files cover it.
import { contourFeatures, intervalNote } from '../cad/contour-features.ts'
import type { Feature, Note } from '../cad/drawing.ts'
import type { LayerList } from '../cad/layer-list.ts'
import type { SpecialLayers } from '../cad/layers.ts'
import type { DemWindow } from '../formats/dem.ts'
import { decodeDemWindows } from '../formats/dem.ts'
import type { Grid } from '../geo/grid.ts'
import { heightsAt } from '../geo/heights.ts'
import { mosaicGrids } from '../geo/mosaic.ts'
import type { Paths } from '../geo/paths.ts'
import type { Region } from '../geo/region.ts'
import { siteContours } from '../geo/site-contours.ts'
import type { Codecs } from './pipeline.ts'
import type { Site } from './site.ts'

/** More than this no drawing program opens with pleasure. */
const MAX_CONTOUR_VERTICES = 20_000_000
const MAX_CONTOUR_LINES = 500_000

/** Vertices looked up at a time: their places and heights stay in the cache. */
const RUN_VERTICES = 8192

/** Terrain of a site. Without grids every height is unknown and there are no contours. */
export class Ground {
  private readonly grids: Grid[]
  private readonly windows: readonly DemWindow[]
  private readonly site: Site
  /** Stated vertical datum of the heights given out; null when there are none or nobody said. */
  verticalDatum: string | null = null
  /** Vertices whose heights were asked for so far, and those of them that have none. */
  asked = 0
  missing = 0

  private constructor(grids: Grid[], windows: readonly DemWindow[], site: Site) {
    this.grids = grids
    this.windows = windows
    this.site = site
  }

  /** Decodes the collected windows. DEM_UNREADABLE for a damaged one. */
  static async from(
    windows: readonly DemWindow[] | undefined,
    codecs: Codecs,
    site: Site,
  ): Promise<Ground> {
    const grids = await decodeDemWindows(windows ?? [], codecs)
    return new Ground(mosaicGrids(grids), windows ?? [], site)
  }

  get covered(): boolean {
    return this.grids.length > 0
  }

  /** One height per vertex (interleaved easting, northing), bilinear, NaN where no file has one; null when nothing was collected. */
  heights(eastingNorthing: Float64Array): Float64Array | null {
    if (!this.covered) return null
    const out = new Float64Array(eastingNorthing.length / 2)
    const lonLat = new Float64Array(2 * Math.min(RUN_VERTICES, out.length))
    for (let from = 0; from < out.length; from += RUN_VERTICES) {
      const places = eastingNorthing.subarray(2 * from, 2 * (from + RUN_VERTICES))
      const degrees = this.site.projector.inverse(places, lonLat.subarray(0, places.length))
      const heights = out.subarray(from, from + RUN_VERTICES)
      const { verticalDatums } = heightsAt(this.grids, degrees, 'bilinear', heights)
      this.verticalDatum ??= verticalDatums.find((datum) => datum !== null) ?? null
      for (let i = 0; i < heights.length; i++) if (Number.isNaN(heights[i]!)) this.missing++
    }
    this.asked += out.length
    return out
  }

  /**
   * Contours cut to the region, with the heights of index contours as texts; every fifth is an index contour. Null when no height is known
   * there. CONTOURS_TOO_MANY when the interval is absurd for the ground.
   */
  contours(
    intervalMeters: number,
    region: Region,
    special: SpecialLayers,
    layers: LayerList,
    report: (fraction: number) => void,
  ): { features: Feature[]; paths: Paths; notes: Note[] } | null {
    const contours = siteContours(this.grids, this.site.projector, region, {
      intervalMeters,
      maxVertices: MAX_CONTOUR_VERTICES,
      maxLines: MAX_CONTOUR_LINES,
      report,
    })
    if (contours === null) return null
    const { features, paths } = contourFeatures(contours, special, layers, 0, true)
    // The stock plugin takes a contour's colour from the feature: the layer may exist in the user's drawing with another one.
    for (const feature of features) {
      if (feature.kind !== 'text') feature.color = String(layers.layers[feature.layer]!.aci)
    }
    const { sources } = contours.grid
    const used = this.windows.find(({ name }) => sources.includes(name))
    return { features, paths, notes: [intervalNote(intervalMeters, used?.accuracyMeters ?? null)] }
  }

  /** What the terrain lacks: everything, or heights under `missing` of `total` vertices. */
  notes(missing: number, total: number): Note[] {
    if (!this.covered) return [{ code: 'DEM_MISSING', data: {} }]
    if (missing === 0) return []
    return [{ code: 'DEM_VOIDS', data: { missing, total } }]
  }
}
