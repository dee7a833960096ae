// Thread entry: the table of tasks, served to pool.ts.
import { serveTasks } from './serve.ts'
import { tasks } from './tasks.ts'

export const runTask = serveTasks(tasks)
