// Joins the member ways of a multipolygon relation end to end into rings.

/** One use of a chain inside a joined line. */
export interface Step {
  /** Index of the chain. */
  chain: number
  /** Walked from its last vertex to its first. */
  reversed: boolean
}

/** What became of the chains. */
export interface JoinedChains {
  /** Closed, in the order of walking. A ring does not pass twice through a place where chains end. */
  rings: Step[][]
  /** What could not be closed. */
  open: Step[][]
}

/**
 * Joins chains given by the keys of their first and last vertices (equal keys meet). Chains are tried in the order given, every chain is
 * used once, and a walk that comes back to a place it already passed cuts off the loop as a ring there: rings that touch each other at
 * a node come out apart, and a dangling chain does not spoil the ring it hangs on. Linear in the number of chains.
 */
export function joinChains(
  firstKeys: ArrayLike<number>,
  lastKeys: ArrayLike<number>,
): JoinedChains {
  const count = firstKeys.length
  const rings: Step[][] = []
  const open: Step[][] = []
  const used = new Uint8Array(count)
  const waiting = new Map<number, number[]>()
  for (let i = 0; i < count; i++) {
    if (firstKeys[i] === lastKeys[i]) {
      used[i] = 1
      rings.push([{ chain: i, reversed: false }])
      continue
    }
    addTo(waiting, firstKeys[i]!, i)
    addTo(waiting, lastKeys[i]!, i)
  }
  // Last in, first out would turn the order round.
  for (const list of waiting.values()) list.reverse()

  for (let i = 0; i < count; i++) {
    if (used[i] === 1) continue
    const walk: Step[] = [{ chain: i, reversed: false }]
    const depthOf = new Map<number, number>([[firstKeys[i]!, 0]])
    let stuck: Step[] = []
    let here = lastKeys[i]!
    used[i] = 1
    while (walk.length > 0) {
      const depth = depthOf.get(here)
      if (depth !== undefined && depth < walk.length) {
        const ring = walk.splice(depth)
        for (const step of ring) depthOf.delete(endKey(step))
        depthOf.set(here, depth)
        rings.push(ring)
        continue
      }
      depthOf.set(here, walk.length)
      const next = takeUnused(here)
      if (next >= 0) {
        if (stuck.length > 0) open.push(stuck.reverse())
        stuck = []
        used[next] = 1
        const reversed = firstKeys[next] !== here
        walk.push({ chain: next, reversed })
        here = reversed ? firstKeys[next]! : lastKeys[next]!
        continue
      }
      // Nowhere to go: the last chain stays open, and the walk goes on from where it began.
      depthOf.delete(here)
      const back = walk.pop()!
      stuck.push(back)
      here = back.reversed ? lastKeys[back.chain]! : firstKeys[back.chain]!
    }
    if (stuck.length > 0) open.push(stuck.reverse())
  }
  return { rings, open }

  function endKey(step: Step): number {
    return step.reversed ? firstKeys[step.chain]! : lastKeys[step.chain]!
  }

  function takeUnused(key: number): number {
    const list = waiting.get(key)
    while (list !== undefined && list.length > 0) {
      const candidate = list.pop()!
      if (used[candidate] === 0) return candidate
    }
    return -1
  }
}

function addTo(map: Map<number, number[]>, key: number, value: number): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
