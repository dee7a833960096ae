// A thread entry whose pipeline sits inside one call of Node that nothing can end: what a hung native library looks like.
// Each such thread first leaves a file in the folder DEAF_FOLDER, so that the test knows that it is in there.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import { serveTasks } from '../../src/workers/serve.ts'

export const runTask = serveTasks({
  pipeline: () => {
    writeFileSync(`${process.env.DEAF_FOLDER}/thread-${threadId}`, '')
    return execFileSync('/bin/sleep', ['40']).length
  },
})
