import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JoinedLines } from '../../../src/kernel/geo/topology.ts'
import { joinLines, junctionMask } from '../../../src/kernel/geo/topology.ts'
import { type Line, lengthOf, pack } from '../../support/lines.ts'

/** Lines written as node numbers: node n lies at (n % 10, n / 10). */
function network(ways: number[][], keys: number[] = ways.map(() => 0), directed?: number[]) {
  const lines = ways.map((way) => way.map((n) => [n % 10, Math.floor(n / 10)] as [number, number]))
  return {
    paths: pack(lines as Line[]),
    nodes: Float64Array.from(ways.flat()),
    keys: Int32Array.from(keys),
    ...(directed ? { directed: Uint8Array.from(directed) } : {}),
  }
}
const ways = ({ nodes, paths }: JoinedLines): number[][] =>
  Array.from({ length: paths.offsets.length - 1 }, (_, i) =>
    Array.from(nodes.subarray(paths.offsets[i]!, paths.offsets[i + 1]!)),
  )
const membersOf = ({ memberOffsets, members }: JoinedLines, i: number): number[] =>
  Array.from(members.subarray(memberOffsets[i]!, memberOffsets[i + 1]!))

describe('joining lines', () => {
  test('a split street becomes one line again, whatever the direction of its parts', () => {
    const joined = joinLines(
      network([
        [1, 2, 3],
        [5, 4, 3],
        [5, 6],
      ]),
    )
    expect(ways(joined)).toEqual([[1, 2, 3, 4, 5, 6]])
    expect(membersOf(joined, 0)).toEqual([0, 1, 2])
  })

  test('a crossing stops the joining, also one in the middle of another line', () => {
    expect(
      ways(
        joinLines(
          network([
            [1, 2],
            [2, 3],
            [12, 2],
          ]),
        ),
      ),
    ).toEqual([
      [1, 2],
      [2, 3],
      [12, 2],
    ])
    expect(
      ways(
        joinLines(
          network([
            [1, 2],
            [2, 3],
            [12, 2, 22],
          ]),
        ),
      ),
    ).toHaveLength(3)
    expect(
      ways(
        joinLines(
          network(
            [
              [1, 2],
              [2, 3],
              [12, 2, 22],
            ],
            [0, 0, 9],
          ),
        ),
      ),
    ).toHaveLength(3)
  })

  test('other names are not joined', () => {
    expect(
      ways(
        joinLines(
          network(
            [
              [1, 2],
              [2, 3],
            ],
            [0, 1],
          ),
        ),
      ),
    ).toEqual([
      [1, 2],
      [2, 3],
    ])
  })

  test('a street drawn twice, once reversed, is drawn once: no beaks', () => {
    const joined = joinLines(
      network([
        [1, 2, 3],
        [3, 2, 1],
      ]),
    )
    expect(ways(joined)).toEqual([[1, 2, 3]])
    expect(joined.duplicateSegments).toBe(2)
  })

  test('an out-and-back line loses its way back', () => {
    expect(ways(joinLines(network([[1, 2, 3, 2, 1]])))).toEqual([[1, 2, 3]])
  })

  test('a partly doubled segment is drawn once and the rest stays', () => {
    const joined = joinLines(
      network([
        [1, 2, 3, 4],
        [13, 3, 2, 12],
      ]),
    )
    expect(lengthOf(joined.paths)).toBeCloseTo(5)
    expect(joined.duplicateSegments).toBe(1)
  })

  test('equal segments of different keys are different things', () => {
    expect(
      ways(
        joinLines(
          network(
            [
              [1, 2],
              [2, 1],
            ],
            [0, 1],
          ),
        ),
      ),
    ).toHaveLength(2)
  })

  test('a roundabout of several ways becomes one closed line', () => {
    const [ring] = ways(
      joinLines(
        network([
          [1, 2, 12],
          [12, 11, 1],
        ]),
      ),
    )
    expect(ring).toEqual([1, 2, 12, 11, 1])
  })

  test('oneways are joined head to tail only, never reversed', () => {
    expect(
      ways(
        joinLines(
          network(
            [
              [1, 2],
              [2, 3],
            ],
            [0, 0],
            [1, 1],
          ),
        ),
      ),
    ).toEqual([[1, 2, 3]])
    expect(
      ways(
        joinLines(
          network(
            [
              [1, 2],
              [3, 2],
            ],
            [0, 0],
            [1, 1],
          ),
        ),
      ),
    ).toEqual([
      [1, 2],
      [3, 2],
    ])
    expect(
      ways(
        joinLines(
          network(
            [
              [2, 3],
              [1, 2],
            ],
            [0, 0],
            [1, 1],
          ),
        ),
      ),
    ).toEqual([[1, 2, 3]])
  })

  test('repeated nodes, empty and one-vertex lines are harmless', () => {
    expect(ways(joinLines(network([[1, 1, 2, 2], [], [7]])))).toEqual([[1, 2]])
    expect(ways(joinLines(network([])))).toEqual([])
  })

  test('vertices without a node id are never shared', () => {
    const net = network([
      [1, 2],
      [2, 3],
    ])
    net.nodes.set([1, Number.NaN, Number.NaN, 3])
    expect(joinLines(net).paths.offsets.length - 1).toBe(2)
  })

  test('heights travel along', () => {
    const net = network([
      [1, 2],
      [3, 2],
    ])
    net.paths.z = Float64Array.of(10, 20, 30, 20)
    expect(Array.from(joinLines(net).paths.z!)).toEqual([10, 20, 30])
  })

  test('properties: nothing lost, nothing doubled, joining again changes nothing, order does not matter', () => {
    const street = fc.array(fc.integer({ min: 0, max: 39 }), { minLength: 2, maxLength: 7 })
    const segmentsOf = (list: number[][]): Set<string> => {
      const found = new Set<string>()
      for (const way of list) {
        for (let i = 0; i + 1 < way.length; i++) {
          if (way[i] !== way[i + 1])
            found.add([way[i]!, way[i + 1]!].sort((a, b) => a - b).join('-'))
        }
      }
      return found
    }
    fc.assert(
      fc.property(
        fc.array(street, { maxLength: 12 }),
        fc.integer({ min: 1, max: 1000 }),
        (list, salt) => {
          const joined = joinLines(network(list))
          const out = ways(joined)
          expect(segmentsOf(out)).toEqual(segmentsOf(list))
          const count = out.reduce((sum, way) => sum + way.length - 1, 0)
          expect(count).toBe(segmentsOf(list).size)
          const again = ways(joinLines(network(out)))
          expect(again.map((way) => way.length).sort()).toEqual(out.map((way) => way.length).sort())
          const shuffled = list
            .map((way, i) => ({
              way: (i * salt) % 3 === 0 ? [...way].reverse() : way,
              rank: (i * 7919 * salt) % 101,
            }))
            .sort((a, b) => a.rank - b.rank)
            .map(({ way }) => way)
          expect(segmentsOf(ways(joinLines(network(shuffled))))).toEqual(segmentsOf(list))
        },
      ),
      { seed: 20261121, numRuns: 500 },
    )
  })
})

