// What must hold for any lines at all, each property run on our function and on a mutant: the same function with one likely mistake.
// A property that the mutant passes would prove nothing.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clipLines } from '../../../src/kernel/geo/clip.ts'
import { clipRings } from '../../../src/kernel/geo/clip-rings.ts'
import type { Paths } from '../../../src/kernel/geo/paths.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { prunePaths } from '../../../src/kernel/geo/prune.ts'
import type { Region } from '../../../src/kernel/geo/region.ts'
import { simplifyPaths } from '../../../src/kernel/geo/simplify.ts'
import { keptSharedVertices } from '../../../src/kernel/geo/simplify-shared.ts'
import { snapVertices } from '../../../src/kernel/geo/snap.ts'
import { joinLines, junctionMask } from '../../../src/kernel/geo/topology.ts'
import { chooseCrs } from '../../../src/kernel/geo/zone.ts'
import { type Line, lengthOf, pack, unpack } from '../../support/lines.ts'

const SEED = 20_261_121
const RUNS = 300
const EAST = 259_722.5
const NORTH = 7_591_553.25

/** Places 12.5 cm apart: exact in binary at UTM's size, so equal means equal. */
const place = fc
  .tuple(fc.integer({ min: 0, max: 96 }), fc.integer({ min: 0, max: 96 }))
  .map(([x, y]): [number, number] => [EAST + x / 8, NORTH + y / 8])
const line = fc.array(place, { minLength: 2, maxLength: 9 })
const lines = fc.array(line, { minLength: 1, maxLength: 7 })

/** Lines on a coarse grid with the node number of each place: they meet often. */
const network = fc
  .array(fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { minLength: 2, maxLength: 6 }), {
    minLength: 1,
    maxLength: 7,
  })
  .map((drawn) => {
    const paths = pack(
      drawn.map((points): Line => points.map(([x, y]) => [EAST + 10 * x, NORTH + 10 * y])),
    )
    const nodes = Float64Array.from(drawn.flat(), ([x, y]) => 1 + 5 * x + y)
    return { paths, nodes }
  })

/** Fails unless the property holds for ours and breaks for the mutant. */
function holds<T>(property: (subject: T) => fc.IProperty<unknown>, ours: T, mutant: T): void {
  fc.assert(property(ours), { seed: SEED, numRuns: RUNS })
  expect(fc.check(property(mutant), { seed: SEED, numRuns: RUNS }).failed).toBe(true)
}

/** Segments without direction, as text. */
function segments(paths: Paths): string[] {
  return unpack(paths)
    .flatMap((points) => points.slice(1).map((b, i) => [String(points[i]), String(b)].sort()))
    .filter(([a, b]) => a !== b)
    .map(String)
    .sort()
}

