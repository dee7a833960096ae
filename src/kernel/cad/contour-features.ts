// Contours as features of a drawing: layer, level, name, and the heights written on the index contours.
import { cellSizeMeters } from '../geo/cell-size.ts'
import { isIndexLevel } from '../geo/contour.ts'
import { placeLabels } from '../geo/contour-label.ts'
import type { Paths } from '../geo/paths.ts'
import type { SiteContours } from '../geo/site-contours.ts'
import type { Feature, Note } from './drawing.ts'
import { blankFeature } from './drawing.ts'
import type { LayerList } from './layer-list.ts'
import type { SpecialLayers } from './layers.ts'

/** Text height in metres of a contour's label: 1.8 mm on paper at 1:2000. */
const LABEL_HEIGHT_METERS = 3.6
const LABEL_SPACING_METERS = 1_000
/** Of four characters, each 0.8 of its height wide. */
const TEXT_WIDTH_METERS = 4 * 0.8 * LABEL_HEIGHT_METERS

/**
 * Features and their paths, which the drawing appends at path number `firstPath`. A closed contour is a ring, every other one a line;
 * all carry their exact level. `labels` adds a text feature on the index contours.
 */
export function contourFeatures(
  contours: SiteContours,
  special: Pick<SpecialLayers, 'contours' | 'indexContours' | 'labels'>,
  layers: LayerList,
  firstPath: number,
  labels: boolean,
): { features: Feature[]; paths: Paths } {
  const { paths, levels, levelNumbers } = contours
  const { coords, offsets } = paths
  const count = levels.length
  const features: Feature[] = []
  for (let i = 0; i < count; i++) {
    const index = isIndexLevel(levelNumbers[i]!)
    const first = 2 * offsets[i]!
    const last = 2 * offsets[i + 1]! - 2
    const closed =
      last - first >= 6 && coords[first] === coords[last] && coords[first + 1] === coords[last + 1]
    const layer = layers.indexOf(index ? special.indexContours : special.contours)
    const feature = blankFeature(closed ? 'ring' : 'line', firstPath + i, layer)
    const level = levels[i]!
    feature.source = `dem/${levelText(level)}`
    feature.class = index ? 'contour=index' : 'contour=intermediate'
    feature.name = `Curva ${levelText(level)} m`
    feature.elevation = level
    feature.minElevation = level
    feature.maxElevation = level
    feature.slope = 0
    features.push(feature)
  }
  if (!labels) return { features, paths }
  const placed = placeLabels(paths, (path) => isIndexLevel(levelNumbers[path]!), {
    minLengthMeters: 60,
    spacingMeters: LABEL_SPACING_METERS,
    windowMeters: TEXT_WIDTH_METERS,
    // A contour bends from cell to cell.
    calmMeters: Math.max(TEXT_WIDTH_METERS, 2 * cellSizeMeters(contours.grid)),
  })
  const grown: Paths = {
    coords: new Float64Array(coords.length + 2 * placed.length),
    offsets: new Uint32Array(offsets.length + placed.length),
  }
  grown.coords.set(coords)
  grown.offsets.set(offsets)
  const layer = layers.indexOf(special.labels)
  for (const [i, label] of placed.entries()) {
    grown.coords[coords.length + 2 * i] = label.x
    grown.coords[coords.length + 2 * i + 1] = label.y
    grown.offsets[offsets.length + i] = coords.length / 2 + i + 1
    const feature = blankFeature('text', firstPath + count + i, layer)
    const level = levels[label.path]!
    feature.source = `dem/${levelText(level)}`
    feature.class = 'contour=label'
    feature.text = levelText(level)
    feature.textHeight = LABEL_HEIGHT_METERS
    feature.rotation = label.rotation
    feature.elevation = level
    features.push(feature)
  }
  return { features, paths: grown }
}

/** `120`, `0.3`: the shortest decimal of an exact level. */
function levelText(level: number): string {
  return String(Math.round(level * 1e6) / 1e6)
}

/**
 * What the interval is worth: PEC-PCD (Brazil's cartographic accuracy standard) asks for an equidistance of at least 6 × RMSE for class
 * A and 3 × RMSE for class B. `accuracyMeters` is the DEM's stated RMSE; null gives the note that nobody stated one.
 */
export function intervalNote(intervalMeters: number, accuracyMeters: number | null): Note {
  if (accuracyMeters === null) {
    return { code: 'CONTOUR_ACCURACY_UNKNOWN', data: { intervalMeters } }
  }
  const classAMeters = round(6 * accuracyMeters)
  const classBMeters = round(3 * accuracyMeters)
  const pecClass =
    intervalMeters >= classAMeters ? 'A' : intervalMeters >= classBMeters ? 'B' : null
  const data = { intervalMeters, accuracyMeters, classAMeters, classBMeters, pecClass }
  return { code: pecClass === null ? 'CONTOURS_INTERPOLATED' : 'CONTOUR_ACCURACY', data }
}

function round(meters: number): number {
  return Math.round(meters * 100) / 100
}
