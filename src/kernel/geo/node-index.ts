// Node ids (up to 2^53) to small dense numbers, so that graph work can use typed arrays.

/** `index[i]` is the dense number of vertex i's node, numbered by first appearance; `count` how many there are. */
export interface NodeIndex {
  index: Int32Array
  count: number
}

/** Numbers the nodes. NaN means "made by us": such a vertex is a node of its own. Linear, open addressing. */
export function indexNodes(ids: Float64Array): NodeIndex {
  const total = ids.length
  let bits = 4
  while (1 << bits < total * 2) bits++
  const mask = (1 << bits) - 1
  const table = new Int32Array(1 << bits)
  const known = new Float64Array(total)
  const index = new Int32Array(total)
  let count = 0
  for (let i = 0; i < total; i++) {
    const id = ids[i]!
    if (Number.isNaN(id)) {
      known[count] = Number.NaN
      index[i] = count++
      continue
    }
    // Sixteen neighbouring ids share a place in the table: nodes of one thing mostly count on, and then lie in one cache line.
    const low = id | 0
    const high = Math.floor(id / 4294967296)
    const block = Math.imul((low >>> 4) ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1) >>> (36 - bits)
    let slot = ((block << 4) | (low & 15)) & mask
    let entry = table[slot]!
    while (entry !== 0 && known[entry - 1] !== id) {
      slot = (slot + 1) & mask
      entry = table[slot]!
    }
    if (entry === 0) {
      known[count] = id
      index[i] = count
      table[slot] = ++count
    } else index[i] = entry - 1
  }
  return { index, count }
}
