// Entry of a worker thread in the executable: the tasks, with their compiled code.
import path from 'node:path'
import { runBundle } from './run-bundle.ts'

export const { runTask } = runBundle(path.join(import.meta.dirname, 'tasks.cjs')) as {
  runTask(message: unknown): Promise<void>
}
