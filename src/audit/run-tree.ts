// The tree of the log over leaves that come in runs of one length: the nodes of a run are hashed level by level, where they lie.
import type { Digest } from './digest.ts'
import { Frontier, nodeDigest } from './merkle.ts'
import type { Lanes } from './sha256-lanes.ts'

const DIGEST = 32
const NODE = 1

/**
 * `leaves`: where the leaf hashes of a run lie in the room, and how far from one to the next. `nodes`: where 2^`levels` + 4 digests have
 * room. All runs but the last are of 2^`levels` leaves.
 */
export function createRunTree(
  { room, hashPairs }: Lanes,
  levels: number,
  leaves: { at: number; stride: number },
  nodes: number,
) {
  /** Its leaves are the roots of the runs before. */
  const before = new Frontier()
  let count = 0
  const places = [leaves]
  for (let level = 1, at = nodes; level <= levels; level++) {
    places.push({ at, stride: DIGEST })
    at += 2 ** (levels - level) * DIGEST
  }

  const nodeAt = (level: number, n: number): Digest => {
    const { at, stride } = places[level]!
    return room.latin1Slice(at + n * stride, at + n * stride + DIGEST)
  }

  return {
    /** Takes the first so many leaves where they lie as the next run. */
    append(leavesOfRun: number): void {
      if (count > 0) before.append(nodeAt(levels, 0))
      count = leavesOfRun
      // What a level overwrites behind its last node is the next level's, which is made after it.
      for (let level = 1; level <= levels; level++) {
        const { at, stride } = places[level - 1]!
        const pairs = Math.floor(count / 2 ** level)
        hashPairs(NODE, at, at + stride, 2 * stride, pairs, places[level]!.at, DIGEST)
      }
    },
    /** Root over the runs before and the first `within` leaves of the last. */
    root(within = count): Digest {
      let root: Digest | null = null
      for (let level = 0, rest = within; rest > 0; level++, rest = Math.floor(rest / 2)) {
        if (rest % 2 === 0) continue
        const node = nodeAt(level, rest - 1)
        root = root === null ? node : nodeDigest(node, root)
      }
      return before.root(root)
    },
  }
}
