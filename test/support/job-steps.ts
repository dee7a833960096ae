// What users, workers, crashes and the clock may do in a play of the job engine, in random order.
import fc from 'fast-check'
import { policy } from './job-model.ts'

const PAYLOADS = 3
const ON_LEASE = [
  'heartbeat',
  'succeed',
  'failTransient',
  'failFinal',
  'release',
  'abandon',
] as const
const ON_ANY = ['stale', 'cancel', 'retry'] as const

export type LeaseWord = (typeof ON_LEASE)[number]

export type Step =
  | { do: 'add'; payload: number; force: boolean }
  | { do: 'claim' | 'crash' | 'restart' }
  | { do: LeaseWord | (typeof ON_ANY)[number]; pick: number }
  /** The look for leases that ran out; every third lease in hand, from this one on, is of work that this program has. */
  | { do: 'look'; ours: number }
  /** Time passes. */
  | { do: 'wait'; milliseconds: number }
  /** Somebody sets the computer's clock, forward or back. */
  | { do: 'setClock'; by: number }

const weigh = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary })
const picking = <T extends string>(words: readonly T[]) =>
  fc.record({ do: fc.constantFrom(...words), pick: fc.nat(5) })

const HOUR_MS = 3_600_000
const step: fc.Arbitrary<Step> = fc.oneof(
  weigh(
    8,
    fc.record({
      do: fc.constant('add' as const),
      payload: fc.nat(PAYLOADS - 1),
      force: fc.boolean(),
    }),
  ),
  weigh(8, fc.constant({ do: 'claim' as const })),
  weigh(12, picking(ON_LEASE)),
  weigh(8, picking(ON_ANY)),
  weigh(3, fc.record({ do: fc.constant('look' as const), ours: fc.nat(2) })),
  weigh(3, fc.record({ do: fc.constantFrom('crash' as const, 'restart' as const) })),
  weigh(
    5,
    fc.record({
      do: fc.constant('wait' as const),
      milliseconds: fc.constantFrom(1, 2999, 3000, 10_000, policy.leaseMs + 1, HOUR_MS),
    }),
  ),
  weigh(
    2,
    fc.record({
      do: fc.constant('setClock' as const),
      by: fc.constantFrom(...[1000, HOUR_MS, 24 * HOUR_MS].flatMap((by) => [by, -by])),
    }),
  ),
)

/** Up to 60 steps. */
export const steps = fc.array(step, { minLength: 1, maxLength: 60, size: 'max' })
