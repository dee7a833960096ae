// How many deliveries may be under way, and whose. Who accepts a connection and never answers holds a slot for the whole time
// limit, so the less an endpoint is to be relied on, the fewer of the slots are open to it.
import type { DueRow } from '../store/deliveries.ts'

/** 0: took its last message. 1: failed a time or two since it took one. 2: nothing is known. 3: failed and nothing else. */
type Standing = 0 | 1 | 2 | 3

export interface Slots {
  /** Whether this endpoint may be told now. */
  isOpenTo(due: DueRow): boolean
  /** Takes a slot; call what comes back when the delivery is over. */
  take(due: DueRow): () => void
  /** The endpoint took a message. */
  delivered(endpointId: string): void
}

/** Failures in a row that make an endpoint count as one that is away; one that fails a call in five hardly gets there. */
const FAILS_AGAIN_AND_AGAIN = 3
/** Share of the slots for endpoints of this standing and worse together. */
const SHARES = [1, 7 / 8, 3 / 4, 1 / 2] as const

export function createSlots(total: number): Slots {
  /** Under way, by the standing at their beginning. */
  const taken = [0, 0, 0, 0]
  /** Took a message once, as far as this run of the program has seen. */
  const proven = new Set<string>()

  const standingOf = ({ endpointId, failures }: DueRow): Standing => {
    if (failures === 0) return proven.has(endpointId) ? 0 : 2
    return failures < FAILS_AGAIN_AND_AGAIN && proven.has(endpointId) ? 1 : 3
  }

  return {
    isOpenTo(due) {
      const own = standingOf(due)
      let thisAndWorse = 0
      for (let standing = SHARES.length - 1; standing >= 0; standing--) {
        thisAndWorse += taken[standing]!
        if (standing <= own && thisAndWorse >= total * SHARES[standing]!) return false
      }
      return true
    },
    take(due) {
      const standing = standingOf(due)
      taken[standing]!++
      return () => void taken[standing]!--
    },
    delivered: (endpointId) => void proven.add(endpointId),
  }
}
