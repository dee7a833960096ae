// Numbers that no map holds, through every function that cleans lines: an answer or GEOMETRY_INVALID, never a crash.
import { describe, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.ts'
import { clipLines } from '../../../src/kernel/geo/clip.ts'
import { clipRings } from '../../../src/kernel/geo/clip-rings.ts'
import { interiorPoint } from '../../../src/kernel/geo/interior-point.ts'
import { findIntersections } from '../../../src/kernel/geo/intersections.ts'
import { roadEdges } from '../../../src/kernel/geo/offset.ts'
import type { Paths } from '../../../src/kernel/geo/paths.ts'
import { prunePaths } from '../../../src/kernel/geo/prune.ts'
import type { Region } from '../../../src/kernel/geo/region.ts'
import { simplifyPaths } from '../../../src/kernel/geo/simplify.ts'
import { keptSharedVertices } from '../../../src/kernel/geo/simplify-shared.ts'
import { snapVertices } from '../../../src/kernel/geo/snap.ts'
import { joinLines, junctionMask } from '../../../src/kernel/geo/topology.ts'
import { type Line, pack } from '../../support/lines.ts'

const ODD = [
  ...[0, -0, 1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, -1e300],
  ...[1e-300, 5e-324, 1e16, 7_591_553.1, Number.MAX_VALUE, 1e8, -1e8, 2 ** 53],
]

function createDice(seed: number) {
  let state = seed
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const value = (): number =>
    random() < 0.3 ? ODD[Math.floor(random() * ODD.length)]! : Math.round(random() * 12)
  const lines = (): Paths =>
    pack(
      Array.from({ length: Math.floor(random() * 5) }, () => {
        const line: Line = Array.from({ length: Math.floor(random() * 8) }, () => [
          value(),
          value(),
        ])
        return line.length > 0 && random() < 0.5 ? [...line, line[0]!] : line
      }),
    )
  const region = (): Region => {
    const [a, b, c, d] = [value(), value(), value(), value()] as const
    const kind = Math.floor(random() * 3)
    if (kind === 0) return { kind: 'circle', x: a, y: b, radius: c }
    if (kind === 1) return { kind: 'box', bbox: { west: a, south: b, east: c, north: d } }
    return { kind: 'polygon', ring: Float64Array.of(a, b, c, d, value(), value(), a, b) }
  }
  return { value, lines, region }
}

describe('odd numbers', () => {
  const { value, lines, region } = createDice(9)
  const steps: Record<string, (paths: Paths, nodes: Float64Array) => unknown> = {
    joinLines: (paths, nodes) =>
      joinLines({ paths, nodes, keys: new Int32Array(paths.offsets.length - 1) }),
    junctionMask: (paths, nodes) => junctionMask(paths, nodes),
    snapVertices: (paths) => snapVertices(paths, value()),
    clipLines: (paths) => clipLines(paths, region()),
    clipRings: (paths) => clipRings(paths, region()),
    simplifyPaths: (paths) => simplifyPaths(paths, value(), null),
    visvalingam: (paths) => simplifyPaths(paths, value(), null, 'visvalingam'),
    keptSharedVertices: (paths, nodes) => keptSharedVertices(paths, nodes, value()),
    prunePaths: (paths) => prunePaths(paths),
    roadEdges: (paths) => roadEdges(paths, Array.from(paths.offsets, value)),
    findIntersections: (paths) => findIntersections(paths, 'all'),
    interiorPoint: (paths) => interiorPoint(paths),
  }

  test.each(Object.keys(steps))('%s answers or refuses', (name) => {
    let answered = 0
    for (let run = 0; run < 2000; run++) {
      const paths = lines()
      const nodes = Float64Array.from({ length: paths.coords.length / 2 }, value)
      try {
        steps[name]!(paths, nodes)
        answered++
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        expect(error.code).toBe('GEOMETRY_INVALID')
      }
    }
    expect(answered).toBeGreaterThan(100)
  })
})
