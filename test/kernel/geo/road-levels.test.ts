import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isCarriageway, roadLevel } from '../../../src/kernel/cad/carriageway.ts'
import { roadWidthMeters } from '../../../src/kernel/cad/width.ts'
import { clipLoops } from '../../../src/kernel/geo/clip-loops.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { signedArea } from '../../../src/kernel/geo/ring.ts'
import { roadEdgesByLevel } from '../../../src/kernel/geo/road-levels.ts'
import { drawRoadEdges } from '../../../src/kernel/pipelines/road-edges.ts'
import { describeWithJudge, python } from '../../support/judge.ts'
import { type Line, pack, unpack } from '../../support/lines.ts'
import { sharedData } from '../../support/shared-data.ts'

//        bridge (storey 1)
//   ─────────══════─────────   street from west to east, 6 m wide
//              │               a street below it, 8 m wide
const WEST: Line = [
  [0, 0],
  [40, 0],
]
const BRIDGE: Line = [
  [40, 0],
  [80, 0],
]
const EAST: Line = [
  [80, 0],
  [120, 0],
]
const BELOW: Line = [
  [60, -50],
  [60, 50],
]
const WIDTHS = [6, 6, 6, 8]

/** How often each end of an open line occurs, to the bit. */
function endCounts(lines: Line[]): number[] {
  const counts = new Map<string, number>()
  for (const line of lines) {
    const [first, last] = [String(line[0]), String(line.at(-1))]
    if (first === last) continue
    for (const end of [first, last]) counts.set(end, (counts.get(end) ?? 0) + 1)
  }
  return [...counts.values()]
}

test('a bridge over a street: neither merges, the bridge goes on from the ground without a line across', () => {
  const { paths, levels } = roadEdgesByLevel(
    pack([WEST, BRIDGE, EAST, BELOW]),
    WIDTHS,
    [0, 1, 0, 0],
  )
  const lines = unpack(paths)
  const closed = lines.filter((line) => String(line[0]) === String(line.at(-1)))
  // The street below keeps its whole outline; the bridge has two edges, each bank one open outline.
  expect(closed).toHaveLength(1)
  expect(signedArea(Float64Array.from(closed[0]!.flat()))).toBeCloseTo(800, 6)
  expect([...levels]).toEqual([0, 0, 0, 1, 1])
  expect(endCounts(lines)).toEqual([2, 2, 2, 2])
  // Nothing runs across the street but its two dead ends.
  for (const line of lines) {
    for (let i = 1; i < line.length; i++) {
      const [a, b] = [line[i - 1]!, line[i]!]
      if (a[0] === b[0] && Math.abs(a[1] - b[1]) === 6) expect([0, 120]).toContain(a[0])
    }
  }
})

test('the same streets all on the ground: one closed outline (control)', () => {
  const { paths } = roadEdgesByLevel(pack([WEST, BRIDGE, EAST, BELOW]), WIDTHS, [0, 0, 0, 0])
  expect(unpack(paths)).toHaveLength(1)
  expect(endCounts(unpack(paths))).toEqual([])
})

test('a bridge that begins in a junction: the junction is united on the ground, the bridge begins beside it', () => {
  const side: Line = [
    [40, -30],
    [40, 0],
  ]
  const { paths, levels } = roadEdgesByLevel(
    pack([WEST, BRIDGE, EAST, side]),
    [6, 6, 6, 10],
    [0, 1, 0, 0],
  )
  const lines = unpack(paths)
  expect(endCounts(lines)).toEqual([2, 2, 2, 2])
  const bridge = lines.filter((_, i) => levels[i] === 1)
  expect(bridge).toHaveLength(2)
  for (const [x, y] of bridge.flat()) {
    expect(x).toBeGreaterThan(45)
    expect(Math.abs(y)).toBe(3)
  }
})

test('two carriageways 20 cm apart leave no slit, 2 m apart a median', () => {
  const pair = (gap: number) => {
    const y = 7 + gap
    return pack([
      [
        [0, 0],
        [100, 0],
      ],
      [
        [0, y],
        [100, y],
      ],
      [
        [0, 0],
        [0, y],
      ],
      [
        [100, 0],
        [100, y],
      ],
    ])
  }
  const rings = (gap: number) =>
    unpack(roadEdgesByLevel(pair(gap), [7, 7, 7, 7], [0, 0, 0, 0]).paths).length
  expect(rings(0.2)).toBe(1)
  expect(rings(2)).toBe(2)
})

