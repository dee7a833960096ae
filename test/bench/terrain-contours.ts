// One run of our contours in a process of its own: CPU seconds and peak memory, as one line of JSON. Lines are taken as they are
// finished, summed up and let go, as a program that draws or writes them would. node test/bench/terrain-contours.ts GROUND.f32 SIDE INTERVAL
import { readFileSync } from 'node:fs'
import { contourLines } from '../../src/kernel/geo/contour.ts'

const [file, side, interval] = process.argv.slice(2)
const bytes = readFileSync(file!)
const cells = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
const width = Number(side)
const place = { originX: 0, originY: width - 1, cellSizeX: 1, cellSizeY: 1, epsg: 31_983 }
const grid = { cells, width, height: width, ...place, verticalDatum: null, sources: ['bench'] }
const before = process.cpuUsage()
let lines = 0
let vertices = 0
let length = 0
contourLines(grid, { intervalMeters: Number(interval), maxVertices: 1e9 }, ({ paths }) => {
  const { coords, offsets } = paths
  lines += offsets.length - 1
  vertices += coords.length / 2
  for (let line = 0; line + 1 < offsets.length; line++) {
    for (let i = 2 * offsets[line]! + 2; i < 2 * offsets[line + 1]!; i += 2) {
      const x = coords[i]! - coords[i - 2]!
      const y = coords[i + 1]! - coords[i - 1]!
      length += Math.sqrt(x * x + y * y)
    }
  }
})
const { user, system } = process.cpuUsage(before)
const peakMiB = process.resourceUsage().maxRSS / 1_024
console.log(JSON.stringify({ seconds: (user + system) / 1e6, peakMiB, lines, vertices, length }))
