// Visvalingam's line simplification: again and again the vertex with the smallest triangle goes. Source: Visvalingam &
// Whyatt 1993; a removed vertex's area is carried to its neighbours so that the order of removal is monotone.

/** Marks what stays strictly between `first` and `last`: triangles of at least `tolerance`² square metres. */
export function visvalingamLine(
  coords: Float64Array,
  first: number,
  last: number,
  tolerance: number,
  kept: Uint8Array,
): void {
  const count = last - first + 1
  const limit = tolerance * tolerance
  const area = new Float64Array(count)
  const previous = new Int32Array(count)
  const next = new Int32Array(count)
  const heap = new Int32Array(count)
  const place = new Int32Array(count).fill(-1)
  let size = 0

  const triangle = (i: number): number => {
    const a = 2 * (first + previous[i]!)
    const b = 2 * (first + i)
    const c = 2 * (first + next[i]!)
    const abx = coords[b]! - coords[a]!
    const aby = coords[b + 1]! - coords[a + 1]!
    const acx = coords[c]! - coords[a]!
    const acy = coords[c + 1]! - coords[a + 1]!
    return Math.abs(abx * acy - aby * acx) / 2
  }
  const before = (i: number, j: number): boolean =>
    area[i]! < area[j]! || (area[i] === area[j] && i < j)
  const put = (slot: number, i: number): void => {
    heap[slot] = i
    place[i] = slot
  }
  const up = (from: number): void => {
    const i = heap[from]!
    let slot = from
    while (slot > 0) {
      const parent = (slot - 1) >> 1
      if (!before(i, heap[parent]!)) break
      put(slot, heap[parent]!)
      slot = parent
    }
    put(slot, i)
  }
  const down = (from: number): void => {
    const i = heap[from]!
    let slot = from
    for (;;) {
      let child = 2 * slot + 1
      if (child >= size) break
      if (child + 1 < size && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, i)) break
      put(slot, heap[child]!)
      slot = child
    }
    put(slot, i)
  }

  for (let i = 0; i < count; i++) {
    previous[i] = i - 1
    next[i] = i + 1
  }
  for (let i = 1; i < count - 1; i++) {
    area[i] = triangle(i)
    put(size++, i)
    up(size - 1)
  }
  while (size > 0) {
    const i = heap[0]!
    if (!(area[i]! < limit)) break
    const moved = heap[--size]!
    if (size > 0) {
      put(0, moved)
      down(0)
    }
    place[i] = -1
    const left = previous[i]!
    const right = next[i]!
    next[left] = right
    previous[right] = left
    for (const neighbour of [left, right]) {
      if (neighbour === 0 || neighbour === count - 1) continue
      area[neighbour] = Math.max(area[i]!, triangle(neighbour))
      up(place[neighbour]!)
      down(place[neighbour]!)
    }
  }
  for (let slot = 0; slot < size; slot++) kept[first + heap[slot]!] = 1
}
