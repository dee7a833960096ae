// Douglas–Peucker against GEOS (shapely) in turn, and how the cleaning of lines grows from 1k to 1M vertices.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Bbox } from '../../src/kernel/geo/bbox.ts'
import { clipLines } from '../../src/kernel/geo/clip.ts'
import { clipRings } from '../../src/kernel/geo/clip-rings.ts'
import { findIntersections } from '../../src/kernel/geo/intersections.ts'
import { roadEdges } from '../../src/kernel/geo/offset.ts'
import type { Paths } from '../../src/kernel/geo/paths.ts'
import { prunePaths } from '../../src/kernel/geo/prune.ts'
import { roadEdgesByLevel } from '../../src/kernel/geo/road-levels.ts'
import { simplifyPaths } from '../../src/kernel/geo/simplify.ts'
import { keptSharedVertices } from '../../src/kernel/geo/simplify-shared.ts'
import { snapVertices } from '../../src/kernel/geo/snap.ts'
import { joinLines } from '../../src/kernel/geo/topology.ts'

export interface PeerRow {
  name: string
  ours: number
  peer: number
  ratio: number
  unit: string
}

const PAIRS = 5
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!

function cpuMs(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** Streets as random walks of 20 vertices; every tenth begins where another ends. Seeded. */
export function streets(vertices: number): { paths: Paths; nodes: Float64Array; keys: Int32Array } {
  let state = 20261121
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const count = Math.ceil(vertices / 20)
  const side = Math.sqrt(count) * 60
  const coords = new Float64Array(count * 40)
  const nodes = new Float64Array(count * 20)
  for (let line = 0; line < count; line++) {
    let heading = random() * 6.28
    const follow = line > 0 && line % 10 !== 0
    let x = follow ? coords[line * 40 - 2]! : 259_722 + random() * side
    let y = follow ? coords[line * 40 - 1]! : 7_591_553 + random() * side
    for (let i = 0; i < 20; i++) {
      const v = line * 20 + i
      coords[2 * v] = x
      coords[2 * v + 1] = y
      nodes[v] = follow && i === 0 ? nodes[v - 1]! : v + 1
      heading += (random() - 0.5) * 0.6
      x += 5 * Math.cos(heading)
      y += 5 * Math.sin(heading)
    }
  }
  const offsets = Uint32Array.from({ length: count + 1 }, (_, i) => i * 20)
  return { paths: { coords, offsets }, nodes, keys: new Int32Array(count) }
}

const GEOS = `
import sys, time, numpy as np
from shapely.geometry import LineString
c = np.fromfile(sys.argv[1]).reshape(-1, int(sys.argv[3]), 2)
g = [LineString(l) for l in c]
t = time.process_time()
s = [l.simplify(float(sys.argv[2]), preserve_topology=False) for l in g]
t = time.process_time() - t
print(t * 1000, sum(len(l.coords) for l in s))
`

/** Simplification of 1M vertices in lines of 1,000 at 0.5 m: CPU time per vertex, ours and GEOS in turn. */
export function peersLines(): { rows: PeerRow[]; notes: string[] } {
  const notes: string[] = []
  const rows: PeerRow[] = []
  const { paths } = streets(1_000_000)
  const long: Paths = {
    coords: paths.coords,
    offsets: Uint32Array.from({ length: 1001 }, (_, i) => i * 1000),
  }
  const probe = spawnSync('/usr/bin/python3', ['-c', 'import shapely, numpy'])
  if (probe.status === 0) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'sisrua-bench-'))
    const file = path.join(folder, 'coords.bin')
    writeFileSync(file, Buffer.from(long.coords.buffer))
    const ours: number[] = []
    const peer: number[] = []
    let kept = 0
    let keptByPeer = 0
    simplifyPaths(long, 0.5, null)
    for (let pair = 0; pair < PAIRS; pair++) {
      ours.push(
        cpuMs(() => {
          kept = simplifyPaths(long, 0.5, null).coords.length / 2
        }),
      )
      const answer = execFileSync('/usr/bin/python3', ['-c', GEOS, file, '0.5', '1000'], {
        encoding: 'utf8',
      })
      const [milliseconds, count] = answer.trim().split(' ').map(Number) as [number, number]
      peer.push(milliseconds)
      keptByPeer = count
    }
    rmSync(folder, { recursive: true })
    if (kept !== keptByPeer) notes.push(`simplify keeps ${kept} vertices, GEOS ${keptByPeer}`)
    const [a, b] = [median(ours), median(peer)]
    rows.push({
      name: 'Douglas–Peucker, 1M vertices [GEOS]',
      ours: a,
      peer: b,
      ratio: b / a,
      unit: 'ns a vertex',
    })
  } else notes.push('python3-shapely is not installed: no figure for GEOS')
  return { rows, notes }
}