describe(`properties of lines, with mutants (seed ${SEED})`, () => {
  test('project and come back: within 0.1 mm', () => {
    type Trip = (epsg: number, lon: number, lat: number) => Float64Array
    const ours: Trip = (epsg, lon, lat) => {
      const projector = createProjector(epsg)
      return projector.inverse(projector.forward(Float64Array.of(lon, lat)))
    }
    const property = (trip: Trip) =>
      fc.property(
        fc.double({ min: -74, max: -28.9, noNaN: true }),
        fc.double({ min: -34, max: 5.3, noNaN: true }),
        (lon, lat) => {
          const [x, y] = trip(chooseCrs(lon, lat).epsg, lon, lat)
          const away = Math.hypot((x! - lon) * Math.cos((lat * Math.PI) / 180), y! - lat) * 111_320
          expect(away).toBeLessThan(1e-4)
        },
      )
    // A mutant that keeps metres to the millimetre.
    holds(property, ours, (epsg, lon, lat) => {
      const projector = createProjector(epsg)
      const metres = projector.forward(Float64Array.of(lon, lat))
      return projector.inverse(metres.map((value) => Math.round(value * 1000) / 1000))
    })
  })

  test('simplifying opens no junction, by either method', () => {
    type Simplify = (input: { paths: Paths; nodes: Float64Array }, visvalingam: boolean) => Paths
    const method = (visvalingam: boolean) => (visvalingam ? 'visvalingam' : 'douglas-peucker')
    const property = (simplify: Simplify) =>
      fc.property(network, fc.boolean(), (input, visvalingam) => {
        const kept = unpack(simplify(input, visvalingam)).map(
          (points) => new Set(points.map(String)),
        )
        const before = unpack(input.paths).map((points) => new Set(points.map(String)))
        for (let i = 0; i < before.length; i++) {
          for (let j = 0; j < i; j++) {
            for (const shared of before[i]!) {
              if (!before[j]!.has(shared)) continue
              expect(kept[i]!.has(shared) && kept[j]!.has(shared)).toBe(true)
            }
          }
        }
      })
    holds<Simplify>(
      property,
      ({ paths, nodes }, visvalingam) =>
        simplifyPaths(paths, 50, junctionMask(paths, nodes), method(visvalingam)),
      ({ paths }, visvalingam) => simplifyPaths(paths, 50, null, method(visvalingam)),
    )
  })

  const circle: Region = { kind: 'circle', x: EAST + 6.1, y: NORTH + 5.3, radius: 4.7 }
  const box: Region = {
    kind: 'box',
    bbox: { west: EAST + 2.3, south: NORTH + 3.1, east: EAST + 9.7, north: NORTH + 8.9 },
  }
  const polygon: Region = {
    kind: 'polygon',
    ring: Float64Array.from(
      [
        [1.3, 1.1],
        [10.7, 2.3],
        [6.1, 5.9],
        [9.3, 11.1],
        [2.7, 9.7],
        [1.3, 1.1],
      ].flatMap(([x, y]) => [EAST + x!, NORTH + y!]),
    ),
  }
  type Clip = (paths: Paths, region: Region) => Paths
  const clip: Clip = (paths, region) => clipLines(paths, region).paths

  test('clipping leaves no vertex outside a circle or box, to the bit, nor a nanometre outside a polygon', () => {
    const property = (subject: Clip) =>
      fc.property(lines, (drawn) => {
        const paths = pack(drawn)
        for (const [x, y] of unpack(subject(paths, circle)).flat()) {
          const { x: cx, y: cy, radius } = circle as Extract<Region, { kind: 'circle' }>
          expect((x - cx) ** 2 + (y - cy) ** 2).toBeLessThanOrEqual(radius * radius)
        }
        for (const [x, y] of unpack(subject(paths, box)).flat()) {
          const { bbox } = box as Extract<Region, { kind: 'box' }>
          expect(x >= bbox.west && x <= bbox.east && y >= bbox.south && y <= bbox.north).toBe(true)
        }
        for (const [x, y] of unpack(subject(paths, polygon)).flat()) {
          expect(outsideBy(polygon, x, y)).toBeLessThan(1e-8)
        }
      })
    holds(property, clip, (paths, region) =>
      // A circle a micrometre too large.
      clip(paths, region.kind === 'circle' ? { ...region, radius: region.radius + 1e-6 } : region),
    )
  })

  test('clipping twice is clipping once', () => {
    const property = (subject: Clip) =>
      fc.property(lines, (drawn) => {
        for (const region of [circle, box]) {
          const once = subject(pack(drawn), region)
          expect(unpack(subject(once, region))).toEqual(unpack(once))
        }
        // A vertex on a polygon's edge may count either way; no length may be lost.
        const once = subject(pack(drawn), polygon)
        expect(lengthOf(subject(once, polygon))).toBeCloseTo(lengthOf(once), 6)
      })
    // A mutant that cuts a micrometre inside the region it was given last.
    let shrink = 0
    holds(property, clip, (paths, region) => {
      shrink += 1e-6
      return clip(
        paths,
        region.kind === 'circle' ? { ...region, radius: region.radius - shrink } : region,
      )
    })
  })

  test('clipping rings twice is clipping them once, and they stay closed', () => {
    const property = (subject: Clip) =>
      fc.property(fc.array(place, { minLength: 3, maxLength: 8 }), (corners) => {
        const once = subject(pack([[...corners, corners[0]!]]), box)
        for (const ring of unpack(once)) expect(ring.at(-1)).toEqual(ring[0])
        const twice = subject(once, box)
        expect(areaOf(twice)).toBeCloseTo(areaOf(once), 6)
      })
    holds<Clip>(property, (paths, region) => clipRings(paths, region).paths, clip)
  })

  test('the order of the ways does not matter to joining', () => {
    type Join = (input: { paths: Paths; nodes: Float64Array }, ids: Float64Array) => Paths
    const property = (join: Join) =>
      fc.property(network, fc.infiniteStream(fc.nat()), ({ paths, nodes }, dice) => {
        const count = paths.offsets.length - 1
        const order = Array.from({ length: count }, (_, i) => i)
        for (let i = count - 1; i > 0; i--) {
          const j = dice.next().value! % (i + 1)
          ;[order[i], order[j]] = [order[j]!, order[i]!]
        }
        const ids = Float64Array.from({ length: count }, (_, i) => i)
        const shuffled = {
          paths: pack(order.map((i) => unpack(paths)[i]!)),
          nodes: Float64Array.from(
            order.flatMap((i) => [...nodes.subarray(paths.offsets[i]!, paths.offsets[i + 1]!)]),
          ),
        }
        expect(unpack(join(shuffled, Float64Array.from(order)))).toEqual(
          unpack(join({ paths, nodes }, ids)),
        )
      })
    const keys = (paths: Paths) => new Int32Array(paths.offsets.length - 1)
    holds<Join>(
      property,
      ({ paths, nodes }, ids) => joinLines({ paths, nodes, keys: keys(paths), ids }).paths,
      ({ paths, nodes }) => joinLines({ paths, nodes, keys: keys(paths) }).paths,
    )
  })

  type Network = { paths: Paths; nodes: Float64Array }
  test('joining and de-duplicating lose no segment, double none, and twice is once', () => {
    type Join = (input: Network, join: boolean) => Network
    const property = (subject: Join) =>
      fc.property(network, fc.boolean(), (input, join) => {
        const once = subject(input, join)
        expect(segments(once.paths)).toEqual([...new Set(segments(input.paths))])
        expect(unpack(subject(once, join).paths)).toEqual(unpack(once.paths))
      })
    const ours: Join = ({ paths, nodes }, join) =>
      joinLines({ paths, nodes, keys: new Int32Array(paths.offsets.length - 1), join })
    // A mutant in which a line is only a duplicate of itself, as when direction or source counts.
    holds(property, ours, ({ paths, nodes }, join) =>
      joinLines({ paths, nodes, keys: Int32Array.from(paths.offsets.subarray(1)), join }),
    )
  })

  test('snapping moves nothing further than the tolerance, does not mind the order, and twice is once', () => {
    type Snap = (paths: Paths, tolerance: number) => Paths
    const property = (snap: Snap) =>
      fc.property(lines, fc.constantFrom(0, 0.126, 0.3, 0.7), (drawn, tolerance) => {
        const once = snap(pack(drawn), tolerance)
        const input = drawn.flat()
        for (const [x, y] of unpack(once).flat()) {
          const nearest = Math.min(...input.map(([a, b]) => Math.hypot(a - x, b - y)))
          expect(nearest).toBeLessThanOrEqual(tolerance)
        }
        expect(unpack(snap(once, tolerance))).toEqual(unpack(once))
        const back = snap(pack([...drawn].reverse()), tolerance)
        expect(segments(back)).toEqual(segments(once))
      })
    // A mutant that rounds to a grid: no vertex is far off, but neighbours across a grid line stay apart, and rounding moves.
    holds<Snap>(
      property,
      (paths, tolerance) => snapVertices(paths, tolerance).paths,
      (paths, tolerance) => ({
        ...paths,
        coords: paths.coords.map((value) =>
          tolerance === 0 ? value : Math.round(value / (2 * tolerance)) * 2 * tolerance,
        ),
      }),
    )
  })

  test('simplifying twice is simplifying once, by both methods, lines and rings', () => {
    type Simplify = (
      paths: Paths,
      tolerance: number,
      method: 'douglas-peucker' | 'visvalingam',
    ) => Paths
    const property = (simplify: Simplify) =>
      fc.property(
        lines,
        fc.boolean(),
        fc.constantFrom('douglas-peucker' as const, 'visvalingam' as const),
        (drawn, closed, method) => {
          const input = pack(closed ? drawn.map((points) => [...points, points[0]!]) : drawn)
          const once = simplify(input, 1.3, method)
          expect(unpack(simplify(once, 1.3, method))).toEqual(unpack(once))
        },
      )
    // A mutant that drops every other vertex that may go.
    const thin: Simplify = (paths) =>
      pack(
        unpack(paths).map((points) =>
          points.filter((_, i) => i % 2 === 0 || i === points.length - 1),
        ),
      )
    holds<Simplify>(
      property,
      (paths, tolerance, method) => simplifyPaths(paths, tolerance, null, method),
      thin,
    )
  })

  test('a border that two lines share is simplified to the same vertices on both', () => {
    type Kept = (paths: Paths, nodes: Float64Array) => Uint8Array
    const property = (subject: Kept) =>
      fc.property(fc.uniqueArray(fc.nat(200), { minLength: 5, maxLength: 30 }), (ids) => {
        const border = ids.map((id, i): [number, number] => [EAST + i, NORTH + (id % 7) / 4])
        // The second area walks it backward and goes on elsewhere.
        const other = [...border].reverse()
        const paths = pack([
          [[EAST - 5, NORTH + 5], ...border, [EAST + 90, NORTH + 5]],
          [[EAST + 90, NORTH - 5], ...other, [EAST - 5, NORTH - 5]],
        ])
        const own = ids.map((_, i) => i + 1)
        const nodes = Float64Array.from([1000, ...own, 1001, 1002, ...[...own].reverse(), 1003])
        const kept = subject(paths, nodes)
        const first = [...kept.subarray(1, 1 + ids.length)]
        const second = [...kept.subarray(3 + ids.length, 3 + 2 * ids.length)].reverse()
        expect(second).toEqual(first)
      })
    // A mutant that does not know what is shared.
    holds<Kept>(
      property,
      (paths, nodes) => keptSharedVertices(paths, nodes, 0.6),
      (paths, nodes) =>
        keptSharedVertices(paths, new Float64Array(nodes.length).fill(Number.NaN), 0.6),
    )
  })

  test('pruning leaves no repeated vertex and no spike, and twice is once', () => {
    type Prune = (paths: Paths) => Paths
    const property = (prune: Prune) =>
      fc.property(lines, (drawn) => {
        const doubled = drawn.map((points) =>
          points.flatMap((point, i) => (i % 3 === 1 ? [point, point] : [point])),
        )
        const once = prune(pack(doubled))
        for (const points of unpack(once)) {
          for (let i = 1; i < points.length; i++) expect(points[i]).not.toEqual(points[i - 1])
        }
        expect(unpack(prune(once))).toEqual(unpack(once))
      })
    // A mutant that only looks at spikes.
    holds<Prune>(
      property,
      (paths) => prunePaths(paths).paths,
      (paths) => prunePaths(paths, { repeatMeters: -1 }).paths,
    )
  })
})

/** How far a point lies outside a polygon, metres; 0 inside. */
function outsideBy(region: Region, x: number, y: number): number {
  if (region.kind !== 'polygon') return Number.NaN
  const { ring } = region
  let inside = false
  let nearest = Number.POSITIVE_INFINITY
  for (let i = 0; i + 3 < ring.length; i += 2) {
    const [ax, ay, bx, by] = ring.subarray(i, i + 4) as unknown as [number, number, number, number]
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside
    const t = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
    const c = Math.max(0, Math.min(1, t))
    nearest = Math.min(nearest, Math.hypot(ax + c * (bx - ax) - x, ay + c * (by - ay) - y))
  }
  return inside ? 0 : nearest
}

function areaOf(paths: Paths): number {
  let sum = 0
  for (const ring of unpack(paths)) {
    for (let i = 1; i < ring.length; i++) {
      const [[ax, ay], [bx, by]] = [ring[i - 1]!, ring[i]!]
      sum += ((ax - EAST) * (by - NORTH) - (bx - EAST) * (ay - NORTH)) / 2
    }
  }
  return sum
}
