// Rows of the peer table for projection: ours against PROJ (Debian's python3-pyproj) and proj4js, in turn, in CPU time.
// Nothing is installed here: a missing peer is named in `missing`. Run alone: node test/bench/peers-projection.ts
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import proj4 from 'proj4'
import type { Bbox } from '../../src/kernel/geo/bbox.ts'
import { createProjector } from '../../src/kernel/geo/projector.ts'

export interface PeerRow {
  name: string
  /** Nanoseconds a point, median. */
  ours: number
  peer: number
  /** How many times faster than the peer: the median of the pairs' ratios. */
  ratio: number
  unit: string
}

const POINTS = 1_000_000
const PAIRS = 7
const WARM_UP = 3
const EPSG = 31983
const SEED = 20_260_104

/** All of zone 23 that is Brazil, and a town with its surroundings. */
const ZONE: Bbox = { west: -48, south: -33, east: -42, north: 5 }
const TOWN: Bbox = { west: -43.9, south: -22.9, east: -43.4, north: -22.5 }

/** Answers one line of CPU seconds for every line "forward" or "inverse"; arrays in and out are numpy's, as a user would have them. */
const PYTHON = `
import sys, time
import numpy
from pyproj import Transformer
points = numpy.fromfile(sys.argv[1]).reshape(-1, 2)
lon, lat = points[:, 0].copy(), points[:, 1].copy()
t = Transformer.from_crs('EPSG:4674', 'EPSG:${EPSG}', always_xy=True)
x, y = t.transform(lon, lat)
for line in sys.stdin:
    start = time.process_time()
    if line.strip() == 'forward':
        t.transform(lon, lat)
    else:
        t.transform(x, y, direction='INVERSE')
    print(time.process_time() - start, flush=True)
`

/** Every row of projection; slow (about half a minute), and only to be trusted on a machine that does nothing else. */
export async function projectionPeers(): Promise<{ rows: PeerRow[]; missing: string[] }> {
  const missing: string[] = []
  const hasProj = pythonHas(['numpy', 'pyproj'])
  if (!hasProj) missing.push('python3-pyproj and python3-numpy (Debian)')
  const rows: PeerRow[] = []
  for (const [area, box] of [
    ['whole zone', ZONE],
    ["a job's box, fitted", TOWN],
  ] as const) {
    const lonLat = randomPoints(box)
    const fitted = box === TOWN
    const projector = createProjector(EPSG, fitted ? box : undefined)
    if (fitted && projector.fitErrorMeters === null) throw new Error('the fit was refused')
    const out = new Float64Array(lonLat.length)
    const forward = () => void projector.forward(lonLat, out)
    rows.push(await compare(`project, ${area}, against proj4js`, forward, proj4Peer(lonLat)))
    if (!hasProj) continue
    const proj = startProj(lonLat)
    try {
      rows.push(await compare(`project, ${area}, against PROJ`, forward, () => proj.run('forward')))
      if (!fitted) {
        const metres = projector.forward(lonLat)
        const inverse = () => void projector.inverse(metres, out)
        rows.push(
          await compare(`unproject, ${area}, against PROJ`, inverse, () => proj.run('inverse')),
        )
      }
    } finally {
      proj.close()
    }
  }
  return { rows, missing }
}

/** Ours and the peer in turn; the peer answers its CPU seconds. */
async function compare(
  name: string,
  ours: () => void,
  peer: () => Promise<number> | number,
): Promise<PeerRow> {
  for (let i = 0; i < WARM_UP; i++) ours()
  await peer()
  const mine: number[] = []
  const theirs: number[] = []
  for (let i = 0; i < PAIRS; i++) {
    mine.push(cpuSeconds(ours))
    theirs.push(await peer())
  }
  const ratios = mine.map((seconds, i) => theirs[i]! / seconds)
  const nanoseconds = (seconds: number[]) => (median(seconds) / POINTS) * 1e9
  return {
    name,
    ours: nanoseconds(mine),
    peer: nanoseconds(theirs),
    ratio: median(ratios),
    unit: 'ns a point',
  }
}

function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

function proj4Peer(lonLat: Float64Array): () => number {
  const converter = proj4('+proj=longlat +ellps=GRS80', '+proj=utm +zone=23 +south +ellps=GRS80')
  const point = { x: 0, y: 0 }
  let sum = 0
  return () =>
    cpuSeconds(() => {
      for (let i = 0; i < lonLat.length; i += 2) {
        point.x = lonLat[i]!
        point.y = lonLat[i + 1]!
        sum += converter.forward(point).x
      }
      if (Number.isNaN(sum)) throw new Error('proj4js answered NaN')
    })
}

/** PROJ in a process of its own that waits for its turn. */
function startProj(lonLat: Float64Array): { run(what: string): Promise<number>; close(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-bench-'))
  const file = path.join(folder, 'points.f64')
  writeFileSync(file, new Uint8Array(lonLat.buffer))
  const child = spawn('/usr/bin/python3', ['-c', PYTHON, file], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 120_000,
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async run(what) {
      child.stdin.write(`${what}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error('python3 ended before its answer')
      return Number(value)
    },
    close() {
      child.stdin.end()
      child.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function pythonHas(modules: string[]): boolean {
  try {
    execFileSync('/usr/bin/python3', ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function randomPoints(box: Bbox): Float64Array {
  let state = SEED
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const lonLat = new Float64Array(2 * POINTS)
  for (let i = 0; i < lonLat.length; i += 2) {
    lonLat[i] = box.west + (box.east - box.west) * random()
    lonLat[i + 1] = box.south + (box.north - box.south) * random()
  }
  return lonLat
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}

if (import.meta.main) {
  const { rows, missing } = await projectionPeers()
  for (const { name, ours, peer, ratio, unit } of rows) {
    console.log(
      `${name.padEnd(52)} ${ours.toFixed(1).padStart(7)} ${peer.toFixed(1).padStart(7)} ${unit}  ${ratio.toFixed(1)} ×`,
    )
  }
  for (const what of missing) console.log(`missing: ${what}`)
}
