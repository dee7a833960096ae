// What the pool promises about threads, whatever the task does: errors survive, cancelled work ends, memory is bounded.
import { getPriority } from 'node:os'
import path from 'node:path'
import { deflateSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { AppError } from '../../src/base/errors.ts'
import type { RunOptions } from '../../src/workers/compute.ts'
import { createPool, type PoolOptions } from '../../src/workers/pool.ts'
import { createPulse, looksOf } from '../../src/workers/pulse.ts'

const workerFile = path.resolve(import.meta.dirname, '../support/rude-worker.ts')

/** The pool with the rude tasks, which are outside the table of types. */
function rudePool(options: Partial<PoolOptions> = {}) {
  const pool = createPool({ threads: 1, workerFile, ...options })
  afterAll(() => pool.close())
  const run = pool.run as unknown as (
    name: string,
    input: unknown,
    options?: RunOptions,
  ) => Promise<unknown>
  return { run, close: () => pool.close(), renew: () => pool.renew?.() }
}

async function failure(work: Promise<unknown>): Promise<AppError> {
  try {
    await work
  } catch (error) {
    expect(error).toBeInstanceOf(AppError)
    return error as AppError
  }
  throw new Error('expected a failure')
}

describe('the pool', () => {
  const pool = rudePool({ graceMs: 300 })

  test('moves buffers there and back instead of copying them', async () => {
    const numbers = new Float64Array([1, 2, 3])
    const work = pool.run('double', numbers, { transfer: [numbers.buffer] })
    expect(numbers.length).toBe(0)
    const answer = (await work) as { numbers: Float64Array; again: Float64Array }
    expect([...answer.numbers]).toEqual([2, 4, 6])
    expect(answer.again.buffer).toBe(answer.numbers.buffer)
  })

  test('renewed gives the memory of an idle thread back and works on', async () => {
    const megabytes = () => process.memoryUsage.rss() / 2 ** 20
    const before = megabytes()
    await pool.run('holdMegabytes', 300)
    expect(megabytes()).toBeGreaterThan(before + 250)
    pool.renew()
    for (let n = 0; n < 100 && megabytes() > before + 100; n++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(megabytes()).toBeLessThan(before + 100)
    expect(
      ((await pool.run('double', new Float64Array([2]))) as { numbers: Float64Array }).numbers[0],
    ).toBe(4)
  })

  test('copies what it was not told to move', async () => {
    const numbers = new Float64Array([1])
    await pool.run('double', numbers)
    expect([...numbers]).toEqual([1])
  })

  test('an AppError keeps code, message and data', async () => {
    const error = await failure(pool.run('failKnown', null))
    expect(error).toMatchObject({
      code: 'GEOJSON_INVALID',
      message: 'ring 3 is not closed',
      data: { ring: 3 },
    })
  })

  test('an accident becomes INTERNAL; its words stay in the cause', async () => {
    const error = await failure(pool.run('failUnknown', null))
    expect(error.code).toBe('INTERNAL')
    expect(error.message).not.toMatch(/secret/)
    expect(String(error.cause)).toMatch(/secret/)
  })

  test('a task nobody knows is INTERNAL', async () => {
    expect((await failure(pool.run('noSuchTask', null))).code).toBe('INTERNAL')
  })

  test('polite work stops at its next report and its thread lives on', async () => {
    const before = await pool.run('threadId', null)
    const controller = new AbortController()
    let reports = 0
    const work = pool.run('spinPolitely', null, {
      signal: controller.signal,
      onProgress: () => {
        reports++
        if (reports === 2) controller.abort()
      },
    })
    expect((await failure(work)).code).toBe('CANCELLED')
    expect(await pool.run('threadId', null)).toBe(before)
  })

  test('deaf work is killed after the grace and the pool goes on with a new thread', async () => {
    const before = await pool.run('threadId', null)
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 50)
    const work = pool.run('spinDeaf', null, { signal: controller.signal })
    expect((await failure(work)).code).toBe('CANCELLED')
    expect(await pool.run('threadId', null)).not.toBe(before)
  })

  test('a thread that outlives its termination is counted and replaced; one that ends is not', async () => {
    const counts: number[] = []
    const stubborn = rudePool({ graceMs: 20, writeOffMs: 100, onWrittenOff: (n) => counts.push(n) })
    const kill = async (name: string, input: unknown): Promise<void> => {
      const controller = new AbortController()
      const pulse = createPulse()
      const work = stubborn.run(name, input, { signal: controller.signal, pulse })
      while (looksOf(pulse) === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      setTimeout(() => controller.abort(), 50)
      expect((await failure(work)).code).toBe('CANCELLED')
    }
    await kill('spinDeaf', null)
    await kill('native', 2_000_000)
    expect(await stubborn.run('threadId', null)).toBeGreaterThan(0)
    const end = performance.now() + 5_000
    while (counts.length === 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(counts).toEqual([1])
  })

  test('what a run shares with its owner moves while it looks up, and stands still while it is deaf', async () => {
    const watch = async (name: string, waitMs: number): Promise<boolean> => {
      const controller = new AbortController()
      const pulse = createPulse()
      const work = pool.run(name, null, { signal: controller.signal, pulse })
      while (looksOf(pulse) === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      const before = looksOf(pulse)
      const end = performance.now() + waitMs
      while (looksOf(pulse) === before && performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      const moved = looksOf(pulse) > before
      controller.abort()
      await failure(work)
      return moved
    }
    expect(await watch('spinPolitely', 5_000)).toBe(true)
    expect(await watch('spinDeaf', 300)).toBe(false)
  })

  test.runIf(process.platform === 'linux')(
    'a thread that computes stands back behind the one that answers, alone',
    async () => {
      const renewed = rudePool()
      const own = getPriority()
      expect(await renewed.run('standBack', null)).toEqual({
        before: own,
        after: Math.max(own, 10),
      })
      expect(getPriority()).toBe(own)
    },
  )

  test('an abort with a reason of ours carries that reason', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(new AppError('COMPUTE_TIMEOUT')), 20)
    const work = pool.run('spinPolitely', null, { signal: controller.signal })
    expect((await failure(work)).code).toBe('COMPUTE_TIMEOUT')
  })

  test('work whose signal was already aborted is never begun', async () => {
    const work = pool.run('spinDeaf', null, { signal: AbortSignal.abort() })
    expect((await failure(work)).code).toBe('CANCELLED')
  })

  test('a hundred thousand reports become a handful of messages, each step at least once', async () => {
    const seen: [string, number][] = []
    const value = await pool.run('steps', null, {
      onProgress: (step, fraction) => seen.push([step, fraction]),
    })
    expect(value).toBe('done')
    expect(new Set(seen.map(([step]) => step))).toEqual(new Set(['first', 'second']))
    expect(seen.length).toBeLessThan(100)
  })

  test('a heap that grows without end kills the thread, not the program', async () => {
    const small = rudePool({ heapMegabytes: 32 })
    expect((await failure(small.run('hoard', null))).code).toBe('MEMORY_LIMIT')
    expect(await small.run('double', new Float64Array(1))).toBeTruthy()
  })

  test('a buffer that cannot be had is MEMORY_LIMIT', async () => {
    expect((await failure(pool.run('greedyBuffer', null))).code).toBe('MEMORY_LIMIT')
  })

  test('inflate gives no more than was declared, and refuses damage', async () => {
    expect(await pool.run('inflate', deflateSync(Buffer.alloc(1000)))).toBe(1000)
    for (const bytes of [deflateSync(Buffer.alloc(1001)), Buffer.from('not zlib')]) {
      expect((await failure(pool.run('inflate', bytes))).code).toBe('FILE_UNREADABLE')
    }
  })

  test('more work than may wait is QUEUE_FULL', async () => {
    const narrow = rudePool({ waiting: 1, graceMs: 50 })
    await narrow.run('threadId', null)
    const controller = new AbortController()
    const options = { signal: controller.signal }
    const running = narrow.run('spinDeaf', null, options)
    const waiting = narrow.run('spinDeaf', null, options)
    const third = await failure(narrow.run('threadId', null))
    controller.abort()
    expect(third.code).toBe('QUEUE_FULL')
    for (const work of [running, waiting]) expect((await failure(work)).code).toBe('CANCELLED')
  })

  test('threads are renewed after so many runs, without losing work', async () => {
    const renewing = rudePool({ runsBeforeRenewal: 2 })
    const ids = await Promise.all(
      Array.from({ length: 5 }, () => renewing.run('threadId', null) as Promise<number>),
    )
    expect(new Set(ids).size).toBe(3)
  })

  test('a closed pool takes no more and leaves no thread behind', async () => {
    const closing = rudePool()
    const running = closing.run('spinDeaf', null)
    const ended = failure(running)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await closing.close()
    expect((await ended).code).toBe('SHUTDOWN')
    expect((await failure(closing.run('threadId', null))).code).toBe('SHUTDOWN')
  })
})
