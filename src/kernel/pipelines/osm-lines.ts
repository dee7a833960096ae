// Streets, rivers, cables: every segment once, joined into long lines where nothing else meets; areas once, too; then fewer vertices
// with all meetings kept, no spikes and no vertex repeated in place.

import type { Classified } from '../cad/classify.ts'
import { hasFlaws } from '../geo/flaws.ts'
import { indexNodes } from '../geo/node-index.ts'
import type { Paths } from '../geo/paths.ts'
import { prunePaths } from '../geo/prune.ts'
import { keptVertices, selectVertices } from '../geo/simplify.ts'
import { countNodeUses, joinLines, meetingMask } from '../geo/topology.ts'
import type { OsmAttributes } from './osm-attributes.ts'
import { singleRings } from './osm-rings.ts'
import type { Selection } from './osm-select.ts'

/** Cleaned geometry of lines and rings, in metres. */
export interface Cleaned {
  lines: Paths
  /** Line i was joined from the paths `members[memberOffsets[i]] … members[memberOffsets[i + 1] - 1]` of the selection, along the line. */
  memberOffsets: Uint32Array
  members: Uint32Array
  rings: Paths
  /** Path of the selection of each ring, and the further ones that lie over the same nodes. */
  ringOf: Uint32Array
  twins: ReadonlyMap<number, readonly number[]>
  removed: { segments: number; rings: number; spikes: number; repeated: number }
}

/** Vertices nearer than this are one, and legs nearer than this a spike: a millimetre, the finest that a drawing shows. */
const PRUNE_METERS = 0.001

/**
 * Takes out what is there twice, joins, simplifies, prunes. Lines join only when everything that the drawing shows of them is equal; a line
 * keeps the direction of its first member, and one with a direction (oneway, river) is never turned round. Vertices that two paths
 * share stay, be they streets, buildings or plots. The selection comes in the order of element ids, so the order of the answer
 * does not show.
 */
export function cleanGeometry(
  lines: Selection,
  rings: Selection,
  attributes: OsmAttributes,
  toleranceMeters: number,
): Cleaned {
  const lineVertices = lines.nodes.length
  const nodes = new Float64Array(lineVertices + rings.nodes.length)
  nodes.set(lines.nodes)
  nodes.set(rings.nodes, lineVertices)
  const { index, count } = indexNodes(nodes)
  const joined = joinLines({
    paths: lines.paths,
    nodes: lines.nodes,
    keys: joinKeys(lines, attributes),
    directed: directions(lines, attributes),
    index: { index: index.subarray(0, lineVertices), count },
  })
  const single = singleRings(rings, index.subarray(lineVertices))
  const uses = new Uint8Array(count)
  countNodeUses(joined.paths, joined.index, uses)
  countNodeUses(single.paths, single.index, uses)
  const removed = {
    segments: joined.duplicateSegments,
    rings: rings.polygons.length - single.ringOf.length,
    spikes: 0,
    repeated: 0,
  }
  const thin = (
    paths: Paths,
    pathIndex: Int32Array,
  ): { paths: Paths; parent: Uint32Array | null } => {
    const stays = meetingMask(paths, pathIndex, uses)
    const kept = keptVertices(paths, toleranceMeters, stays)
    const thinned = selectVertices(paths, kept)
    if (!hasFlaws(thinned, PRUNE_METERS, PRUNE_METERS)) return { paths: thinned, parent: null }
    const shared = new Uint8Array(thinned.coords.length / 2)
    for (let i = 0, at = 0; i < kept.length; i++) {
      if (kept[i] === 1) shared[at++] = uses[pathIndex[i]!] === 2 ? 1 : 0
    }
    const options = { repeatMeters: PRUNE_METERS, spikeMeters: PRUNE_METERS, keep: shared }
    const pruned = prunePaths(thinned, options)
    removed.spikes += pruned.removed.spikes
    removed.repeated += pruned.removed.repeated
    return pruned
  }
  const thinLines = thin(joined.paths, joined.index)
  const thinRings = thin(single.paths, single.index)
  return {
    lines: thinLines.paths,
    ...membersOf(joined, thinLines.parent),
    rings: thinRings.paths,
    ringOf: thinRings.parent?.map((ring) => single.ringOf[ring]!) ?? single.ringOf,
    twins: single.twins,
    removed,
  }
}

