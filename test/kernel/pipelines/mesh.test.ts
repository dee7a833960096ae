// Breaklines of a mesh read back from the DXF and the LandXML by other people's programs (ezdxf, an XML reader, shapely): every piece of
// every line is an edge of the triangles, at the line's own heights.
import { beforeAll, describe, expect, it } from 'vitest'
import { openDem } from '../../../src/kernel/formats/dem.ts'
import type { DemWindow } from '../../../src/kernel/formats/dem-file.ts'
import { planWindow, readWindow } from '../../../src/kernel/formats/dem-window.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { meshV1 } from '../../../src/kernel/pipelines/mesh.v1.ts'
import { nodeCodecs } from '../../../src/workers/context.ts'
import { writeOutputs } from '../../../src/workers/outputs.ts'
import { readerOf } from '../../support/dem-files.ts'
import { describeWithJudge, python } from '../../support/judge.ts'

const CENTRE = { latitude: -21.7634, longitude: -41.3235 }
const RADIUS = 300

/** Rolling hills in a tile of 3″ posts around the place. */
async function hills(): Promise<DemWindow> {
  const side = 1_201
  const bytes = new Uint8Array(2 * side * side)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < side * side; i++) {
    const height = 60 + 25 * Math.sin((i % side) / 3) * Math.cos(Math.floor(i / side) / 4)
    view.setInt16(2 * i, Math.round(height), false)
  }
  const reader = readerOf(bytes)
  const file = await openDem(reader, 'S22W042.hgt')
  const { longitude, latitude } = CENTRE
  const around = 0.01
  const plan = planWindow(file, {
    west: longitude - around,
    south: latitude - around,
    east: longitude + around,
    north: latitude + around,
  })
  return readWindow(reader, file, plan!)
}

const at = (east: number, north: number, z?: number) => [
  CENTRE.longitude + east / 103_400,
  CENTRE.latitude + north / 110_800,
  ...(z === undefined ? [] : [z]),
]
const feature = (type: string, coordinates: unknown) => ({
  type: 'Feature',
  properties: {},
  geometry: { type, coordinates },
})
/** A wall with heights of its own, an outline on the ground, a line that leaves the circle, a line far away, and a point. */
const LINES = [
  [at(-120, -40, 90), at(10, 35, 95), at(140, -20, 92)],
  [at(-60, 80), at(60, 80), at(60, 140), at(-60, 140), at(-60, 80)],
  [at(0, -150, 55), at(600, -150, 85)],
]
const document = {
  type: 'FeatureCollection',
  features: [
    feature('LineString', LINES[0]),
    feature('Polygon', [LINES[1]]),
    feature('LineString', LINES[2]),
    feature('LineString', [at(5_000, 0), at(5_100, 0)]),
    feature('Point', at(0, 0, 10)),
  ],
}

async function draw(geojson: unknown) {
  const params = meshV1.params.parse({ ...CENTRE, radius: RADIUS, maxErrorMeters: 2 })
  const bytes = new TextEncoder().encode(JSON.stringify(geojson))
  const inputs = { dem: [await hills()], ...(geojson === null ? {} : { geojson: bytes }) }
  return meshV1.compute(params, inputs, nodeCodecs, () => {})
}

/**
 * Reads both files; for each line: the share of its length within the circle that lies on edges of the faces, and the largest
 * difference between the faces' heights and the line's along it (NaN where the line has none of its own).
 */
