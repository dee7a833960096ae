import { describe, expect, it } from 'vitest'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { osmSiteV1 } from '../../../src/kernel/pipelines/osm-site.v1.ts'
import { nodeCodecs } from '../../../src/workers/context.ts'
import { unpack } from '../../support/lines.ts'

const LON = -41.3235
const LAT = -21.7634
/** About a metre. */
const STEP = 1e-5

const NODES: [id: number, x: number, y: number][] = [
  [1, -400, 0],
  [2, 0, 0],
  [3, 400, 0],
  [4, 0, 60],
  [5, 30, -40],
  [6, 30, 40],
]
const way = (id: number, nodes: number[], tags: Record<string, string>) => ({
  type: 'way',
  id,
  nodes,
  tags,
})
const ANSWER = {
  elements: [
    ...NODES.map(([id, x, y]) => ({
      type: 'node',
      id,
      lon: LON + x * STEP,
      lat: LAT + y * STEP,
    })),
    way(10, [1, 2, 3], { highway: 'residential', name: 'Rua A' }),
    way(11, [2, 4], { highway: 'service' }),
    way(12, [5, 6], { highway: 'residential', bridge: 'yes', layer: '1' }),
    way(13, [4, 6], { highway: 'footway' }),
  ],
}

async function draw(asked: Record<string, unknown>) {
  const params = osmSiteV1.params.parse({ latitude: LAT, longitude: LON, radius: 150, ...asked })
  const bytes = new TextEncoder().encode(JSON.stringify(ANSWER))
  const { drawing } = await osmSiteV1.compute(
    params,
    { osm: { bytes, source: 'test' } },
    nodeCodecs,
    () => {},
  )
  const edges = drawing.features.filter((feature) => feature.class === 'road=edge')
  const [x, y] = createProjector(drawing.epsg).forward(Float64Array.of(LON, LAT))
  const lines = unpack(drawing.paths)
  const outlines = edges.map(({ path }) =>
    lines[path]!.map(([east, north]) => [east - x!, north - y!] as [number, number]),
  )
  return { drawing, edges, outlines }
}

describe('road edges of osm-site', () => {
  it('are drawn only when asked for', async () => {
    expect((await draw({})).edges).toEqual([])
  })

  it('unite the ground, leave the bridge above it, leave footways out, and stay open at the circle', async () => {
    const { drawing, edges, outlines } = await draw({ roadEdges: true })
    expect(new Set(edges.map(({ layer }) => drawing.layers[layer]!.name))).toEqual(
      new Set(['SISRUA_OSM_BORDOS_VIA']),
    )
    // South of Rua A from edge to edge of the circle; north of it likewise, round the side street; the bridge whole.
    const levels = edges.map(({ properties }) => properties?.level ?? 0)
    expect(levels.toSorted()).toEqual([0, 0, 1])
    const bridge = outlines[levels.indexOf(1)]!
    expect(bridge[0]).toEqual(bridge.at(-1))
    const ground = outlines.filter((_, i) => levels[i] === 0)
    for (const outline of ground) {
      for (const [x, y] of [outline[0]!, outline.at(-1)!])
        expect(Math.hypot(x, y)).toBeCloseTo(150, 0)
    }
    // Rua A is 7 m wide, its side street 5 m; the grid turns north by a little here.
    const widest = Math.max(...ground.flat().map(([x, y]) => (Math.abs(x) < 140 ? y : 0)))
    expect(widest).toBeGreaterThan(58)
    for (const outline of outlines)
      for (const [x, y] of outline) {
        expect(Math.hypot(x, y)).toBeLessThan(150.2)
      }
  })
})
