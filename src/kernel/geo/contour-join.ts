// Puts fragments together into whole lines in the grid's CRS, without repeated vertices and without spikes.
import type { Fragments } from './contour-trace.ts'
import type { Grid } from './grid.ts'
import type { Paths } from './paths.ts'

/**
 * Whole lines. Where a height stands exactly on its level, several crossings fall on one grid point: repeated vertices go, and so do
 * spikes (out and back along the same edge, the two flanks of a ridge one point wide). A line that shrinks to nothing is left out.
 */
export function joinFragments(
  fragments: Fragments,
  grid: Grid,
): { paths: Paths; levelNumbers: Int32Array } {
  const { count, hasPrevious, next, closed } = fragments
  const line = createLine(fragments.vertexCount, count)
  const done = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    if (hasPrevious[i] !== 0 || closed[i] !== 0) continue
    for (let k = i; k >= 0; k = next[k]!) {
      append(line, fragments, k)
      done[k] = 1
    }
    finish(line, fragments.levels[i]!, false, grid)
  }
  for (let i = 0; i < count; i++) {
    if (done[i] !== 0) continue
    for (let k = i; k >= 0 && done[k] === 0; k = next[k]!) {
      append(line, fragments, k)
      done[k] = 1
    }
    finish(line, fragments.levels[i]!, true, grid)
  }
  // A view: the little that cleaning saved is not worth a copy of everything.
  const coords = line.coords.subarray(0, 2 * line.end)
  return {
    paths: { coords, offsets: line.offsets.slice(0, line.lines + 1) },
    levelNumbers: line.levels.slice(0, line.lines),
  }
}

/** Lines under construction: the current one runs from `start` to `end`. */
interface Line {
  coords: Float64Array
  start: number
  end: number
  offsets: Uint32Array
  levels: Int32Array
  lines: number
}

function createLine(vertices: number, count: number): Line {
  return {
    // Every closed line repeats one vertex.
    coords: new Float64Array(2 * (vertices + count)),
    start: 0,
    end: 0,
    offsets: new Uint32Array(count + 1),
    levels: new Int32Array(count),
    lines: 0,
  }
}

function append(line: Line, fragments: Fragments, fragment: number): void {
  const source = fragments.coords
  const target = line.coords
  const { start } = line
  const stop = fragments.starts[fragment + 1]!
  let end = line.end
  for (let i = fragments.starts[fragment]!; i < stop; i++) {
    const x = source[2 * i]!
    const y = source[2 * i + 1]!
    const last = 2 * end - 2
    if (end > start && target[last] === x && target[last + 1] === y) continue
    if (end > start + 1 && target[last - 2] === x && target[last - 1] === y) {
      end--
      continue
    }
    target[2 * end] = x
    target[2 * end + 1] = y
    end++
  }
  line.end = end
}

/** Closes the current line, moves it into the grid's CRS and keeps it, or drops it when nothing is left of it. */
function finish(line: Line, level: number, ring: boolean, grid: Grid): void {
  const { coords } = line
  let { start, end } = line
  const same = (a: number, b: number) =>
    coords[2 * a] === coords[2 * b] && coords[2 * a + 1] === coords[2 * b + 1]
  if (ring) {
    // A ring has no first vertex: repeated vertices and spikes are looked for across the place where it was cut, too.
    while (end - start > 1 && same(start, end - 1)) end--
    while (end - start > 2 && (same(start + 1, end - 1) || same(start, end - 2))) {
      if (same(start + 1, end - 1)) start++
      else end--
      while (end - start > 1 && same(start, end - 1)) end--
    }
    if (end - start >= 3) {
      coords[2 * end] = coords[2 * start]!
      coords[2 * end + 1] = coords[2 * start + 1]!
      end++
    } else end = start
  } else if (end - start < 2) end = start
  if (end > start) {
    if (start > line.start) {
      coords.copyWithin(2 * line.start, 2 * start, 2 * end)
      end -= start - line.start
    }
    const { originX, originY, cellSizeX, cellSizeY } = grid
    for (let i = 2 * line.start; i < 2 * end; i += 2) {
      coords[i] = originX + coords[i]! * cellSizeX
      coords[i + 1] = originY - coords[i + 1]! * cellSizeY
    }
    line.levels[line.lines++] = level
    line.offsets[line.lines] = end
    line.start = end
    line.end = end
  } else line.end = line.start
}
