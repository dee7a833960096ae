// Makes a thread's handler out of a table of tasks: message in, task, envelope out. No logic of any task lives here.
import type { MessagePort } from 'node:worker_threads'
import { AppError } from '../base/errors.ts'
import { createTaskContext } from './context.ts'
import { CANCEL_FLAG, type FromThread, sealError } from './envelope.ts'
import type { TaskContext } from './task.ts'
import { transferableBuffers } from './transfer.ts'

type Task = (input: never, context: TaskContext) => unknown

/** What the owner sends for one run. */
export interface ToThread {
  name: string
  input: unknown
  /** Answers and progress go here; closed by the owner. */
  port: MessagePort
  /** Shared memory; slot CANCEL_FLAG. */
  flags: Int32Array
}

/** The function Piscina calls with each message. It never rejects: what fails is sent in the envelope. */
export function serveTasks<T extends { [K in keyof T]: Task }>(
  table: T,
): (message: ToThread) => Promise<void> {
  const tasks = new Map<string, Task>(Object.entries(table))
  return async ({ name, input, port, flags }) => {
    const send = (message: FromThread): void =>
      port.postMessage(message, message.kind === 'value' ? transferableBuffers(message.value) : [])
    const assertNotStopped = (): void => {
      if (Atomics.load(flags, CANCEL_FLAG) !== 0) throw new AppError('CANCELLED')
    }
    const context = createTaskContext(assertNotStopped, (step, fraction) =>
      send({ kind: 'progress', step, fraction }),
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
