// Overpass JSON to lines and areas: ours against osmtogeojson, each run in a process of its own, in turn. CPU time and peak memory.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { assembleOsm } from '../../src/kernel/formats/osm-assemble.ts'
import { decodeOsmJson } from '../../src/kernel/formats/osm-json.ts'
import { makeTown } from '../support/town.ts'

export interface BenchRow {
  name: string
  ours: number
  peer: number
  /** peer / ours: above 1 we are better. */
  ratio: number
  unit: string
}

interface Run {
  cpuMs: number
  peakMb: number
  features: number
}

const PAIRS = 5

/** Rows for towns of the given sizes; the peer is left out (NaN) above 100k ways, where it needs gigabytes. */
export function benchOsm(sizes: readonly number[] = [1_000, 10_000, 100_000, 500_000]): BenchRow[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sisrua-bench-'))
  try {
    return sizes.flatMap((size) => benchSize(folder, size))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function benchSize(folder: string, size: number): BenchRow[] {
  const file = path.join(folder, `town-${size}.json`)
  const town = makeTown(size)
  writeFileSync(file, town.text)
  const runs: Record<'ours' | 'peer', Run[]> = { ours: [], peer: [] }
  for (let pair = 0; pair < PAIRS; pair++) {
    runs.ours.push(runChild('ours', file))
    if (size <= 100_000) runs.peer.push(runChild('peer', file))
  }
  const label = `Overpass JSON, ${size} ways (${(town.text.length / 1e6).toFixed(0)} MB)`
  return [
    row(`${label}, CPU`, 'ms', runs, ({ cpuMs }) => cpuMs),
    row(`${label}, peak memory`, 'MB', runs, ({ peakMb }) => peakMb),
  ]
}

function row(
  name: string,
  unit: string,
  runs: { ours: Run[]; peer: Run[] },
  figure: (run: Run) => number,
): BenchRow {
  const ours = median(runs.ours.map(figure))
  const peer = median(runs.peer.map(figure))
  return { name, ours, peer, ratio: peer / ours, unit }
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

function runChild(which: 'ours' | 'peer', file: string): Run {
  const output = execFileSync(
    process.execPath,
    ['--max-old-space-size=4096', import.meta.filename, which, file],
    {
      encoding: 'utf8',
      timeout: 300_000,
    },
  )
  return JSON.parse(output) as Run
}

/** One conversion in this process: from bytes in memory to features. */
function convert(which: string, file: string): Run {
  const bytes = readFileSync(file)
  const before = process.cpuUsage()
  let features: number
  if (which === 'ours') features = assembleOsm(decodeOsmJson(bytes)).features.count
  else {
    const osmtogeojson = createRequire(import.meta.url)('osmtogeojson') as (document: unknown) => {
      features: unknown[]
    }
    features = osmtogeojson(JSON.parse(bytes.toString('utf8'))).features.length
  }
  const { user, system } = process.cpuUsage(before)
  return { cpuMs: (user + system) / 1000, peakMb: process.resourceUsage().maxRSS / 1024, features }
}

if (process.argv[1] === import.meta.filename) {
  const [, , which, file] = process.argv
  if (which === 'ours' || which === 'peer') console.log(JSON.stringify(convert(which, file!)))
  else console.table(benchOsm(which === undefined ? undefined : [Number(which)]))
}
