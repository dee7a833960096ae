// What a verifier has found so far in a bundle, and what follows from it.

export interface BundleVerdict {
  /** 0 good, 2 tampered, 3 rolled back or truncated, 4 cannot decide. */
  code: 0 | 2 | 3 | 4
  /** `seq` of the first entry found wrong; null when none can be named. */
  firstBad: number | null
  /** English: what was found. */
  reason: string
  /** Entries read. */
  size: number
  /** Entries that a believed key signed for. */
  signedSize: number
}

export class Findings {
  #tampered: string | null = null
  #firstBad: number | null = null
  #cut: string | null = null

  get firstBad(): number | null {
    return this.#firstBad
  }

  /** Somebody changed something; `seq` when the entry can be named. The earliest entry gives the reason. */
  blame(seq: number | null, what: string): void {
    if (this.#tampered === null || (seq !== null && (this.#firstBad ?? Infinity) > seq)) {
      this.#tampered = what
    }
    if (seq !== null && (this.#firstBad === null || seq < this.#firstBad)) this.#firstBad = seq
  }

  /** Something that was there is not there any more. */
  cut(what: string): void {
    this.#cut ??= what
  }

  /** `undecided`: a note from elsewhere could not be checked. */
  verdict(size: number, signedSizes: readonly number[], undecided: boolean): BundleVerdict {
    const signedSize = Math.max(0, ...signedSizes)
    const answer = (code: BundleVerdict['code'], reason: string): BundleVerdict => ({
      code,
      firstBad: code === 2 ? this.#firstBad : null,
      reason,
      size,
      signedSize,
    })
    if (this.#tampered !== null) return answer(2, this.#tampered)
    if (this.#cut !== null) return answer(3, this.#cut)
    if (signedSizes.length === 0) return answer(4, 'no checkpoint is signed by a believed key')
    if (undecided) return answer(4, 'a note from elsewhere cannot be checked')
    return answer(0, 'every entry is signed for and none was changed')
  }
}
