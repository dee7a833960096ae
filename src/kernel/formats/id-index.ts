// Finds an element by its OSM id: a hash table over a column of ids that Float64 holds exactly (up to 2^53).

/** Where each id stands in `ids`. Of equal ids the first is found. */
export class IdIndex {
  private readonly ids: Float64Array
  private readonly slots: Int32Array
  private readonly shift: number

  /** `count` ids of the column are entered; `onDuplicate(first, again)` hears of each id that was already there. */
  constructor(
    ids: Float64Array,
    count: number,
    onDuplicate: ((first: number, again: number) => void) | null = null,
  ) {
    // Two places of sixteen at the least.
    let bits = 5
    while (1 << bits < count * 2) bits++
    this.ids = ids
    this.slots = new Int32Array(1 << bits)
    this.shift = 32 - bits
    const { slots, shift } = this
    const mask = slots.length - 1
    for (let i = 0; i < count; i++) {
      const id = ids[i]!
      let slot = hash(id, shift)
      let entry = slots[slot]!
      while (entry !== 0 && ids[entry - 1] !== id) {
        slot = (slot + 1) & mask
        entry = slots[slot]!
      }
      if (entry === 0) slots[slot] = i + 1
      else onDuplicate?.(entry - 1, i)
    }
  }

  /** Index of an id, or -1. */
  find(id: number): number {
    const { ids, slots } = this
    const mask = slots.length - 1
    let slot = hash(id, this.shift)
    for (;;) {
      const entry = slots[slot]!
      if (entry === 0) return -1
      if (ids[entry - 1] === id) return entry - 1
      slot = (slot + 1) & mask
    }
  }
}

/**
 * Multiplicative hashing (Knuth) of the low and high halves. Sixteen neighbouring ids share a place in the table, because what stands
 * together in an answer was mostly numbered together, and then lies in one cache line. `shift` is 32 less the bits of the table.
 */
function hash(id: number, shift: number): number {
  const low = id | 0
  const high = (id / 4_294_967_296) | 0
  const block = Math.imul((low >>> 4) ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1) >>> (shift + 4)
  return (block << 4) | (low & 15)
}
