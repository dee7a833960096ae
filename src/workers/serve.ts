// Makes a thread's handler out of a table of tasks: message in, task, envelope out. No logic of any task lives here.
import type { MessagePort } from 'node:worker_threads'
import { AppError } from '../base/errors.ts'
import { createTaskContext } from './context.ts'
import { type FromThread, sealError } from './envelope.ts'
import { beat, CANCEL_FLAG, duringNative, type Pulse } from './pulse.ts'
import type { TaskContext } from './task.ts'
import { transferableBuffers } from './transfer.ts'

type Task = (input: never, context: TaskContext) => unknown

/** What the owner sends for one run. */
export interface ToThread {
  name: string
  input: unknown
  /** Answers and progress go here; closed by the owner. */
  port: MessagePort
  /** Shared memory. */
  pulse: Pulse
}

/** A call that cannot look up may take a second, and another for each so many bytes that come out; ten times what it takes. */
const NATIVE_BYTES_PER_SECOND = 20_000_000

/** Node's decoders hold the thread while they work: their bound is told before. */
function announceNative(context: TaskContext, pulse: Pulse): TaskContext {
  const { inflate, zstd } = context.codecs
  const bound = (bytes: number): number =>
    Math.min(1000 * (1 + bytes / NATIVE_BYTES_PER_SECOND), 120_000)
  return {
    ...context,
    codecs: {
      ...context.codecs,
      inflate: (bytes, expected) =>
        duringNative(pulse, bound(expected), () => inflate(bytes, expected)),
      ...(zstd && {
        zstd: (bytes, expected) =>
          duringNative(pulse, bound(expected), () => zstd(bytes, expected)),
      }),
    },
  }
}

/** The function Piscina calls with each message. It never rejects: what fails is sent in the envelope. */
export function serveTasks<T extends { [K in keyof T]: Task }>(
  table: T,
): (message: ToThread) => Promise<void> {
  const tasks = new Map<string, Task>(Object.entries(table))
  return async ({ name, input, port, pulse }) => {
    const send = (message: FromThread): void =>
      port.postMessage(message, message.kind === 'value' ? transferableBuffers(message.value) : [])
    const assertNotStopped = (): void => {
      beat(pulse)
      if (Atomics.load(pulse, CANCEL_FLAG) !== 0) throw new AppError('CANCELLED')
    }
    const context = announceNative(
      createTaskContext(assertNotStopped, (step, fraction) =>
        send({ kind: 'progress', step, fraction }),
      ),
      pulse,
    )
    try {
      assertNotStopped()
      const task = tasks.get(name)
      if (task === undefined) throw new Error(`no task is called ${name}`)
      send({ kind: 'value', value: await task(input as never, context) })
    } catch (error) {
      send(sealError(error))
    }
  }
}
