// A thread entry whose tasks misbehave on purpose, for the tests of the pool.
import { pbkdf2Sync } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { getPriority } from 'node:os'
import { AppError } from '../../src/base/errors.ts'
import { serveTasks } from '../../src/workers/serve.ts'
import type { TaskContext } from '../../src/workers/tasks.ts'
import { standBack } from '../../src/workers/thread-priority.ts'

const rude = {
  double: (numbers: Float64Array) => {
    for (let i = 0; i < numbers.length; i++) numbers[i]! *= 2
    return { numbers, again: numbers }
  },
  failKnown: () => {
    throw new AppError('GEOJSON_INVALID', 'ring 3 is not closed', { data: { ring: 3 } })
  },
  failUnknown: () => (undefined as unknown as { secret: string }).secret,
  spinPolitely: (_: null, { report }: TaskContext) => {
    for (let i = 0; ; i++) report('spinning', (i % 100) / 100)
  },
  spinDeaf: () => {
    for (;;);
  },
  /** Inside one call of Node nothing hears of a termination. */
  native: (rounds: number) => pbkdf2Sync('word', 'salt', rounds, 64, 'sha512').length,
  standBack: () => {
    const niceness = (): number =>
      getPriority(Number(/(\d+)$/.exec(readlinkSync('/proc/thread-self'))![1]))
    const before = niceness()
    standBack()
    return { before, after: niceness() }
  },
  steps: (_: null, { report }: TaskContext) => {
    for (let i = 0; i < 100_000; i++) report(i < 50_000 ? 'first' : 'second', i / 100_000)
    return 'done'
  },
  hoard: () => {
    const kept: object[] = []
    for (;;) kept.push({ at: kept.length, text: `${kept.length}` })
  },
  greedyBuffer: () => new Float64Array(2 ** 40),
  /** Left to a collector that has no reason to come. */
  holdMegabytes: (megabytes: number) => new Uint8Array(megabytes * 2 ** 20).fill(1).length,
  inflate: (bytes: Uint8Array, { codecs }: TaskContext) => codecs.inflate(bytes, 1000).length,
  threadId: async () => (await import('node:worker_threads')).threadId,
}

export const runTask = serveTasks(rude)
