// Collects the vertices of clipped paths in growing typed arrays.
import type { Paths } from './paths.ts'

export interface Clipped {
  paths: Paths
  /** Input path of each output path. */
  parent: Uint32Array
  /** Input vertex of each output vertex; -1 for one made on the region's edge. */
  vertex: Int32Array
}

export class VertexSink {
  #coords: Float64Array
  #z: Float64Array | null
  #vertex: Int32Array
  #offsets: Uint32Array
  #parent: Uint32Array
  #count = 0
  #paths = 0

  /** Sized after the input, which is what most of it will be. */
  constructor(input: Paths) {
    const vertices = input.coords.length / 2 + 64
    this.#coords = new Float64Array(2 * vertices)
    this.#z = input.z ? new Float64Array(vertices) : null
    this.#vertex = new Int32Array(vertices)
    this.#offsets = new Uint32Array(input.offsets.length + 64)
    this.#parent = new Uint32Array(input.offsets.length + 63)
  }

  /** Room for `more` vertices. */
  #reserve(more: number): void {
    if (this.#count + more <= this.#vertex.length) return
    const size = Math.max(2 * this.#vertex.length, this.#count + more)
    this.#coords = grown(this.#coords, new Float64Array(2 * size))
    this.#vertex = grown(this.#vertex, new Int32Array(size))
    if (this.#z) this.#z = grown(this.#z, new Float64Array(size))
  }

  put(x: number, y: number, z: number, vertex: number): void {
    this.#reserve(1)
    const at = this.#count++
    this.#coords[2 * at] = x
    this.#coords[2 * at + 1] = y
    this.#vertex[at] = vertex
    if (this.#z) this.#z[at] = z
  }

  /** A whole input path, untouched. */
  copy(input: Paths, path: number): void {
    const start = input.offsets[path]!
    const end = input.offsets[path + 1]!
    this.#reserve(end - start)
    const { coords: from, z: heights } = input
    const coords = this.#coords
    const z = this.#z
    const vertex = this.#vertex
    let at = this.#count
    // A loop: most paths are short, and views of their vertices would cost more than the copying.
    for (let i = start; i < end; i++, at++) {
      coords[2 * at] = from[2 * i]!
      coords[2 * at + 1] = from[2 * i + 1]!
      if (z) z[at] = heights![i]!
      vertex[at] = i
    }
    this.#count = at
    this.close(path)
  }

  /** Ends a path begun since the last close; one without two different vertices is dropped. */
  close(path: number): void {
    const start = this.#paths === 0 ? 0 : this.#offsets[this.#paths]!
    let moved = false
    for (let i = start + 1; i < this.#count && !moved; i++) {
      moved =
        this.#coords[2 * i] !== this.#coords[2 * start] ||
        this.#coords[2 * i + 1] !== this.#coords[2 * start + 1]
    }
    if (!moved) {
      this.#count = start
      return
    }
    if (this.#paths === this.#parent.length) {
      this.#parent = grown(this.#parent, new Uint32Array(2 * this.#paths + 64))
      this.#offsets = grown(this.#offsets, new Uint32Array(this.#parent.length + 1))
    }
    this.#parent[this.#paths++] = path
    this.#offsets[this.#paths] = this.#count
  }

  /** What was collected, without copying it. */
  done(): Clipped {
    const paths: Paths = {
      coords: this.#coords.subarray(0, 2 * this.#count),
      offsets: this.#offsets.subarray(0, this.#paths + 1),
    }
    if (this.#z) paths.z = this.#z.subarray(0, this.#count)
    return {
      paths,
      parent: this.#parent.subarray(0, this.#paths),
      vertex: this.#vertex.subarray(0, this.#count),
    }
  }
}

function grown<T extends Float64Array | Int32Array | Uint32Array>(from: T, into: T): T {
  into.set(from)
  return into
}
