// Keeps batches of lines in one place.
import type { LineBatch } from './contour-writer.ts'
import { grownSize } from './contour-writer.ts'
import type { Paths } from './paths.ts'

export interface LineCollector {
  /** `kept` are the lines to add (all when absent); `done` says how much of the work they stand for. */
  add(paths: Paths, levelNumbers: Int32Array, done: number): void
  /** Everything added so far. `paths.coords` is a view of a larger buffer. */
  take(): Pick<LineBatch, 'paths' | 'levelNumbers'>
}

export function createLineCollector(): LineCollector {
  let coords = new Float64Array(1 << 12)
  let offsets = new Uint32Array(1 << 8)
  let levels = new Int32Array(1 << 8)
  let used = 0
  let lines = 0

  return {
    add(paths, levelNumbers, done) {
      const count = levelNumbers.length
      const end = used + paths.coords.length
      if (end > coords.length) {
        const larger = new Float64Array(grownSize(end, done))
        larger.set(coords.subarray(0, used))
        coords = larger
      }
      if (lines + count + 1 > offsets.length) {
        const size = grownSize(lines + count + 1, done)
        const largerOffsets = new Uint32Array(size)
        largerOffsets.set(offsets)
        offsets = largerOffsets
        const largerLevels = new Int32Array(size)
        largerLevels.set(levels)
        levels = largerLevels
      }
      coords.set(paths.coords, used)
      levels.set(levelNumbers, lines)
      const base = used / 2
      for (let i = 1; i <= count; i++) offsets[lines + i] = base + paths.offsets[i]!
      used = end
      lines += count
    },
    take: () => ({
      paths: { coords: coords.subarray(0, used), offsets: offsets.slice(0, lines + 1) },
      levelNumbers: levels.slice(0, lines),
    }),
  }
}
