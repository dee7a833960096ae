// One side of a writers' comparison, alone in its process so that no other side's heap or compiled code weighs on it.
// Run by peers-writers.ts: node test/bench/writer-sides.ts SIDE COUNT; prints the CPU milliseconds of one warmed-up round.
import DxfDrawing from 'dxf-writer'
import { blankFeature, type Drawing } from '../../src/kernel/cad/drawing.ts'
import { writeDxf } from '../../src/kernel/formats/dxf.ts'
import { writeGeojson } from '../../src/kernel/formats/geojson-write.ts'
import { createProjector } from '../../src/kernel/geo/projector.ts'

/** Rounds before the one that counts, the same for every side. */
const WARM_UP = 2

/** What a side does with its prepared input; only this is timed. All sides end with UTF-8 bytes, for files are made of them. */
type Round = () => Uint8Array

/** Each prepares its input, uncounted, and answers the round. */
const SIDES: Record<string, (count: number) => Round> = {
  'dxf-plain': (count) => {
    const drawing = withoutAttributes(polylines(count))
    return () => writeDxf(drawing, { retrievedAt: null })
  },
  'dxf-attributes': (count) => {
    const drawing = polylines(count)
    return () => writeDxf(drawing, { retrievedAt: null })
  },
  'dxf-writer': (count) => {
    const drawing = polylines(count)
    const lines = pointArrays(drawing)
    return () => Buffer.from(dxfWriterText(drawing, lines), 'utf8')
  },
  geojson: (count) => {
    const drawing = inDegrees(polylines(count))
    return () => writeGeojson(drawing)
  },
  'geojson-projected': (count) => {
    const drawing = polylines(count)
    return () => writeGeojson(drawing)
  },
  'json-stringify': (count) => {
    const objects = geojsonObjects(inDegrees(polylines(count)))
    return () => Buffer.from(JSON.stringify(objects), 'utf8')
  },
}

/** `count` polylines of 4 … 19 vertices in UTM 24S, from a fixed seed. */
export function polylines(count: number): Drawing {
  let state = 20260421
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const offsets = new Uint32Array(count + 1)
  for (let i = 0; i < count; i++) offsets[i + 1] = offsets[i]! + 4 + Math.floor(random() * 16)
  const coords = new Float64Array(2 * offsets[count]!)
  for (let i = 0; i < count; i++) {
    let x = 670000 + random() * 20000
    let y = 7580000 + random() * 20000
    for (let v = offsets[i]!; v < offsets[i + 1]!; v++) {
      coords[2 * v] = x
      coords[2 * v + 1] = y
      x += random() * 40 - 20
      y += random() * 40 - 20
    }
  }
  return {
    epsg: 31984,
    verticalDatum: null,
    layers: ['VIA-A', 'VIA-B', 'EDI', 'HID'].map((name, i) => ({
      name,
      aci: i + 1,
      lineweight: 25,
      linetype: 'Continuous',
    })),
    features: Array.from({ length: count }, (_, i) => ({
      ...blankFeature('line', i, i & 3),
      source: `way/${1000 + i}`,
      name: (i & 7) === 0 ? `Rua São João ${i % 500}` : null,
      class: 'highway=residential',
      highway: 'residential',
    })),
    paths: { coords, offsets },
    credits: ['© colaboradores do OpenStreetMap (ODbL)'],
    sourceTimestamp: null,
  }
}

/** Geometry and layer only: all that dxf-writer and ezdxf are given. */
export function withoutAttributes(drawing: Drawing): Drawing {
  return {
    ...drawing,
    features: drawing.features.map(({ path, layer }) => blankFeature('line', path, layer)),
  }
}

/** The drawing in WGS 84 degrees, rounded to the nine decimals that both GeoJSON sides write. */
export function inDegrees(drawing: Drawing): Drawing {
  const coords = createProjector(drawing.epsg).inverse(drawing.paths.coords)
  for (let i = 0; i < coords.length; i++) coords[i] = Math.round(coords[i]! * 1e9) / 1e9
  return { ...drawing, epsg: 4326, paths: { ...drawing.paths, coords } }
}

/** What JSON.stringify turns into the text of the same features with the same properties. */
export function geojsonObjects(drawing: Drawing): object {
  const lines = pointArrays(drawing)
  return {
    type: 'FeatureCollection',
    features: drawing.features.map((feature) => ({
      type: 'Feature',
      geometry: { type: 'LineString', coordinates: lines[feature.path] },
      properties: {
        layer: drawing.layers[feature.layer]!.name,
        class: feature.class,
        source: feature.source,
        ...(feature.name === null ? {} : { name: feature.name }),
        highway: feature.highway,
      },
    })),
  }
}

/** Each path as an array of [x, y], as both peers take them. */
function pointArrays(drawing: Drawing): [number, number][][] {
  const { coords, offsets } = drawing.paths
  return drawing.features.map(({ path }) => {
    const points: [number, number][] = []
    for (let v = offsets[path]!; v < offsets[path + 1]!; v++) {
      points.push([coords[2 * v]!, coords[2 * v + 1]!])
    }
    return points
  })
}

/** dxf-writer knows coordinates and layers, no extended data. */
function dxfWriterText(drawing: Drawing, lines: readonly [number, number][][]): string {
  const file = new DxfDrawing()
  for (const layer of drawing.layers) file.addLayer(layer.name, layer.aci, 'CONTINUOUS')
  for (const feature of drawing.features) {
    file.setActiveLayer(drawing.layers[feature.layer]!.name)
    file.drawPolyline(lines[feature.path]!, false)
  }
  return file.toDxfString()
}

if (process.argv[1] === import.meta.filename) {
  const prepare = SIDES[process.argv[2] ?? '']
  if (prepare === undefined) throw new Error(`Sides: ${Object.keys(SIDES).join(', ')}`)
  const round = prepare(Number(process.argv[3]))
  for (let i = 0; i < WARM_UP; i++) round()
  const before = process.cpuUsage()
  round()
  const used = process.cpuUsage(before)
  console.log((used.user + used.system) / 1000)
}
