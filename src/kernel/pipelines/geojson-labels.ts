// Names of a document's features as texts: along lines, well inside areas, beside points.
import type { Feature } from '../cad/drawing.ts'
import { blankFeature } from '../cad/drawing.ts'
import { LABEL_HEIGHT_METERS, placeLabels } from '../cad/labels.ts'
import { interiorPoint } from '../geo/interior-point.ts'
import type { Paths } from '../geo/paths.ts'
import { pathCount } from '../geo/paths.ts'

/** A name stands this far to the right of its point, clear of the symbol. */
const BESIDE_POINT_METERS = 1.5

interface Text {
  text: string
  x: number
  y: number
  rotation: number
  path: number
}

/** One text per named line, polygon and point. `features[i]` belongs to path i; paths of the answer count from 0. */
export function nameTexts(
  features: readonly Feature[],
  paths: Paths,
  layer: number,
): { paths: Paths; features: Feature[] } {
  const texts: Text[] = placeLabels(paths, (path) =>
    features[path]?.kind === 'line' ? features[path]!.name : null,
  )
  const rings = new Map<number, number[]>()
  for (let path = 0; path < pathCount(paths); path++) {
    const { kind, name, polygon } = features[path]!
    if (kind === 'ring') {
      const known = rings.get(polygon)
      if (known === undefined) rings.set(polygon, [path])
      else known.push(path)
    } else if (kind === 'point' && name !== null) {
      const v = paths.offsets[path]!
      const x = paths.coords[2 * v]! + BESIDE_POINT_METERS
      texts.push({ text: name, x, y: paths.coords[2 * v + 1]!, rotation: 0, path })
    }
  }
  for (const [path, ...holes] of rings.values()) {
    const name = features[path!]!.name
    const place = name === null ? null : interiorPoint(only(paths, [path!, ...holes]))
    if (place === null) continue
    texts.push({ text: name!, x: place[0], y: place[1], rotation: 0, path: path! })
  }
  texts.sort((one, other) => one.path - other.path)
  return {
    paths: {
      coords: Float64Array.from(texts.flatMap(({ x, y }) => [x, y])),
      offsets: Uint32Array.from({ length: texts.length + 1 }, (_, i) => i),
    },
    features: texts.map(({ text, rotation, path }, i) => {
      const feature = blankFeature('text', i, layer)
      feature.source = features[path]!.source
      feature.class = 'label=name'
      feature.text = text
      feature.rotation = rotation
      feature.textHeight = LABEL_HEIGHT_METERS
      return feature
    }),
  }
}

/** These paths alone. */
function only({ coords, offsets }: Paths, chosen: readonly number[]): Paths {
  const pieces = chosen.map((path) => coords.subarray(2 * offsets[path]!, 2 * offsets[path + 1]!))
  const outOffsets = [0]
  for (const piece of pieces) outOffsets.push(outOffsets.at(-1)! + piece.length / 2)
  const out = new Float64Array(2 * outOffsets.at(-1)!)
  pieces.forEach((piece, i) => {
    out.set(piece, 2 * outOffsets[i]!)
  })
  return { coords: out, offsets: Uint32Array.from(outOffsets) }
}
