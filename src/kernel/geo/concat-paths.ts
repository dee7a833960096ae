// Several sets of paths as one, for a drawing that was made in parts.
import type { Paths } from './paths.ts'
import { pathCount } from './paths.ts'

/** All paths in order; `bases[i]` is the number of the first path of part i. Heights are kept when any part has them, NaN for the others. */
export function concatPaths(parts: readonly Paths[]): { paths: Paths; bases: number[] } {
  let vertices = 0
  let count = 0
  let heights = false
  for (const part of parts) {
    vertices += part.coords.length / 2
    count += pathCount(part)
    heights ||= part.z !== undefined
  }
  const coords = new Float64Array(vertices * 2)
  const z = heights ? new Float64Array(vertices).fill(Number.NaN) : undefined
  const offsets = new Uint32Array(count + 1)
  const bases: number[] = []
  let vertex = 0
  let path = 0
  for (const part of parts) {
    bases.push(path)
    coords.set(part.coords, vertex * 2)
    if (part.z !== undefined) z?.set(part.z, vertex)
    for (let i = 0; i < pathCount(part); i++) offsets[path + i + 1] = vertex + part.offsets[i + 1]!
    vertex += part.coords.length / 2
    path += pathCount(part)
  }
  return { paths: z === undefined ? { coords, offsets } : { coords, z, offsets }, bases }
}
