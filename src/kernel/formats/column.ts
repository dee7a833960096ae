// Columns that grow: typed arrays filled by a reader that does not know how much is coming.

/** A growing Float64Array. Only the first `length` values count. */
export class Float64Column {
  values: Float64Array
  length = 0

  constructor(capacity = 1024) {
    this.values = new Float64Array(capacity)
  }

  push(value: number): void {
    if (this.length === this.values.length) this.reserve(1)
    this.values[this.length++] = value
  }

  /** Makes sure that `more` values fit; a loop may then write into `values` itself. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.values.length) return
    const larger = new Float64Array(Math.max(needed, this.values.length * 2))
    larger.set(this.values.subarray(0, this.length))
    this.values = larger
  }

  /** The filled part, without copying. */
  filled(): Float64Array {
    return this.values.subarray(0, this.length)
  }
}

/** A growing Int32Array. Only the first `length` values count. */
export class Int32Column {
  values: Int32Array
  length = 0

  constructor(capacity = 1024) {
    this.values = new Int32Array(capacity)
  }

  push(value: number): void {
    if (this.length === this.values.length) this.reserve(1)
    this.values[this.length++] = value
  }

  /** Makes sure that `more` values fit; a loop may then write into `values` itself. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.values.length) return
    const larger = new Int32Array(Math.max(needed, this.values.length * 2))
    larger.set(this.values.subarray(0, this.length))
    this.values = larger
  }

  /** The filled part, without copying. */
  filled(): Int32Array {
    return this.values.subarray(0, this.length)
  }
}
