// Summits and pits as features of a drawing: a point with its height written beside it.

import type { Paths } from '../geo/paths.ts'
import type { SiteMesh } from '../geo/site-mesh.ts'
import type { Feature } from './drawing.ts'
import { blankFeature } from './drawing.ts'
import type { LayerList } from './layer-list.ts'
import type { SpecialLayers } from './layers.ts'

const TEXT_HEIGHT_METERS = 3.6

/** One point and one text for each spot height; heights with one decimal, which is what elevation models are worth at best. */
export function spotFeatures(
  spots: SiteMesh['spots'],
  special: Pick<SpecialLayers, 'points' | 'labels'>,
  layers: LayerList,
): { features: Feature[]; paths: Paths } {
  const paths: Paths = {
    coords: new Float64Array(4 * spots.length),
    offsets: Uint32Array.from({ length: 2 * spots.length + 1 }, (_, i) => i),
  }
  const features: Feature[] = []
  for (const [i, { x, y, height, kind }] of spots.entries()) {
    paths.coords.set([x, y, x, y + TEXT_HEIGHT_METERS], 4 * i)
    const text = height.toFixed(1)
    const shared = {
      source: `dem/spot/${i}`,
      class: `spot-height=${kind}`,
      elevation: height,
      minElevation: height,
      maxElevation: height,
    }
    const point = blankFeature('point', 2 * i, layers.indexOf(special.points))
    features.push({ ...point, ...shared, name: `Cota ${text} m` })
    const label = blankFeature('text', 2 * i + 1, layers.indexOf(special.labels))
    features.push({ ...label, ...shared, text, textHeight: TEXT_HEIGHT_METERS, rotation: 0 })
  }
  return { features, paths }
}
