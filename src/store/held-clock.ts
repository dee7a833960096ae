// The time inside a transaction. What is written together happened at one time; rows that say the same also cost less.
import type { Clock } from '../base/clock.ts'
import type { Transactions } from './transactions.ts'

/** The given clock; from its first look at the time on, a transaction sees no other. */
export function holdClock(
  clock: Clock,
  transactions: Pick<Transactions, 'follow' | 'isOpen'>,
): Clock {
  let held: number | null = null
  transactions.follow({
    flush() {},
    mark: () => 0,
    undo() {},
    settle() {
      held = null
    },
  })
  return {
    now() {
      if (!transactions.isOpen()) return clock.now()
      held ??= clock.now()
      return held
    },
    monotonic: () => clock.monotonic(),
  }
}
