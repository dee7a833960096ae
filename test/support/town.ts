// A seeded town as Overpass JSON of any size, for benches and growth: two thirds buildings, a quarter streets, the rest land and water.

export interface Town {
  /** `out body; >; out skel qt`: relations, ways, then nodes. */
  text: string
  ways: number
  nodes: number
}

/** Degrees between streets. */
const BLOCK = 0.001
const STREETS = [
  'residential',
  'residential',
  'residential',
  'tertiary',
  'secondary',
  'service',
  'footway',
]
const NAMES = ['das Flores', 'João Pessoa', 'do Comércio', 'XV de Novembro', 'São José', 'da Praia']

/** A town of about `wayCount` ways around lon, lat. The same arguments give the same bytes. */
export function makeTown(wayCount: number, seed = 20261121, lon = -41.3235, lat = -21.7634): Town {
  let state = seed >>> 0
  // Mulberry32 (Ettinger): small, seeded, good enough to scatter houses.
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const nodes: string[] = []
  const node = (x: number, y: number, tags: object | null = null): number => {
    const id = 1_000_000_000 + nodes.length
    const text = tags === null ? '' : `,\n  "tags": ${JSON.stringify(tags, null, 2)}`
    nodes.push(
      `{\n  "type": "node",\n  "id": ${id},\n  "lat": ${y.toFixed(7)},\n  "lon": ${x.toFixed(7)}${text}\n}`,
    )
    return id
  }
  const ways: string[] = []
  const way = (refs: number[], tags: object | null): number => {
    const id = 200_000_000 + ways.length
    const text = tags === null ? '' : `,\n  "tags": ${JSON.stringify(tags, null, 2)}`
    ways.push(
      `{\n  "type": "way",\n  "id": ${id},\n  "nodes": [\n    ${refs.join(',\n    ')}\n  ]${text}\n}`,
    )
    return id
  }
  const streetCount = Math.round(wayCount * 0.24)
  const side = Math.ceil(Math.sqrt(streetCount / 2)) + 1
  const west = lon - (side * BLOCK) / 2
  const south = lat - (side * BLOCK) / 2
  const jitter = (size: number) => (random() - 0.5) * size * BLOCK
  const crossings: number[] = []
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const tags = random() < 0.05 ? { highway: 'traffic_signals' } : null
      crossings.push(
        node(west + column * BLOCK + jitter(0.2), south + row * BLOCK + jitter(0.2), tags),
      )
    }
  }
  for (let at = 0, made = 0; at < side * side && made < streetCount; at++) {
    const [column, row] = [at % side, Math.floor(at / side)]
    for (const [dx, dy] of [
      [1, 0],
      [0, 1],
    ] as const) {
      if (column + dx >= side || row + dy >= side || made >= streetCount) continue
      const refs = [crossings[at]!]
      const between = Math.floor(random() * 9)
      for (let k = 1; k <= between; k++) {
        const t = k / (between + 1)
        refs.push(
          node(
            west + (column + dx * t) * BLOCK + jitter(0.05),
            south + (row + dy * t) * BLOCK + jitter(0.05),
          ),
        )
      }
      refs.push(crossings[(row + dy) * side + column + dx]!)
      const name = dx === 1 ? `Rua ${pick(NAMES)} ${row}` : `Avenida ${pick(NAMES)} ${column}`
      way(refs, { highway: pick(STREETS), name, ...(random() < 0.3 ? { oneway: 'yes' } : {}) })
      made++
    }
  }
  const span = side * BLOCK
  const anywhere = () => [west + random() * span, south + random() * span] as const
  const ring = (x: number, y: number, radius: number, corners: number): number[] => {
    const start = random() * 2 * Math.PI
    const refs = Array.from({ length: corners }, (_, k) => {
      const angle = start + (k * 2 * Math.PI) / corners
      const r = radius * (0.8 + 0.4 * random())
      return node(x + r * Math.cos(angle), y + r * Math.sin(angle))
    })
    return [...refs, refs[0]!]
  }
  for (let i = Math.round(wayCount * 0.68); i > 0; i--) {
    const levels =
      random() < 0.25 ? { 'building:levels': String(1 + Math.floor(random() * 12)) } : {}
    const corners = random() < 0.75 ? 4 : 6 + 2 * Math.floor(random() * 4)
    way(ring(...anywhere(), 0.00008, corners), {
      building: random() < 0.6 ? 'yes' : 'house',
      ...levels,
    })
  }
  for (let i = Math.round(wayCount * 0.06); i > 0; i--) {
    if (random() < 0.5) {
      way(ring(...anywhere(), 0.0006, 12 + Math.floor(random() * 50)), {
        landuse: pick(['grass', 'forest', 'residential']),
      })
      continue
    }
    let [x, y] = anywhere()
    let angle = random() * 2 * Math.PI
    const refs = [node(x, y)]
    for (let k = 15 + Math.floor(random() * 60); k > 0; k--) {
      angle += (random() - 0.5) * 0.6
      x += 0.0001 * Math.cos(angle)
      y += 0.0001 * Math.sin(angle)
      refs.push(node(x, y))
    }
    way(refs, { waterway: 'stream', name: `Córrego ${pick(NAMES)}` })
  }
  const relations: string[] = []
  while (ways.length + 1 < wayCount) {
    const [x, y] = anywhere()
    const outer = way(ring(x, y, 0.0009, 14 + Math.floor(random() * 20)), null)
    const inner = way(ring(x, y, 0.0003, 8), null)
    const members = [
      { type: 'way', ref: outer, role: 'outer' },
      { type: 'way', ref: inner, role: 'inner' },
    ]
    relations.push(
      JSON.stringify(
        {
          type: 'relation',
          id: 5_000_000 + relations.length,
          members,
          tags: { type: 'multipolygon', natural: 'water' },
        },
        null,
        2,
      ),
    )
  }
  for (let i = Math.round(wayCount * 0.03); i > 0; i--) {
    node(
      ...anywhere(),
      pick([
        { highway: 'street_lamp' },
        { power: 'pole' },
        { amenity: 'bench' },
        { natural: 'tree' },
      ]),
    )
  }
  const elements = [...relations, ...ways, ...nodes].join(',\n')
  const head =
    '{\n  "version": 0.6,\n  "generator": "sisrua test town",\n  "osm3s": {\n    "timestamp_osm_base": "2026-01-01T00:00:00Z"\n  },\n  "elements": [\n'
  return { text: `${head}${elements}\n  ]\n}\n`, ways: ways.length, nodes: nodes.length }
}
