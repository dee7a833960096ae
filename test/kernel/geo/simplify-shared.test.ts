import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keptVertices, selectVertices } from '../../../src/kernel/geo/simplify.ts'
import { keptSharedVertices } from '../../../src/kernel/geo/simplify-shared.ts'
import { type Line, pack, unpack } from '../../support/lines.ts'

/** Two blocks side by side; the wobbling border between them is nodes 2, 3, 4, 5, 6. */
const places: Record<number, [number, number]> = {
  1: [0, 0],
  2: [10, 0],
  3: [10.2, 2],
  4: [9.9, 5],
  5: [10.1, 8],
  6: [10, 10],
  7: [0, 10],
  8: [20, 10],
  9: [20, 0],
}
const rings = (list: number[][]) => ({
  paths: pack(list.map((ring) => ring.map((n) => places[n]!)) as Line[]),
  nodes: Float64Array.from(list.flat()),
})

describe('simplifying shared borders', () => {
  test('the border between two blocks loses the same vertices on both sides', () => {
    const { paths, nodes } = rings([
      [1, 2, 3, 4, 5, 6, 7, 1],
      [9, 8, 6, 5, 4, 3, 2, 9],
    ])
    const kept = keptSharedVertices(paths, nodes, 0.5)
    expect(unpack(selectVertices(paths, kept))).toEqual(
      [
        [1, 2, 6, 7, 1],
        [9, 8, 6, 2, 9],
      ].map((ring) => ring.map((n) => places[n]!)),
    )
  })

  test('ends of lines stay, and where a third line meets', () => {
    const { paths, nodes } = rings([
      [2, 3, 4, 5, 6],
      [7, 4],
    ])
    expect([...keptSharedVertices(paths, nodes, 5)]).toEqual([1, 0, 1, 0, 1, 1, 1])
  })

  test('zero and NaN tolerances keep everything; empty input; vertices without node ids', () => {
    const { paths, nodes } = rings([[2, 3, 4, 5, 6]])
    for (const tolerance of [0, -1, Number.NaN])
      expect([...keptSharedVertices(paths, nodes, tolerance)]).toEqual([1, 1, 1, 1, 1])
    expect(keptSharedVertices(pack([]), new Float64Array(0), 1).length).toBe(0)
    expect([...keptSharedVertices(paths, nodes.fill(Number.NaN), 5)]).toEqual([1, 0, 0, 0, 1])
  })

  test('property: both sides agree for every ring start, direction and method; no ring collapses', () => {
    let disagreements = 0
    fc.assert(
      fc.property(
        fc.nat(),
        fc.double({ min: 0.01, max: 9, noNaN: true }),
        fc.constantFrom('douglas-peucker' as const, 'visvalingam' as const),
        (seed, tolerance, method) => {
          const { paths, nodes } = tiling(seed)
          const kept = keptSharedVertices(paths, nodes, tolerance, method)
          expect(agree(nodes, kept)).toBe(true)
          for (const ring of unpack(selectVertices(paths, kept))) {
            expect(ring.length).toBeGreaterThanOrEqual(4)
            expect(ring[0]).toEqual(ring.at(-1))
          }
          if (!agree(nodes, keptVertices(paths, tolerance, null, method))) disagreements++
        },
      ),
      { seed: 20261121, numRuns: 300 },
    )
    // Control: ring by ring, the borders come apart.
    expect(disagreements).toBeGreaterThan(100)
  })
})

/** Whether all vertices of a node are kept, or none. */
function agree(nodes: Float64Array, kept: Uint8Array): boolean {
  const known = new Map<number, number>()
  return nodes.every((node, i) => {
    if (!known.has(node)) known.set(node, kept[i]!)
    return known.get(node) === kept[i]
  })
}

/** Nine blocks of 8 × 8 wobbling nodes each; rings begin anywhere and run either way. */
function tiling(seed: number) {
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const place = new Map<number, [number, number]>()
  const node = (column: number, row: number): number => {
    const id = column * 1000 + row
    if (!place.has(id)) place.set(id, [column + 0.9 * random(), row + 0.9 * random()])
    return id
  }
  const list: number[][] = []
  for (let x = 0; x < 24; x += 8) {
    for (let y = 0; y < 24; y += 8) {
      const side = [0, 1, 2, 3, 4, 5, 6, 7]
      const around = [
        ...side.map((k) => node(x + k, y)),
        ...side.map((k) => node(x + 8, y + k)),
        ...side.map((k) => node(x + 8 - k, y + 8)),
        ...side.map((k) => node(x, y + 8 - k)),
      ]
      const start = Math.floor(random() * around.length)
      const ring = [...around.slice(start), ...around.slice(0, start)]
      if (random() < 0.5) ring.reverse()
      list.push([...ring, ring[0]!])
    }
  }
  return {
    paths: pack(list.map((ring) => ring.map((id) => place.get(id)!))),
    nodes: Float64Array.from(list.flat()),
  }
}
