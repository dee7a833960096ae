// Streets, rivers, cables: every segment once, joined into long lines where nothing else meets, then fewer vertices with all meetings kept.

import { concatPaths } from '../geo/concat-paths.ts'
import type { Paths } from '../geo/paths.ts'
import { pathCount } from '../geo/paths.ts'
import { keptVertices } from '../geo/simplify.ts'
import { joinLines, junctionMask } from '../geo/topology.ts'
import type { OsmAttributes } from './osm-draw.ts'
import type { Selection } from './osm-select.ts'

/** Cleaned geometry of lines and rings, in metres. */
export interface Cleaned {
  lines: Paths
  /** Path numbers of the selection that each line was joined from, along the line. */
  members: number[][]
  rings: Paths
  duplicateSegments: number
}

/**
 * Joins and simplifies. Lines join only when everything that the drawing shows of them is equal; a line keeps the direction of its
 * first member, and one with a direction (oneway, river) is never turned round. Vertices that two paths share stay.
 */
export function cleanGeometry(
  lines: Selection,
  rings: Selection,
  attributes: OsmAttributes,
  toleranceMeters: number,
): Cleaned {
  const joined = joinLines({
    paths: lines.paths,
    nodes: lines.nodes,
    keys: joinKeys(lines, attributes),
    directed: directions(lines, attributes),
  })
  const count = pathCount(joined.paths)
  const both = concatPaths([joined.paths, rings.paths])
  const nodes = new Float64Array(joined.nodes.length + rings.nodes.length)
  nodes.set(joined.nodes)
  nodes.set(rings.nodes, joined.nodes.length)
  const kept = keptVertices(both.paths, toleranceMeters, junctionMask(both.paths, nodes))
  const members: number[][] = []
  for (let i = 0; i < count; i++) {
    members.push([
      ...joined.members.subarray(joined.memberOffsets[i]!, joined.memberOffsets[i + 1]!),
    ])
  }
  return {
    lines: pick(both.paths, kept, 0, count),
    members,
    rings: pick(both.paths, kept, count, pathCount(both.paths)),
    duplicateSegments: joined.duplicateSegments,
  }
}

/** The kept vertices of paths from…to as paths of their own. */
function pick({ coords, offsets }: Paths, kept: Uint8Array, from: number, to: number): Paths {
  let total = 0
  for (let i = offsets[from]!; i < offsets[to]!; i++) total += kept[i]!
  const out: Paths = {
    coords: new Float64Array(total * 2),
    offsets: new Uint32Array(to - from + 1),
  }
  let at = 0
  for (let path = from; path < to; path++) {
    for (let i = offsets[path]!; i < offsets[path + 1]!; i++) {
      if (kept[i] === 0) continue
      out.coords[at * 2] = coords[i * 2]!
      out.coords[at * 2 + 1] = coords[i * 2 + 1]!
      at++
    }
    out.offsets[path - from + 1] = at
  }
  return out
}

/** Tags that tell two stretches of one street apart in the drawing, besides class, name and width. */
const SEPARATING_TAGS = ['ref', 'oneway', 'bridge', 'tunnel', 'layer', 'voltage', 'surface']

/** One number per path; equal where lines may become one. */
function joinKeys(lines: Selection, attributes: OsmAttributes): Int32Array {
  const keys = new Int32Array(lines.features.length)
  const numbers = new Map<string, number>()
  for (let path = 0; path < keys.length; path++) {
    const i = lines.features[path]!
    const classified = lines.classes[path]!
    const { key, value, layer } = classified
    let text = `${layer.name}\u0000${key}=${value}\u0000${attributes.tag(i, 'name') ?? ''}\u0000${attributes.width(i, classified) ?? ''}`
    for (const tag of SEPARATING_TAGS) text += `\u0000${attributes.tag(i, tag) ?? ''}`
    let number = numbers.get(text)
    if (number === undefined) {
      number = numbers.size
      numbers.set(text, number)
    }
    keys[path] = number
  }
  return keys
}

/** 1 where the order of vertices means something: one-way streets, flowing water, the sea on the right of a coast line. */
function directions(lines: Selection, attributes: OsmAttributes): Uint8Array {
  const directed = new Uint8Array(lines.features.length)
  for (let path = 0; path < directed.length; path++) {
    const { key, value } = lines.classes[path]!
    const oneway = attributes.tag(lines.features[path]!, 'oneway')
    const flows = key === 'waterway' || value === 'coastline' || value === 'cliff'
    if (flows || (oneway !== null && oneway !== 'no')) directed[path] = 1
  }
  return directed
}
