// The whole job, file to drawing: 100k ways with terrain, all cleaning and layers, DXF; against a Python chain that does
// less (osmnx + scipy + pyproj + shapely + ezdxf). Each run is a process of its own; CPU seconds and peak memory.
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { writeSample } from '../../scripts/make-sample.ts'
import { radiusForWays, SAMPLE } from '../../scripts/sample/town.ts'

const root = path.resolve(import.meta.dirname, '../..')
const PYTHON = '/usr/bin/python3'

/** What an engineer's script would do; it neither joins nor clips nor draws contours nor layers. */
const CHAIN = `
import resource, sys, time, warnings
warnings.filterwarnings('ignore')
import ezdxf, numpy as np, osmnx, rasterio
from scipy.ndimage import map_coordinates
folder = sys.argv[1]
dem = rasterio.open(folder + '/dem/terrain.tif')
heights = dem.read(1)
tags = {k: True for k in ('building', 'highway', 'landuse', 'waterway', 'power', 'railway', 'barrier', 'leisure', 'natural', 'amenity', 'emergency')}
town = osmnx.geometries_from_xml(folder + '/town.osm', tags=tags)
def parts(g):
    if g.geom_type == 'Polygon':
        return [g.exterior, *g.interiors]
    if g.geom_type.startswith('Multi') or g.geom_type == 'GeometryCollection':
        return [p for q in g.geoms for p in parts(q)]
    return [g]
c = np.vstack([np.asarray(p.coords)[:, :2] for g in town.geometry for p in parts(g)])
col, row = ~dem.transform * (c[:, 0], c[:, 1])
z = map_coordinates(heights, [row - 0.5, col - 0.5], order=1, output=float, mode='nearest')
plane = town.to_crs(31984)
drawing = ezdxf.new('R2010')
space = drawing.modelspace()
for g in plane.geometry:
    for p in parts(g.simplify(0.05)):
        if p.geom_type == 'Point':
            space.add_point(p.coords[0])
        else:
            space.add_lwpolyline(list(p.coords))
drawing.saveas(folder + '/chain.dxf')
usage = resource.getrusage(resource.RUSAGE_SELF)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, len(town))
`

interface Element {
  type: string
  id: number
  lat?: number
  lon?: number
  nodes?: number[]
  geometry?: { lat: number; lon: number }[]
  members?: { type: string; ref: number; role: string; geometry?: { lat: number; lon: number }[] }[]
  tags?: Record<string, string>
}

/** The town as OSM XML, which is what osmnx reads. Not timed. */
function writeXml(json: string, xml: string): void {
  const { elements } = JSON.parse(fs.readFileSync(json, 'utf8')) as { elements: Element[] }
  const entities = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
  const tagLines = ({ tags }: Element) =>
    Object.entries(tags ?? {})
      .map(([k, v]) => `<tag k="${entities(k)}" v="${entities(v)}"/>`)
      .join('')
  const nodes = new Map<number, string>()
  for (const element of elements) {
    if (element.type === 'node') {
      nodes.set(
        element.id,
        `<node id="${element.id}" lat="${element.lat}" lon="${element.lon}" version="1">${tagLines(element)}</node>`,
      )
    }
    element.nodes?.forEach((id, i) => {
      const at = element.geometry?.[i]
      if (at && !nodes.has(id))
        nodes.set(id, `<node id="${id}" lat="${at.lat}" lon="${at.lon}" version="1"/>`)
    })
  }
  const ways = elements
    .filter(({ type }) => type === 'way')
    .map(
      (way) =>
        `<way id="${way.id}" version="1">${way.nodes!.map((id) => `<nd ref="${id}"/>`).join('')}${tagLines(way)}</way>`,
    )
  const relations = elements
    .filter(({ type }) => type === 'relation')
    .map((relation) => {
      const members = relation.members!.map(
        ({ type, ref, role }) => `<member type="${type}" ref="${ref}" role="${role}"/>`,
      )
      return `<relation id="${relation.id}" version="1">${members.join('')}${tagLines(relation)}</relation>`
    })
  fs.writeFileSync(
    xml,
    `<?xml version="1.0"?>\n<osm version="0.6">\n${[...nodes.values(), ...ways, ...relations].join('\n')}\n</osm>\n`,
  )
}

/** What is shipped is measured when it was built; from source, Node strips the types of every file in both threads first. */
const EXECUTABLE = path.join(root, 'dist/sisrua')
const BUILT = fs.existsSync(EXECUTABLE)
const PROGRAM = BUILT ? [EXECUTABLE] : [process.execPath, 'bin/sisrua.ts']

