// A backup beside the running program: in a thread of its own, so that nobody waits while a large database is copied and checked.
import { Worker } from 'node:worker_threads'
import { AppError, type ErrorCode } from '../base/errors.ts'
import type { Backup } from './backup.ts'
import { endWithin, threadFile } from './thread.ts'

/** What the thread is given. */
export interface BackupTask {
  database: string
  /** Folder of the backups. */
  folder: string
  reason: string
  now: number
  nativeBinding: string | undefined
}

/** What the thread says. */
export type BackupAnswer = { backup: Backup } | { refused: { code: ErrorCode; message: string } }

export interface BackupsAside {
  /** The state at one moment, checked; what is written meanwhile is not in it. Throws as `makeBackup`, SHUTDOWN when stopped first. */
  make(task: BackupTask): Promise<Backup>
  /** Gives up what is being made. False: a thread is still copying, and ends only with that. */
  stop(limitMs: number): Promise<boolean>
}

export function createBackupsAside(): BackupsAside {
  const threads = new Set<Worker>()
  let stopped = false
  return {
    make(task) {
      if (stopped) return Promise.reject(new AppError('SHUTDOWN'))
      return new Promise((resolve, reject) => {
        const thread = new Worker(threadFile('backup-thread'), {
          name: 'backup',
          workerData: task,
          resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
        })
        threads.add(thread)
        thread.once('message', (answer: BackupAnswer) => {
          if ('backup' in answer) resolve(answer.backup)
          else reject(new AppError(answer.refused.code, answer.refused.message))
        })
        thread.once('error', reject)
        thread.once('exit', () => {
          threads.delete(thread)
          // Without effect when it has answered.
          reject(new AppError('SHUTDOWN'))
        })
      })
    },
    stop(limitMs) {
      stopped = true
      return endWithin(threads, limitMs)
    },
  }
}