/** CPU milliseconds of each cleaning step at 1k, 10k, 100k, 1M vertices, and the exponent fitted to the last three (1k is mostly warming up). */
export function benchGrowthOfLines(): { rows: PeerRow[]; notes: string[] } {
  const notes = [
    `${'growth, CPU ms'.padEnd(24)}${SIZES.map((n) => `${n / 1000}k`.padStart(10)).join('')}`,
  ]
  const steps: Record<string, (input: ReturnType<typeof streets>) => void> = {
    'de-duplicate': (input) => void joinLines({ ...twice(input), join: false }),
    join: (input) => void joinLines(input),
    snap: ({ paths }) => void snapVertices(paths, 0.05),
    prune: ({ paths }) => void prunePaths(paths),
    'clip to a circle': ({ paths }) => void clipLines(paths, circleIn(paths)),
    'clip to a box': ({ paths }) => void clipLines(paths, boxIn(paths)),
    'clip to 10k vertices': ({ paths }) =>
      void clipLines(paths, { kind: 'polygon', ring: star(circleIn(paths), 10_000) }),
    'clip rings': ({ paths }) => void clipRings(asRings(paths), circleIn(paths)),
    'Douglas–Peucker': ({ paths }) => void simplifyPaths(paths, 0.05, null),
    Visvalingam: ({ paths }) => void simplifyPaths(paths, 0.05, null, 'visvalingam'),
    'shared borders': ({ paths, nodes }) => void keptSharedVertices(paths, nodes, 0.05),
    'self-crossings': ({ paths }) => void findIntersections(asRings(paths), 'self', 1e9),
    intersections: ({ paths }) => void findIntersections(paths, 'all', 1e9),
    'road edges': ({ paths }) =>
      void roadEdges(paths, new Float64Array(paths.offsets.length - 1).fill(7)),
    'road edges, 3 storeys': ({ paths, keys }) =>
      void roadEdgesByLevel(paths, new Float64Array(keys.length).fill(7), bridges(keys.length)),
  }
  for (const [name, step] of Object.entries(steps)) {
    const times = SIZES.map((size) => {
      const input = streets(size)
      if (size < 1_000_000) step(input)
      return median([0, 1, 2].slice(size < 1_000_000 ? 0 : 2).map(() => cpuMs(() => step(input))))
    })
    const exponent = slope(SIZES.slice(1), times.slice(1))
    notes.push(
      `${name.padEnd(24)}${times.map((time) => time.toFixed(1).padStart(10)).join('')}   n^${exponent.toFixed(2)}`,
    )
  }
  return { rows: [], notes }
}

const SIZES = [1_000, 10_000, 100_000, 1_000_000]

/** Least-squares slope of log time over log size. */
function slope(sizes: number[], times: number[]): number {
  const x = sizes.map(Math.log)
  const y = times.map(Math.log)
  const mean = (values: number[]): number => values.reduce((a, b) => a + b) / values.length
  const [mx, my] = [mean(x), mean(y)]
  const top = x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0)
  return top / x.reduce((sum, value) => sum + (value - mx) ** 2, 0)
}

/** Half of the streets, each there twice, the second time backward. */
function twice({ paths, nodes, keys }: ReturnType<typeof streets>): ReturnType<typeof streets> {
  const half = keys.length >> 1
  const from = half * 20
  const coords = paths.coords.slice(0, 4 * from)
  const ids = nodes.slice(0, 2 * from)
  for (let i = 0; i < from; i++) {
    coords[2 * (from + i)] = coords[2 * (from - 1 - i)]!
    coords[2 * (from + i) + 1] = coords[2 * (from - 1 - i) + 1]!
    ids[from + i] = ids[from - 1 - i]!
  }
  const offsets = paths.offsets.slice(0, 2 * half + 1)
  return { paths: { coords, offsets }, nodes: ids, keys: new Int32Array(2 * half) }
}

/** Every fiftieth street is a bridge, every fiftieth a tunnel. */
function bridges(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => (i % 50 === 7 ? 1 : i % 50 === 31 ? -1 : 0))
}

function boxIn(paths: Paths): { kind: 'box'; bbox: Bbox } {
  const { x, y, radius } = circleIn(paths)
  const reach = radius * 0.7
  return {
    kind: 'box',
    bbox: { west: x - reach, south: y - reach, east: x + reach, north: y + reach },
  }
}

/** A circle that cuts about half of the streets off. */
function circleIn(paths: Paths): { kind: 'circle'; x: number; y: number; radius: number } {
  const half = Math.sqrt(paths.offsets.length) * 30
  return { kind: 'circle', x: 259_722 + half, y: 7_591_553 + half, radius: half }
}

/** A polygon with that many vertices about the circle. */
function star({ x, y, radius }: ReturnType<typeof circleIn>, count: number): Float64Array {
  const ring = new Float64Array(2 * count + 2)
  for (let i = 0; i < count; i++) {
    const angle = (2 * Math.PI * i) / count
    const reach = radius * (1 + 0.02 * Math.sin(40 * angle))
    ring[2 * i] = x + reach * Math.cos(angle)
    ring[2 * i + 1] = y + reach * Math.sin(angle)
  }
  ring[2 * count] = ring[0]!
  ring[2 * count + 1] = ring[1]!
  return ring
}

/** The streets with their last vertex led back to the first. */
function asRings({ coords, offsets }: Paths): Paths {
  const closed = coords.slice()
  for (let path = 0; path + 1 < offsets.length; path++) {
    closed[2 * offsets[path + 1]! - 2] = closed[2 * offsets[path]!]!
    closed[2 * offsets[path + 1]! - 1] = closed[2 * offsets[path]! + 1]!
  }
  return { coords: closed, offsets }
}