/** The members of the lines that are left. */
function membersOf(
  { memberOffsets, members }: Pick<Cleaned, 'memberOffsets' | 'members'>,
  left: Uint32Array | null,
): Pick<Cleaned, 'memberOffsets' | 'members'> {
  if (left === null) return { memberOffsets, members }
  const offsets = [0]
  const kept: number[] = []
  for (const line of left) {
    for (let k = memberOffsets[line]!; k < memberOffsets[line + 1]!; k++) kept.push(members[k]!)
    offsets.push(kept.length)
  }
  return { memberOffsets: Uint32Array.from(offsets), members: Uint32Array.from(kept) }
}

/** Tags that tell two stretches of one street apart in the drawing, besides class and width. */
const SEPARATING_TAGS = ['name', 'ref', 'oneway', 'bridge', 'tunnel', 'layer', 'voltage', 'surface']
/** Tags that a width is read from. */
const WIDTH_TAGS = ['width', 'est_width', 'lanes']

/** One number per path; equal where lines may become one. */
function joinKeys(lines: Selection, attributes: OsmAttributes): Int32Array {
  const keys = new Int32Array(lines.features.length)
  const classes = new Map<Classified, ClassKey>()
  const classNumbers = new Map<string, number>()
  const separating = SEPARATING_TAGS.map((tag) => attributes.numberOf(tag))
  const widths = WIDTH_TAGS.map((tag) => attributes.numberOf(tag)).filter((key) => key >= 0)
  const pairs = new PairNumbers()
  for (let path = 0; path < keys.length; path++) {
    const i = lines.features[path]!
    const classified = lines.classes[path]!
    let known = classes.get(classified)
    if (known === undefined) {
      const text = `${classified.layer.name}\u0000${classified.name}`
      const number = classNumbers.get(text) ?? classNumbers.size
      classNumbers.set(text, number)
      known = { number, usualWidth: null }
      classes.set(classified, known)
    }
    let own = false
    for (const key of widths) own ||= attributes.valueOf(i, key) >= 0
    if (!own) known.usualWidth ??= { meters: attributes.width(i, classified) }
    const width = own ? attributes.width(i, classified) : known.usualWidth!.meters
    // Millimetres, as widths are rounded; 0 = none.
    let number = pairs.of(known.number, 0, width === null ? 0 : Math.round(width * 1000))
    for (let k = 0; k < separating.length; k++) {
      if (separating[k]! < 0) continue
      const value = attributes.valueOf(i, separating[k]!)
      if (value >= 0 && attributes.texts[value] !== '') number = pairs.of(number, k + 1, value)
    }
    keys[path] = number
  }
  return keys
}

interface ClassKey {
  number: number
  /** Width of those that do not state one. */
  usualWidth: { meters: number | null } | null
}

/** Gives every chain of (what stands before, which column, value) a number of its own. */
class PairNumbers {
  private readonly known = new Map<number, number>()

  /** `before` below 2^21, `column` below 2^4, `value` below 2^28. */
  of(before: number, column: number, value: number): number {
    const pair = (before * 16 + column) * 2 ** 28 + value
    let number = this.known.get(pair)
    if (number === undefined) {
      number = this.known.size
      this.known.set(pair, number)
    }
    return number
  }
}

/** 1 where the order of vertices means something: one-way streets, flowing water, the sea on the right of a coast line. */
function directions(lines: Selection, attributes: OsmAttributes): Uint8Array {
  const directed = new Uint8Array(lines.features.length)
  const oneway = attributes.numberOf('oneway')
  const no = attributes.numberOf('no')
  for (let path = 0; path < directed.length; path++) {
    const { key, value } = lines.classes[path]!
    const flows = key === 'waterway' || value === 'coastline' || value === 'cliff'
    const way = oneway < 0 ? -1 : attributes.valueOf(lines.features[path]!, oneway)
    if (flows || (way >= 0 && way !== no)) directed[path] = 1
  }
  return directed
}
