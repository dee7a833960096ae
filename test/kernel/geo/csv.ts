// Reads the reference tables of ../shared/data/proj for the tests beside it.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { sharedData } from '../../support/shared-data.ts'

/** Rows of a CSV (plain or .gz) as records of text by column name. */
export function referenceTable(name: string): Record<string, string>[] {
  const bytes = readFileSync(sharedData(`proj/${name}`)!)
  const lines = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().trim().split('\n')
  const columns = lines[0]!.split(',')
  return lines.slice(1).map((line) => {
    const fields = line.split(',')
    return Object.fromEntries(columns.map((column, i) => [column, fields[i]!]))
  })
}

/** Distance in metres between two places in degrees, for places a few metres apart at most. */
export function metresBetween(lonA: number, latA: number, lonB: number, latB: number): number {
  const lon = ((((lonA - lonB) % 360) + 540) % 360) - 180
  return Math.hypot(lon * Math.cos((latB * Math.PI) / 180), latA - latB) * 111_320
}

/** Prints the worst error per key, so that a test run shows figures and not only a tick. */
export function printWorst(title: string, worst: Map<string, number>): void {
  const lines = [...worst].map(([key, value]) => `  ${key.padEnd(28)} ${value.toExponential(2)}`)
  process.stdout.write(`${title}\n${lines.join('\n')}\n`)
}

export function raise(worst: Map<string, number>, key: string, value: number): void {
  // Math.max keeps a NaN: a missing answer is the worst error.
  worst.set(key, Math.max(worst.get(key) ?? 0, value))
}
