// One run of our contours in a process of its own, as one line of JSON: CPU seconds of the first pass over the ground (code that V8 has
// not compiled yet), peak memory after it, and what start, modules and reading took before, which neither side counts. Lines are counted
// as they are handed out and let go, or with `whole` kept together. A second pass that is not counted sums their length.
// node test/bench/terrain-contours.ts GROUND.f32 SIDE INTERVAL [whole]
import { readFileSync } from 'node:fs'
import { contourGrid, contourLines } from '../../src/kernel/geo/contour.ts'

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

const started = cpuSeconds()
const [file, side, interval, kept] = process.argv.slice(2)
const bytes = readFileSync(file!)
const cells = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
const width = Number(side)
const place = { originX: 0, originY: width - 1, cellSizeX: 1, cellSizeY: 1, epsg: 31_983 }
const grid = { cells, width, height: width, ...place, verticalDatum: null, sources: ['bench'] }
const options = { intervalMeters: Number(interval), maxVertices: 1e9 }

const before = cpuSeconds()
let lines = 0
if (kept === 'whole') lines = contourGrid(grid, options).levelNumbers.length
else contourLines(grid, options, ({ levelNumbers }) => (lines += levelNumbers.length))
const seconds = cpuSeconds() - before
const peakMiB = process.resourceUsage().maxRSS / 1_024

let length = 0
contourLines(grid, options, ({ paths: { coords, offsets } }) => {
  for (let line = 0; line + 1 < offsets.length; line++) {
    for (let i = 2 * offsets[line]! + 2; i < 2 * offsets[line + 1]!; i += 2) {
      length += Math.hypot(coords[i]! - coords[i - 2]!, coords[i + 1]! - coords[i - 1]!)
    }
  }
})
const beforehand = { started, reading: before - started }
console.log(JSON.stringify({ seconds, peakMiB, lines, length, ...beforehand }))
