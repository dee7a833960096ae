// One record per element: Overpass lists a node twice when it has tags and also belongs to a way (`out body; >; out skel`), and files
// that were glued together list anything twice.
import { IdIndex } from './id-index.ts'
import type { OsmData, OsmElements } from './osm-data.ts'

/**
 * The same data with every id once, in the place of its first record. The record with the higher version wins; of equal or unknown
 * versions the first. A position, node list or member list that the winner lacks is taken from the other, and so are tags unless
 * both state a version: a skeleton never takes the tags away.
 */
export function mergeDuplicates(data: OsmData): OsmData {
  const { nodes, ways, relations } = data
  const keepNodes = merge(nodes, (to, from, fromWins) => {
    const { lonLat } = nodes
    if (fromWins ? !Number.isNaN(lonLat[from * 2]!) : Number.isNaN(lonLat[to * 2]!)) {
      lonLat[to * 2] = lonLat[from * 2]!
      lonLat[to * 2 + 1] = lonLat[from * 2 + 1]!
    }
  })
  const keepWays = merge(ways, (to, from, fromWins) => {
    takeSpan(ways.refStart, ways.refEnd, to, from, fromWins)
    takeSpan(ways.geometryStart, ways.geometryEnd, to, from, fromWins)
  })
  const keepRelations = merge(relations, (to, from, fromWins) => {
    takeSpan(relations.memberStart, relations.memberEnd, to, from, fromWins)
  })
  return {
    ...data,
    nodes:
      keepNodes === null
        ? nodes
        : { ...compact(nodes, keepNodes), lonLat: compactPairs(nodes.lonLat, keepNodes) },
    ways:
      keepWays === null
        ? ways
        : {
            ...compact(ways, keepWays),
            refStart: compactColumn(ways.refStart, keepWays),
            refEnd: compactColumn(ways.refEnd, keepWays),
            geometryStart: compactColumn(ways.geometryStart, keepWays),
            geometryEnd: compactColumn(ways.geometryEnd, keepWays),
          },
    relations:
      keepRelations === null
        ? relations
        : {
            ...compact(relations, keepRelations),
            memberStart: compactColumn(relations.memberStart, keepRelations),
            memberEnd: compactColumn(relations.memberEnd, keepRelations),
          },
  }
}

/** Merges later records into first ones; the indexes to keep, or null when every id stands once. */
function merge(
  elements: OsmElements,
  take: (to: number, from: number, fromWins: boolean) => void,
): Int32Array | null {
  const { count, ids, versions, tagStart, tagEnd } = elements
  // Sorted input, which most answers are, needs no table.
  let ascending = true
  for (let i = 1; i < count && ascending; i++) ascending = ids[i]! > ids[i - 1]!
  if (ascending) return null
  const dropped: number[] = []
  new IdIndex(ids, count, (to, from) => {
    const fromWins = versions[from]! > versions[to]!
    const twoVersions = versions[to]! > 0 && versions[from]! > 0 && versions[from] !== versions[to]
    // Between two known versions even "no tags" is news; otherwise an empty set only means that nobody printed it.
    if (!twoVersions) takeSpan(tagStart, tagEnd, to, from, fromWins)
    else if (fromWins) {
      tagStart[to] = tagStart[from]!
      tagEnd[to] = tagEnd[from]!
    }
    take(to, from, fromWins)
    if (fromWins) versions[to] = versions[from]!
    dropped.push(from)
  })
  if (dropped.length === 0) return null
  const keep = new Int32Array(count - dropped.length)
  let next = 0
  let kept = 0
  for (let i = 0; i < count; i++) {
    if (dropped[next] === i) next++
    else keep[kept++] = i
  }
  return keep
}

/** The span of `from` replaces that of `to` when it wins and is not empty, or when `to` has none. */
function takeSpan(
  start: Int32Array,
  end: Int32Array,
  to: number,
  from: number,
  fromWins: boolean,
): void {
  const fromEmpty = start[from] === end[from]
  if (fromEmpty || !(fromWins || start[to] === end[to])) return
  start[to] = start[from]!
  end[to] = end[from]!
}

function compact(elements: OsmElements, keep: Int32Array): OsmElements {
  const ids = new Float64Array(keep.length)
  for (let i = 0; i < keep.length; i++) ids[i] = elements.ids[keep[i]!]!
  return {
    count: keep.length,
    ids,
    versions: compactColumn(elements.versions, keep),
    tagStart: compactColumn(elements.tagStart, keep),
    tagEnd: compactColumn(elements.tagEnd, keep),
  }
}

function compactColumn(column: Int32Array, keep: Int32Array): Int32Array {
  const out = new Int32Array(keep.length)
  for (let i = 0; i < keep.length; i++) out[i] = column[keep[i]!]!
  return out
}

function compactPairs(pairs: Float64Array, keep: Int32Array): Float64Array {
  const out = new Float64Array(keep.length * 2)
  for (let i = 0; i < keep.length; i++) {
    out[i * 2] = pairs[keep[i]! * 2]!
    out[i * 2 + 1] = pairs[keep[i]! * 2 + 1]!
  }
  return out
}
