// Real OpenStreetMap files against the counts and lengths of an independent reader (../shared/data/osm/EXPECTED_COUNTS.json).
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { OsmData, OsmElements } from '../../../src/kernel/formats/osm-data.ts'
import { decodeOsmJson } from '../../../src/kernel/formats/osm-json.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { describeWithSharedData, sharedData } from '../../support/shared-data.ts'

interface Expected {
  nodes: number
  ways: number
  relations: number
  tagged_nodes: number
  closed_ways: number
  building_ways: number
  power_pole_nodes: number
  power_tower_nodes: number
  street_lamp_nodes: number
  multipolygon_relations: number
  highway_ways_with_2_or_more_known_nodes: number
  [length: string]: unknown
}

const tagOf = (data: OsmData, elements: OsmElements, i: number, key: string): string | null => {
  for (let t = elements.tagStart[i]!; t < elements.tagEnd[i]!; t++) {
    if (data.strings[data.tagKeys[t]!] === key) return data.strings[data.tagValues[t]!]!
  }
  return null
}

const countWith = (data: OsmData, elements: OsmElements, key: string, value?: string): number => {
  let count = 0
  for (let i = 0; i < elements.count; i++) {
    const found = tagOf(data, elements, i, key)
    if (found !== null && (value === undefined || found === value)) count++
  }
  return count
}

/** Metres of all highways in the plane of `epsg`, over the known nodes in order; and how many ways have two of them. */
function highways(data: OsmData, epsg: number): { ways: number; meters: number } {
  const { nodes, ways, refs, geometry } = data
  const places = new Map<number, number>()
  for (let i = 0; i < nodes.count; i++) places.set(nodes.ids[i]!, i)
  let total = 0
  let count = 0
  for (let w = 0; w < ways.count; w++) {
    if (tagOf(data, ways, w, 'highway') === null) continue
    const known: number[] = []
    const inline = ways.geometryEnd[w]! > ways.geometryStart[w]!
    for (let k = 0; k < ways.refEnd[w]! - ways.refStart[w]!; k++) {
      const g = 2 * (ways.geometryStart[w]! + k)
      const node = places.get(refs[ways.refStart[w]! + k]!)
      if (inline && Number.isFinite(geometry[g])) known.push(geometry[g]!, geometry[g + 1]!)
      else if (!inline && node !== undefined)
        known.push(nodes.lonLat[2 * node]!, nodes.lonLat[2 * node + 1]!)
    }
    if (known.length < 4) continue
    count++
    const xy = createProjector(epsg).forward(Float64Array.from(known))
    for (let i = 2; i < xy.length; i += 2)
      total += Math.hypot(xy[i]! - xy[i - 2]!, xy[i + 1]! - xy[i - 1]!)
  }
  return { ways: count, meters: total }
}

describeWithSharedData('Overpass JSON against an independent reader', () => {
  const all = JSON.parse(readFileSync(sharedData('osm/EXPECTED_COUNTS.json')!, 'utf8')) as Record<
    string,
    Expected
  >
  const files = Object.keys(all).filter((name) => /\.json(\.gz)?$/.test(name))
  test.each(files)('%s', (name) => {
    const raw = readFileSync(sharedData(`osm/${name}`)!)
    const data = decodeOsmJson(name.endsWith('.gz') ? gunzipSync(raw) : raw)
    const expected = all[name]!
    const { nodes, ways, relations } = data
    let closed = 0
    for (let w = 0; w < ways.count; w++) {
      const [first, end] = [ways.refStart[w]!, ways.refEnd[w]!]
      if (end - first > 2 && data.refs[first] === data.refs[end - 1]) closed++
    }
    let tagged = 0
    for (let i = 0; i < nodes.count; i++) if (nodes.tagEnd[i]! > nodes.tagStart[i]!) tagged++
    expect({
      nodes: nodes.count,
      ways: ways.count,
      relations: relations.count,
      tagged_nodes: tagged,
      closed_ways: closed,
      building_ways: countWith(data, ways, 'building'),
      power_pole_nodes: countWith(data, nodes, 'power', 'pole'),
      power_tower_nodes: countWith(data, nodes, 'power', 'tower'),
      street_lamp_nodes: countWith(data, nodes, 'highway', 'street_lamp'),
      multipolygon_relations: countWith(data, relations, 'type', 'multipolygon'),
    }).toEqual({
      nodes: expected.nodes,
      ways: expected.ways,
      relations: expected.relations,
      tagged_nodes: expected.tagged_nodes,
      closed_ways: expected.closed_ways,
      building_ways: expected.building_ways,
      power_pole_nodes: expected.power_pole_nodes,
      power_tower_nodes: expected.power_tower_nodes,
      street_lamp_nodes: expected.street_lamp_nodes,
      multipolygon_relations: expected.multipolygon_relations,
    })
    const plane = Object.entries(expected).find(([key]) => /length.*319\d\d|length.*utm/i.test(key))
    if (plane) {
      const epsg = Number(/319\d\d/.exec(plane[0])?.[0] ?? 31982)
      const found = highways(data, epsg)
      expect(found.ways).toBe(expected.highway_ways_with_2_or_more_known_nodes)
      expect(found.meters).toBeCloseTo(Number(plane[1]), 2)
    }
  })
})
