// The terrain under a site: heights of its vertices and contour lines in its system, from grids in any system.
import type { Layer, Note } from '../cad/drawing.ts'
import { blankFeature, type Feature } from '../cad/drawing.ts'
import type { DemWindow } from '../formats/dem.ts'
import { decodeDemWindows } from '../formats/dem.ts'
import { clipLines } from '../geo/clip.ts'
import { contourGrid, isIndexLevel } from '../geo/contour.ts'
import type { Grid } from '../geo/grid.ts'
import type { Paths } from '../geo/paths.ts'
import { pathCount } from '../geo/paths.ts'
import type { Region } from '../geo/region.ts'
import { sampleGrids } from '../geo/sample.ts'
import { transform } from '../geo/transform.ts'
import type { Codecs } from './pipeline.ts'
import type { Site } from './site.ts'

/** Contour lines ready for the drawing; features count their paths from 0. */
export interface SiteContours {
  paths: Paths
  features: Feature[]
}

/** Terrain of a site. Without grids every height is unknown and there are no contours. */
export class Ground {
  readonly grids: Grid[]
  private readonly site: Site

  constructor(grids: Grid[], site: Site) {
    this.grids = grids
    this.site = site
  }

  /** Decodes the collected windows. DEM_UNREADABLE for a damaged one. */
  static async from(
    windows: readonly DemWindow[] | undefined,
    codecs: Codecs,
    site: Site,
  ): Promise<Ground> {
    return new Ground(await decodeDemWindows(windows ?? [], codecs), site)
  }

  /** As the first grid that says so states it. */
  get verticalDatum(): string | null {
    return this.grids.find((grid) => grid.verticalDatum !== null)?.verticalDatum ?? null
  }

  /**
   * One height per vertex (interleaved easting, northing), bilinear, NaN where no grid has one; null without grids. Grids are asked in their
   * order of preference, those of one system together.
   */
  heights(eastingNorthing: Float64Array): Float64Array | null {
    if (this.grids.length === 0) return null
    const heights = new Float64Array(eastingNorthing.length / 2).fill(Number.NaN)
    const found = new Float64Array(heights.length)
    for (const group of groupByCrs(this.grids)) {
      sampleGrids(group, this.toGrid(eastingNorthing, group[0]!.epsg), found)
      for (let i = 0; i < heights.length; i++) {
        if (Number.isNaN(heights[i]!)) heights[i] = found[i]!
      }
    }
    return heights
  }

  /** Contours of the preferred grid, cut to the region; every fifth is an index contour. CONTOURS_TOO_MANY as contourGrid says. */
  contours(
    intervalMeters: number,
    region: Region,
    layerOf: (index: boolean) => { layer: Layer; number: number },
    report: (fraction: number) => void,
  ): SiteContours {
    const features: Feature[] = []
    const grid = this.grids[0]
    if (grid === undefined) {
      return { paths: { coords: new Float64Array(0), offsets: new Uint32Array(1) }, features }
    }
    const contours = contourGrid(grid, { intervalMeters, report })
    this.toSite(contours.paths.coords, grid.epsg)
    const clipped = clipLines(contours.paths, region)
    const { coords, offsets } = clipped.paths
    const z = new Float64Array(coords.length / 2)
    for (let i = 0; i < pathCount(clipped.paths); i++) {
      const parent = clipped.parent[i]!
      const level = contours.levels[parent]!
      const index = isIndexLevel(contours.levelNumbers[parent]!)
      z.fill(level, offsets[i]!, offsets[i + 1]!)
      const { layer, number } = layerOf(index)
      const feature = blankFeature('line', i, number)
      feature.source = `dem/${formatLevel(level)}`
      feature.class = index ? 'contour=index' : 'contour=intermediate'
      feature.name = `${formatLevel(level)} m`
      // The stock plugin draws contours in the colour of the feature, because their layers may not exist yet.
      feature.color = String(layer.aci)
      feature.elevation = level
      feature.minElevation = level
      feature.maxElevation = level
      features.push(feature)
    }
    return { paths: { coords, z, offsets }, features }
  }

  /** Notes of what the terrain lacks: everything, or heights under `missing` of `total` vertices. */
  notes(missing: number, total: number): Note[] {
    if (this.grids.length === 0) return [{ code: 'DEM_MISSING', data: {} }]
    if (missing === 0) return []
    return [{ code: 'DEM_VOIDS', data: { missing, total } }]
  }

  private toGrid(eastingNorthing: Float64Array, epsg: number): Float64Array {
    if (epsg === this.site.epsg) return eastingNorthing
    const lonLat = this.site.projector.inverse(eastingNorthing)
    return isSharedDegrees(epsg) ? lonLat : transform(4674, epsg, lonLat).coords
  }

  /** In place. */
  private toSite(coords: Float64Array, epsg: number): void {
    if (epsg === this.site.epsg) return
    if (!isSharedDegrees(epsg)) coords.set(transform(epsg, 4674, coords).coords)
    this.site.projector.forward(coords, coords)
  }
}

/** WGS 84 and SIRGAS 2000 degrees, the same thing at this accuracy. */
function isSharedDegrees(epsg: number): boolean {
  return epsg === 4326 || epsg === 4674
}

function groupByCrs(grids: readonly Grid[]): Grid[][] {
  const groups: Grid[][] = []
  for (const grid of grids) {
    const group = groups.find((known) => known[0]!.epsg === grid.epsg)
    if (group === undefined) groups.push([grid])
    else group.push(grid)
  }
  return groups
}

/** 10, 12.5: no trailing zeros, no rounding noise. */
function formatLevel(level: number): string {
  return String(Math.round(level * 1000) / 1000)
}
