// Lines as small literals, and back.
import type { Paths } from '../../src/kernel/geo/paths.ts'

export type Line = [number, number][]

/** Packs lines; `heights` gives every vertex its z. */
export function pack(lines: Line[], heights?: number[][]): Paths {
  const offsets = [0]
  for (const line of lines) offsets.push(offsets.at(-1)! + line.length)
  const paths: Paths = {
    coords: Float64Array.from(lines.flat(2)),
    offsets: Uint32Array.from(offsets),
  }
  if (heights) paths.z = Float64Array.from(heights.flat())
  return paths
}

export function unpack({ coords, offsets }: Paths): Line[] {
  return Array.from({ length: offsets.length - 1 }, (_, path) =>
    Array.from({ length: offsets[path + 1]! - offsets[path]! }, (_, i) => {
      const v = offsets[path]! + i
      return [coords[2 * v]!, coords[2 * v + 1]!] as [number, number]
    }),
  )
}

export function lengthOf({ coords, offsets }: Paths): number {
  let sum = 0
  for (let path = 0; path + 1 < offsets.length; path++) {
    for (let i = offsets[path]!; i + 1 < offsets[path + 1]!; i++) {
      sum += Math.hypot(
        coords[2 * i + 2]! - coords[2 * i]!,
        coords[2 * i + 3]! - coords[2 * i + 1]!,
      )
    }
  }
  return sum
}