test('cut to a region: a loop stays one line where its first vertex lies inside, and is not closed along the edge', () => {
  const square = pack([
    [
      [0, 0],
      [10, 0],
      [10, 10],
      [0, 10],
      [0, 0],
    ],
  ])
  const box = { kind: 'box', bbox: { west: -5, south: -5, east: 5, north: 5 } } as const
  const { paths, parent } = clipLoops(square, box)
  expect(unpack(paths)).toEqual([
    [
      [0, 5],
      [0, 0],
      [5, 0],
    ],
  ])
  expect([...parent]).toEqual([0])
  const whole = { kind: 'box', bbox: { west: -5, south: -5, east: 15, north: 15 } } as const
  expect(unpack(clipLoops(square, whole).paths)).toEqual(unpack(square))
})

test('features: class, storey, layer; streets without a width have no edges', () => {
  const { paths, features } = drawRoadEdges(
    pack([WEST, BRIDGE, EAST, BELOW]),
    [
      { widthMeters: 6, level: 0 },
      { widthMeters: 6, level: 1 },
      { widthMeters: null, level: 0 },
      { widthMeters: null, level: 0 },
    ],
    null,
    7,
  )
  expect(features.length).toBe(paths.offsets.length - 1)
  expect(features.map(({ class: name, layer }) => [name, layer])).toEqual(
    features.map(() => ['road=edge', 7]),
  )
  expect(features.map(({ properties }) => properties?.level ?? 0)).toEqual([0, 1])
})

test('storeys and carriageways by their tags', () => {
  const level = (tags: Record<string, string>) => roadLevel((key) => tags[key] ?? null)
  expect(level({})).toBe(0)
  expect(level({ bridge: 'viaduct' })).toBe(1)
  expect(level({ tunnel: 'yes' })).toBe(-1)
  expect(level({ bridge: 'yes', layer: '2' })).toBe(2)
  expect(level({ bridge: 'no', layer: 'x' })).toBe(0)
  expect(isCarriageway('residential')).toBe(true)
  expect(isCarriageway('footway')).toBe(false)
})

const JUDGE = `
import sys, json
from collections import defaultdict
from shapely.geometry import LineString, Point, Polygon
from shapely.ops import unary_union, substring
roads = [(LineString(r['xy']), r['width'] / 2, r['level']) for r in json.load(sys.stdin)]
key = lambda p: (round(p[0] * 1000), round(p[1] * 1000))
ends, passing, widest = defaultdict(list), defaultdict(list), defaultdict(float)
for line, half, level in roads:
    c = list(line.coords)
    for p in (c[0], c[-1]):
        ends[key(p)].append(level)
for line, half, level in roads:
    c = list(line.coords)
    for i, p in enumerate(c):
        if key(p) not in ends: continue
        if 0 < i < len(c) - 1: passing[key(p)].append(level)
        widest[key(p)] = max(widest[key(p)], half)
surfaces, tips = defaultdict(list), defaultdict(list)
def add(level, line, half):
    surfaces[level].append(line.buffer(half, resolution=64, cap_style=2))
    for p in (line.coords[0], line.coords[-1]): tips[level, key(p)].append((half, p))
for line, half, level in roads:
    a, b = 0.0, line.length
    for p, end in ((line.coords[0], False), (line.coords[-1], True)):
        other = min(passing.get(key(p)) or ends[key(p)], key=lambda l: (abs(l), l))
        if other == level: continue
        given = min(0.4 * line.length, widest[key(p)] + half)
        stub = substring(line, line.length - given, line.length) if end else substring(line, 0, given)
        add(other, stub, half)
        if end: b = line.length - given
        else: a = given
    add(level, substring(line, a, b), half)
# Where two ends meet, a disc as wide as the narrower fills the notch.
for (level, _), met in tips.items():
    if len(met) > 1: surfaces[level].append(Point(met[0][1]).buffer(sorted(h for h, _ in met)[-2], resolution=64))
def area(shapes):
    u = unary_union(shapes)
    holes = [Polygon(r) for p in getattr(u, 'geoms', [u]) for r in p.interiors]
    slits = sum(h.area for h in holes if h.area < 0.5 * h.length / 2)
    return [u.area, slits]
print(json.dumps({level: area(s) for level, s in surfaces.items()}))
`