describe('source ids', () => {
  test('members say who was turned round', () => {
    const joined = joinLines(
      network([
        [1, 2, 3],
        [5, 4, 3],
        [5, 6],
      ]),
    )
    expect(Array.from(joined.reversed)).toEqual([0, 1, 0])
  })

  test('the lowest id gives the direction', () => {
    const net = {
      ...network([
        [3, 2, 1],
        [3, 4],
      ]),
      ids: Float64Array.of(20, 10),
    }
    const joined = joinLines(net)
    expect(ways(joined)).toEqual([[1, 2, 3, 4]])
    expect(Array.from(joined.members)).toEqual([0, 1])
    expect(Array.from(joined.reversed)).toEqual([1, 0])
  })

  test('property: with ids the result is the same to the bit, whatever the order of the ways', () => {
    const way = fc.record({
      nodes: fc.array(fc.integer({ min: 0, max: 29 }), { minLength: 2, maxLength: 6 }),
      key: fc.integer({ min: 0, max: 1 }),
      directed: fc.integer({ min: 0, max: 1 }),
      rank: fc.nat(),
    })
    const told = (list: { nodes: number[]; key: number; directed: number; id: number }[]) => {
      const joined = joinLines({
        ...network(
          list.map(({ nodes }) => nodes),
          list.map(({ key }) => key),
          list.map(({ directed }) => directed),
        ),
        ids: Float64Array.from(list, ({ id }) => id),
      })
      return {
        ways: ways(joined),
        keys: Array.from(joined.keys),
        members: Array.from(joined.members, (m) => list[m]!.id),
        reversed: Array.from(joined.reversed),
      }
    }
    let differsWithoutIds = 0
    fc.assert(
      fc.property(fc.array(way, { maxLength: 9 }), (list) => {
        const named = list.map((entry, i) => ({ ...entry, id: 1000 + i }))
        const shuffled = [...named].sort((a, b) => a.rank - b.rank)
        expect(told(shuffled)).toEqual(told(named))
        const bare = (some: typeof named) => told(some.map((entry) => ({ ...entry, id: 0 }))).ways
        if (JSON.stringify(bare(shuffled)) !== JSON.stringify(bare(named))) differsWithoutIds++
      }),
      { seed: 20261121, numRuns: 500 },
    )
    // Control: without ids the order does show.
    expect(differsWithoutIds).toBeGreaterThan(100)
  })
})

describe('the junction mask', () => {
  test('marks ends and shared nodes; a closing vertex is not a meeting', () => {
    const mask = (list: number[][]) => {
      const { paths, nodes } = network(list)
      return Array.from(junctionMask(paths, nodes)).join('')
    }
    expect(mask([[1, 2, 3, 4]])).toBe('1001')
    expect(
      mask([
        [1, 2, 3],
        [12, 2, 22],
      ]),
    ).toBe('111111')
    expect(mask([[1, 2, 12, 11, 1]])).toBe('10001')
    expect(
      mask([
        [1, 2, 12, 11, 1],
        [2, 3],
      ]),
    ).toBe('1100111')
  })
})
