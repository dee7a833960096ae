// `npm run bench:peers [-- --only NAME]`: runs every test/bench/peers-*.ts and prints one table with the targets. Nothing is installed
// here; a peer that is missing is named. A bench is an exported function whose name holds "peer" or "bench" and that needs no argument.
import { readdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'

interface Row {
  name: string
  ours: number
  peer: number | null
  ratio: number | null
  unit: string
}

/** Least ratio to the peer, from the project's table of targets; the first pattern that fits a row's name counts. */
const TARGETS: readonly (readonly [RegExp, number])[] = [
  [/fan-out/, 1.8],
  [/FastAPI/, 2],
  [/project.*(town|box|local|fit)|(town|box|local|fit).*project/i, 12],
  [/project|PROJ\b/i, 3.5],
  [/rasterio\.?sample/i, 200],
  [/sample|bilinear|scipy/i, 2.5],
  [/contour.*\b1 m\b/i, 9],
  [/contour/i, 3.5],
  [/lzw/i, 1 / 2.2],
  [/tiff|deflate/i, 1 / 2],
  [/osmtogeojson|assembl/i, 4],
  [/pbf|osmium/i, 1 / 1.2],
  [/douglas|simplif/i, 1.2],
  [/dxf/i, 10],
  [/geojson|stringify/i, 2],
  [/whole job|town.*chain/i, 20],
  [/group|concurrent/i, 10],
  [/cycle|enqueue|plainjob/i, 1.1],
  [/append/i, 1.5],
]

const targetOf = (name: string): number | null =>
  TARGETS.find(([pattern]) => pattern.test(name))?.[1] ?? null

/** Benches answer rows, or an object with `rows` and words about what is missing. */
function rowsOf(answer: unknown): { rows: Row[]; words: string[] } {
  if (Array.isArray(answer)) return { rows: answer as Row[], words: [] }
  const { rows = [], missing = [], notes = [] } = (answer ?? {}) as Record<string, never[]>
  return {
    rows,
    words: [...missing.map((what) => `missing: ${String(what)}`), ...notes.map(String)],
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: 'string' } } })
  const files = readdirSync(import.meta.dirname)
    .filter((name) => /^peers-.+\.ts$/.test(name))
    .filter((name) => values.only === undefined || name.includes(values.only))
  if (files.length === 0) throw new Error(`no test/bench/peers-*.ts fits --only ${values.only}`)
  const cpu = os.cpus()[0]?.model ?? 'unknown processor'
  console.log(
    `${cpu}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}, load ${os.loadavg()[0]?.toFixed(1)}`,
  )
  console.log(line('name', 'ours', 'peer', 'ratio', 'target', ''))
  for (const file of files) {
    const benches = Object.entries(
      (await import(path.join(import.meta.dirname, file))) as Record<string, unknown>,
    )
    for (const [name, bench] of benches) {
      if (typeof bench !== 'function' || !/peer|bench/i.test(name) || bench.length > 0) continue
      try {
        const { rows, words } = rowsOf(await bench())
        for (const row of rows) console.log(lineOf(row))
        for (const word of words) console.log(`  ${word}`)
      } catch (error) {
        console.log(`  ${file} ${name}: ${(error as Error).message.split('\n')[0]}`)
        process.exitCode = 1
      }
    }
  }
}

function lineOf({ name, ours, peer, ratio, unit }: Row): string {
  const target = targetOf(name)
  const verdict = ratio === null || target === null ? '' : ratio >= target ? 'ok' : 'below'
  return line(
    name,
    `${figure(ours)} ${unit}`,
    peer === null ? '–' : `${figure(peer)} ${unit}`,
    ratio === null ? '–' : `${ratio.toFixed(2)} ×`,
    target === null ? '–' : `${target.toFixed(2)} ×`,
    verdict,
  )
}

const figure = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toPrecision(3)

const line = (name: string, ...cells: string[]): string =>
  `${name.padEnd(56)}${cells.map((cell) => cell.padStart(16)).join('')}`

await main()
