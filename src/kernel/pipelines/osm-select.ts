// Of all features of an answer those that the job draws: in an asked-for theme, and near enough to the area to be looked at.
import type { Classified, Classifier } from '../cad/classify.ts'
import type { OsmShape } from '../cad/osm-classes.ts'
import type { OsmFeatures } from '../formats/osm-features.ts'
import { AREA, LINE, POINT } from '../formats/osm-features.ts'
import type { Bbox } from '../geo/bbox.ts'
import type { Paths } from '../geo/paths.ts'

/** Paths of one kind, still in degrees, and what each of them is. */
export interface Selection {
  paths: Paths
  /** OSM node id per vertex. */
  nodes: Float64Array
  /** Per path: number of its feature, and its class. */
  features: Int32Array
  classes: Classified[]
  /** Per path: 1 = hole; outer rings and their holes share a polygon number. */
  holes: Uint8Array
  polygons: Int32Array
}

export interface Selected {
  points: Selection
  lines: Selection
  rings: Selection
}

const SHAPES: readonly OsmShape[] = ['point', 'line', 'area']

/** Selects by theme and by the box (degrees); cutting to the exact area comes later, in metres. */
export function selectFeatures(
  features: OsmFeatures,
  classifier: Classifier,
  bbox: Bbox,
): Selected {
  const points = new Chosen(features, classifier, bbox, POINT)
  const lines = new Chosen(features, classifier, bbox, LINE)
  const rings = new Chosen(features, classifier, bbox, AREA)
  const { kinds } = features
  for (let i = 0; i < features.count; i++) {
    const kind = kinds[i]!
    if (kind === LINE) lines.look(i)
    else if (kind === AREA) rings.look(i)
    else points.look(i)
  }
  return { points: points.gather(), lines: lines.gather(), rings: rings.gather() }
}

/** The features of one kind that are drawn. */
class Chosen {
  private readonly features: OsmFeatures
  private readonly classifier: Classifier
  private readonly bbox: Bbox
  private readonly shape: OsmShape
  private readonly list: Int32Array
  private readonly classes: Classified[] = []
  private count = 0

  constructor(features: OsmFeatures, classifier: Classifier, bbox: Bbox, kind: number) {
    this.features = features
    this.classifier = classifier
    this.bbox = bbox
    this.shape = SHAPES[kind]!
    this.list = new Int32Array(features.count)
  }

  /** Takes feature `i` when it is near and in a theme. A call each: V8 optimises that better than one long loop. */
  look(i: number): void {
    const { features } = this
    if (!touches(features, i, this.bbox)) return
    const { tagStart, tagEnd } = features
    const found = this.classifier.classify(tagStart[i]!, tagEnd[i]!, this.shape)
    if (found === null) return
    this.list[this.count++] = i
    this.classes.push(found)
  }

  gather(): Selection {
    return gather(this.features, this.list.subarray(0, this.count), this.classes)
  }
}

/** True when the box of the feature and the other meet. */
function touches(features: OsmFeatures, i: number, bbox: Bbox): boolean {
  const { coords, offsets } = features.paths
  const start = offsets[features.pathStart[i]!]!
  const end = offsets[features.pathEnd[i]!]!
  let west = Number.POSITIVE_INFINITY
  let south = Number.POSITIVE_INFINITY
  let east = Number.NEGATIVE_INFINITY
  let north = Number.NEGATIVE_INFINITY
  for (let v = start; v < end; v++) {
    const lon = coords[v * 2]!
    const lat = coords[v * 2 + 1]!
    if (lon < west) west = lon
    if (lon > east) east = lon
    if (lat < south) south = lat
    if (lat > north) north = lat
    // Most features lie inside, and their first vertex tells.
    if (west <= bbox.east && east >= bbox.west && south <= bbox.north && north >= bbox.south) {
      return true
    }
  }
  return false
}

/** Copies the geometry of the chosen features; their paths keep their order. */
function gather(features: OsmFeatures, chosen: Int32Array, classes: Classified[]): Selection {
  const { coords, offsets } = features.paths
  const { kinds, pathStart, pathEnd, holes, nodeIds } = features
  let vertices = 0
  let count = 0
  for (let k = 0; k < chosen.length; k++) {
    const i = chosen[k]!
    count += pathEnd[i]! - pathStart[i]!
    vertices += offsets[pathEnd[i]!]! - offsets[pathStart[i]!]!
  }
  const selection: Selection = {
    paths: { coords: new Float64Array(vertices * 2), offsets: new Uint32Array(count + 1) },
    nodes: new Float64Array(vertices),
    features: new Int32Array(count),
    classes: [],
    holes: new Uint8Array(count),
    polygons: new Int32Array(count).fill(-1),
  }
  const { nodes } = selection
  const outCoords = selection.paths.coords
  const outOffsets = selection.paths.offsets
  let vertex = 0
  let path = 0
  let polygon = -1
  for (let k = 0; k < chosen.length; k++) {
    const i = chosen[k]!
    const area = kinds[i] === AREA
    for (let p = pathStart[i]!; p < pathEnd[i]!; p++) {
      const end = offsets[p + 1]!
      for (let v = offsets[p]!; v < end; v++) {
        outCoords[2 * vertex] = coords[2 * v]!
        outCoords[2 * vertex + 1] = coords[2 * v + 1]!
        nodes[vertex] = nodeIds[v]!
        vertex++
      }
      selection.features[path] = i
      selection.classes.push(classes[k]!)
      if (area) {
        if (holes[p] === 1) selection.holes[path] = 1
        else polygon++
        selection.polygons[path] = polygon
      }
      path++
      outOffsets[path] = vertex
    }
  }
  return selection
}
