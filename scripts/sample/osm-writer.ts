// Collects nodes, ways and relations in metres around a centre and writes them as Overpass does for `out meta geom`.
import { createProjector } from '../../src/kernel/geo/projector.ts'
import { chooseCrs } from '../../src/kernel/geo/zone.ts'

export type Tags = Record<string, string>
/** Metres east and north of the centre. */
export type Point = readonly [east: number, north: number]

interface Node {
  id: number
  at: Point
  tags: Tags | null
}

interface Way {
  id: number
  nodes: Node[]
  tags: Tags
}

interface Relation {
  id: number
  members: { way: number; role: string }[]
  tags: Tags
}

export interface OsmWriter {
  /** A node; tags may be given later by `tag`. */
  node(at: Point, tags?: Tags): number
  tag(node: number, tags: Tags): void
  /** A way through nodes; answers its index for relations. Equal first and last node close it. */
  way(nodes: readonly number[], tags: Tags): number
  /** A closed way around points. */
  ring(points: readonly Point[], tags: Tags): number
  relation(members: { way: number; role: string }[], tags: Tags): void
  counts(): { nodes: number; ways: number; relations: number }
  /** The document's bytes. */
  toJson(): Uint8Array
  /** West, south, east, north of everything, in degrees. */
  bbox(): [number, number, number, number]
}

const TIMESTAMP = '2026-01-01T00:00:00Z'
const META = { timestamp: TIMESTAMP, version: 1, changeset: 1, user: 'sisrua sample', uid: 1 }
/** Synthetic identifiers stay far above those of the real map. */
const FIRST_ID = 9_000_000_000_000

export function createOsmWriter(latitude: number, longitude: number): OsmWriter {
  const nodes: Node[] = []
  const ways: Way[] = []
  const relations: Relation[] = []
  const projector = createProjector(chooseCrs(longitude, latitude).epsg)
  const [east0, north0] = projector.forward(Float64Array.of(longitude, latitude)) as unknown as [
    number,
    number,
  ]

  /** Seven decimals, as OSM keeps them. */
  function degrees(at: Point): { lat: number; lon: number } {
    const [lon, lat] = projector.inverse(Float64Array.of(east0 + at[0], north0 + at[1]))
    return { lat: Math.round(lat! * 1e7) / 1e7, lon: Math.round(lon! * 1e7) / 1e7 }
  }

  const writer: OsmWriter = {
    node(at, tags) {
      nodes.push({ id: FIRST_ID + nodes.length, at, tags: tags ?? null })
      return nodes.length - 1
    },
    tag(node, tags) {
      nodes[node]!.tags = { ...nodes[node]!.tags, ...tags }
    },
    way(indices, tags) {
      ways.push({ id: FIRST_ID + ways.length, nodes: indices.map((i) => nodes[i]!), tags })
      return ways.length - 1
    },
    ring(points, tags) {
      const indices = points.map((point) => writer.node(point))
      return writer.way([...indices, indices[0]!], tags)
    },
    relation(members, tags) {
      relations.push({ id: FIRST_ID + relations.length, members, tags })
    },
    counts: () => ({ nodes: nodes.length, ways: ways.length, relations: relations.length }),
    toJson() {
      const elements: string[] = []
      for (const { id, at, tags } of nodes) {
        if (tags !== null) {
          elements.push(JSON.stringify({ type: 'node', id, ...degrees(at), ...META, tags }))
        }
      }
      const shapes = ways.map((way) => way.nodes.map(({ at }) => degrees(at)))
      ways.forEach(({ id, nodes: own, tags }, i) => {
        const geometry = shapes[i]!
        elements.push(
          JSON.stringify({
            type: 'way',
            id,
            ...META,
            bounds: boundsOf(geometry),
            nodes: own.map((node) => node.id),
            geometry,
            tags,
          }),
        )
      })
      for (const { id, members, tags } of relations) {
        const bounds = boundsOf(members.flatMap(({ way }) => shapes[way]!))
        const list = members.map(({ way, role }) => {
          return { type: 'way', ref: ways[way]!.id, role, geometry: shapes[way]! }
        })
        elements.push(
          JSON.stringify({ type: 'relation', id, ...META, bounds, members: list, tags }),
        )
      }
      const head = {
        version: 0.6,
        generator: 'sisrua sample (synthetic, not a real place)',
        osm3s: {
          timestamp_osm_base: TIMESTAMP,
          copyright: 'Synthetic data in the shape of OpenStreetMap.',
        },
      }
      const text = `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "elements": [\n\n${elements.join(',\n')}\n\n  ]\n}\n`
      return new TextEncoder().encode(text)
    },
    bbox() {
      const { minlat, minlon, maxlat, maxlon } = boundsOf(nodes.map(({ at }) => degrees(at)))
      return [minlon, minlat, maxlon, maxlat]
    },
  }
  return writer
}

function boundsOf(points: readonly { lat: number; lon: number }[]) {
  const bounds = { minlat: 90, minlon: 180, maxlat: -90, maxlon: -180 }
  for (const { lat, lon } of points) {
    if (lat < bounds.minlat) bounds.minlat = lat
    if (lat > bounds.maxlat) bounds.maxlat = lat
    if (lon < bounds.minlon) bounds.minlon = lon
    if (lon > bounds.maxlon) bounds.maxlon = lon
  }
  return bounds
}