const SCRIPT = `
import sys, json, math, tempfile, os
import xml.etree.ElementTree as ET
import ezdxf
from shapely.geometry import LineString, Point, Polygon
from shapely.ops import unary_union
job = json.load(sys.stdin)
circle = Point(*job['centre']).buffer(job['radius'] - 1, 64)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'm.dxf')
    with open(path, 'w', encoding='utf-8') as out: out.write(job['dxf'])
    document = ezdxf.readfile(path)
dxf = [[tuple(face.dxf.vtx0), tuple(face.dxf.vtx1), tuple(face.dxf.vtx2)] for face in document.modelspace().query('3DFACE')]
space = {'l': 'http://www.landxml.org/schema/LandXML-1.2'}
root = ET.fromstring(job['landxml'])
points = {}
for p in root.iterfind('.//l:Pnts/l:P', space):
    north, east, z = map(float, p.text.split())
    points[p.get('id')] = (east, north, z)
xml = [[points[k] for k in f.text.split()] for f in root.iterfind('.//l:Faces/l:F', space)]
def report(faces):
    edges = unary_union([LineString([a[:2], b[:2]]) for f in faces for a, b in zip(f, f[1:] + f[:1])]).buffer(0.002)
    found = []
    for line in job['lines']:
        inside = LineString([p[:2] for p in line]).intersection(circle)
        on = inside.intersection(edges).length / inside.length
        worst = 0
        if len(line[0]) == 3:
            for a, b in zip(line, line[1:]):
                for k in range(1, 20):
                    x, y, z = (a[i] + (b[i] - a[i]) * k / 20 for i in range(3))
                    if not circle.contains(Point(x, y)): continue
                    heights = []
                    for (ax, ay, az), (bx, by, bz), (cx, cy, cz) in faces:
                        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
                        s = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
                        t = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
                        if s > -1e-3 and t > -1e-3 and s + t < 1 + 1e-3: heights.append(az + s * (bz - az) + t * (cz - az))
                    worst = max([worst] + [abs(h - z) for h in heights]) if heights else 1e9
        found.append({'on': on, 'worst': worst})
    return {'faces': len(faces), 'lines': found}
# Breaklines of the surface's source data: how far each lies from the line it came from, and their number.
drawn = []
for b in root.iterfind('.//l:Surface/l:SourceData/l:Breaklines/l:Breakline', space):
    v = list(map(float, b.find('l:PntList3D', space).text.split()))
    drawn.append([(v[i + 1], v[i], v[i + 2]) for i in range(0, len(v), 3)])
source = {'type': [b.get('brkType') for b in root.iter('{http://www.landxml.org/schema/LandXML-1.2}Breakline')], 'lines': [{
    'away': min(LineString([p[:2] for p in b]).hausdorff_distance(LineString([p[:2] for p in line]).intersection(circle.buffer(1))) for line in job['lines']),
    'heights': [min(z for _, _, z in b), max(z for _, _, z in b)]} for b in drawn]}
print(json.dumps({'dxf': report(dxf), 'landxml': report(xml), 'source': source}))
`

interface Reading {
  faces: number
  lines: { on: number; worst: number }[]
}

interface Judged {
  dxf: Reading
  landxml: Reading
  source: { type: string[]; lines: { away: number; heights: [number, number] }[] }
}

async function judged(geojson: unknown): Promise<Judged> {
  const result = await draw(geojson)
  const options = {
    numericFeatureType: false,
    blocksFolder: null,
    retrievedAt: '2026-11-21',
    labels: false,
  }
  const { dxf, landxml } = writeOutputs(result, ['dxf', 'landxml'], options, () => {}, 0)
  const projector = createProjector(31_984)
  const plane = ([lon, lat, z]: number[]) => [
    ...projector.forward(Float64Array.of(lon!, lat!)),
    ...(z === undefined ? [] : [z]),
  ]
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
  const job = {
    dxf: text(dxf!.bytes),
    landxml: text(landxml!.bytes),
    lines: LINES.map((line) => line.map(plane)),
    centre: plane([CENTRE.longitude, CENTRE.latitude]),
    radius: RADIUS,
  }
  return JSON.parse(python(SCRIPT, JSON.stringify(job)))
}

describeWithJudge(
  'python3-ezdxf and python3-shapely',
  ['/usr/bin/python3', '-c', 'import ezdxf, shapely'],
  'breaklines in DXF and LandXML',
  () => {
    let seen: Judged
    beforeAll(async () => {
      seen = await judged(document)
    })

    it.each(['dxf', 'landxml'] as const)('%s: every line runs along edges', (format) => {
      expect(seen[format].faces).toBeGreaterThan(100)
      for (const { on } of seen[format].lines) expect(on).toBeGreaterThan(0.999)
    })

    it.each(['dxf', 'landxml'] as const)('%s: at its own heights', (format) => {
      const { lines } = seen[format]
      // Files hold millimetres, and a triangle may be a few millimetres thin beside a line.
      expect(lines[0]!.worst).toBeLessThan(0.05)
      expect(lines[2]!.worst).toBeLessThan(0.05)
    })

    it('LandXML holds them as source data too, at their own heights', () => {
      const { type, lines } = seen.source
      expect(type).toEqual(['standard', 'standard', 'standard'])
      for (const { away } of lines) expect(away).toBeLessThan(0.5)
      expect(lines[0]!.heights).toEqual([90, 95])
    })

    it('without the lines they are not there: the judge can tell', async () => {
      const without = await judged(null)
      expect(without.source.lines).toEqual([])
      for (const { on } of without.dxf.lines) expect(on).toBeLessThan(0.6)
      expect(without.dxf.lines[0]!.worst).toBeGreaterThan(1)
    })
  },
)

describe('mesh@1', () => {
  it('tells how many lines it used and how many lie outside', async () => {
    const { notes } = await draw(document)
    expect(notes).toContainEqual({ code: 'BREAKLINES', data: { used: 3, outside: 1 } })
  })

  it('refuses lines that all lie elsewhere, and what is no GeoJSON', async () => {
    const far = { type: 'LineString', coordinates: [at(5_000, 0), at(5_100, 0)] }
    await expect(draw(far)).rejects.toMatchObject({ code: 'GEOMETRY_INVALID' })
    await expect(draw('lines')).rejects.toMatchObject({ code: 'GEOJSON_INVALID' })
  })
})