/** CPU seconds and peak MiB of one run of ours. */
function ours(folder: string, radius: number): { cpu: number; peak: number } {
  const words = [
    ...[
      'prepare',
      'osm',
      '--quiet',
      '--lat',
      String(SAMPLE.latitude),
      '--lon',
      String(SAMPLE.longitude),
    ],
    ...['--radius', String(radius), '--osm-file', path.join(folder, 'osm', 'town.json')],
    ...['--dem-dir', path.join(folder, 'dem'), '--dxf', '-o', folder],
  ]
  const meter = `import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
u = resource.getrusage(resource.RUSAGE_CHILDREN)
print(u.ru_utime + u.ru_stime, u.ru_maxrss / 1024)`
  const answer = execFileSync(PYTHON, ['-c', meter, ...PROGRAM, ...words], {
    cwd: root,
    encoding: 'utf8',
  })
  const [cpu, peak] = answer.trim().split(' ').map(Number) as [number, number]
  return { cpu, peak }
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** Five runs of ours around two of the chain, which takes half a minute each. */
export function peersJob(): { rows: unknown[]; missing: string[]; notes: string[] } {
  if (spawnSync(PYTHON, ['-c', 'import osmnx, scipy, rasterio, ezdxf, shapely']).status !== 0) {
    return { rows: [], missing: ['python3-osmnx, -scipy, -rasterio, -ezdxf, -shapely'], notes: [] }
  }
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua-job-'))
  try {
    const radiusMeters = radiusForWays(100_000)
    const town = writeSample(folder, { ...SAMPLE, radiusMeters })
    writeXml(town.file, path.join(folder, 'town.osm'))
    const mine: { cpu: number; peak: number }[] = []
    const theirs: number[] = []
    let words = ''
    for (let pair = 0; pair < 2; pair++) {
      mine.push(
        ours(folder, Math.min(5000, radiusMeters)),
        ours(folder, Math.min(5000, radiusMeters)),
      )
      const [cpu, peak, features] = execFileSync(PYTHON, ['-c', CHAIN, folder], {
        encoding: 'utf8',
        timeout: 600_000,
      })
        .trim()
        .split(' ')
        .map(Number) as [number, number, number]
      theirs.push(cpu)
      words = `chain: ${features} features, peak ${peak.toFixed(0)} MiB; ours: peak ${Math.max(...mine.map((run) => run.peak)).toFixed(0)} MiB, ${town.ways} ways, run ${BUILT ? 'as dist/sisrua' : 'from source'}`
    }
    mine.push(ours(folder, Math.min(5000, radiusMeters)))
    const [a, b] = [median(mine.map((run) => run.cpu)), median(theirs)]
    return {
      rows: [
        {
          name: 'whole job, 100k-way town with terrain [Python chain]',
          ours: a,
          peer: b,
          ratio: b / a,
          unit: 's CPU',
        },
      ],
      missing: [],
      notes: [words],
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

/** How time and memory grow: the same job on towns of 100, 250 and 500 thousand ways, drawn whole, two runs each. */
export function benchJobGrowth(): { rows: unknown[]; notes: string[] } {
  const rows: unknown[] = []
  const notes: string[] = []
  for (const size of [100_000, 250_000, 500_000]) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua-growth-'))
    try {
      const radiusMeters = radiusForWays(size)
      const { ways } = writeSample(folder, { ...SAMPLE, radiusMeters })
      const runs = [0, 1].map(() =>
        execFileSync(
          process.execPath,
          [path.join(import.meta.dirname, 'job-growth.ts'), folder, String(radiusMeters)],
          { encoding: 'utf8' },
        )
          .trim()
          .split(' ')
          .map(Number),
      ) as [number, number, number, number][]
      const [cpu, peak, features, bytes] = runs.sort((a, b) => a[0] - b[0])[0]!
      rows.push({
        name: `whole job, ${ways} ways`,
        ours: cpu,
        peer: null,
        ratio: null,
        unit: 's CPU',
      })
      notes.push(
        `${ways} ways: ${((cpu / ways) * 1e6).toFixed(1)} µs a way, peak ${peak.toFixed(0)} MiB, ${features} features, DXF ${(bytes / 1e6).toFixed(0)} MB`,
      )
    } finally {
      fs.rmSync(folder, { recursive: true, force: true })
    }
  }
  return { rows, notes }
}
