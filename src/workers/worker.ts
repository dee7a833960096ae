// Thread entry: the table of tasks, served to pool.ts.
import { serveTasks } from './serve.ts'
import { tasks } from './tasks.ts'
import { standBack } from './thread-priority.ts'

standBack()

export const runTask = serveTasks(tasks)