/** Area of outlines that may be open across cuts of a road: each open end is led straight across to the next. */
function enclosedArea(lines: Line[]): number {
  let area = 0
  const open = lines.filter((line) => String(line[0]) !== String(line.at(-1)))
  for (const line of lines) {
    if (!open.includes(line)) area += signedArea(Float64Array.from(line.flat()))
  }
  const used = new Set<Line>()
  for (const begin of open) {
    if (used.has(begin)) continue
    const ring: Line = []
    let line = begin
    for (;;) {
      used.add(line)
      ring.push(...line)
      const [[px, py], [x, y]] = line.slice(-2) as [[number, number], [number, number]]
      const step = Math.hypot(x - px, y - py)
      // Across the road to the left: hardly along it, and as near as can be.
      const away = ([first]: Line) => {
        const [dx, dy] = [first![0] - x, first![1] - y]
        const along = Math.abs((dx * (x - px) + dy * (y - py)) / step)
        const left = (dy * (x - px) - dx * (y - py)) / step
        return left > 0 ? left + 1000 * along : 1e9
      }
      const next = open
        .filter((other) => other === begin || !used.has(other))
        .reduce((best, other) => (away(other) < away(best) ? other : best))
      if (next === begin) break
      line = next
    }
    ring.push(ring[0]!)
    area += signedArea(Float64Array.from(ring.flat()))
  }
  return area
}

const EXTRACT = sharedData('osm/overpass-derived/porto-alegre_g2.body.overpass.json')

describeWithJudge(
  'python3-shapely',
  ['/usr/bin/python3', '-c', 'import shapely'],
  'road edges of Porto Alegre, against GEOS',
  () => {
    test.skipIf(EXTRACT === null)(
      'area of every storey within 0.05 % of shapely buffer and unary_union; no gap where storeys meet',
      () => {
        const { elements } = JSON.parse(readFileSync(EXTRACT!, 'utf8')) as {
          elements: {
            type: string
            id: number
            lon: number
            lat: number
            nodes: number[]
            tags?: Record<string, string>
          }[]
        }
        const places = new Map(
          elements.filter(({ type }) => type === 'node').map((node) => [node.id, node]),
        )
        const projector = createProjector(31982)
        const roads = elements.flatMap(({ type, tags, nodes }) => {
          if (type !== 'way' || tags?.highway === undefined || tags.area === 'yes') return []
          if (!isCarriageway(tags.highway)) return []
          const width = roadWidthMeters(tags.highway, (key) => tags[key] ?? null)
          if (width === null) return []
          const lonLat = nodes.flatMap((id) => {
            const place = places.get(id)
            return place === undefined ? [] : [place.lon, place.lat]
          })
          if (lonLat.length < 4) return []
          const xy = unpack({
            coords: projector.forward(Float64Array.from(lonLat)),
            offsets: Uint32Array.of(0, lonLat.length / 2),
          })[0]!
          return [{ xy, width, level: roadLevel((key) => tags[key] ?? null) }]
        })
        expect(roads.length).toBeGreaterThan(600)
        const { paths, levels } = roadEdgesByLevel(
          pack(roads.map(({ xy }) => xy)),
          roads.map(({ width }) => width),
          roads.map(({ level }) => level),
        )
        const lines = unpack(paths)
        const ends = endCounts(lines)
        expect(ends.length).toBeGreaterThan(40)
        expect(ends.filter((count) => count !== 2)).toEqual([])
        const wanted = JSON.parse(python(JUDGE, JSON.stringify(roads))) as Record<
          string,
          [number, number]
        >
        for (const [level, [surface, slits]] of Object.entries(wanted)) {
          const area = surface + slits
          const ours = enclosedArea(lines.filter((_, i) => levels[i] === Number(level)))
          expect(
            Math.abs(ours - area) / area,
            `storey ${level}: ${ours} m², GEOS ${area}`,
          ).toBeLessThan(5e-4)
        }
      },
      60_000,
    )
  },
)
