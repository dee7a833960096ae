// Entry of the thread that makes one backup over a connection of its own, which only reads, and answers what became of it.
import { parentPort, workerData } from 'node:worker_threads'
import { AppError } from '../base/errors.ts'
import { makeBackup } from './backup.ts'
import type { BackupAnswer, BackupTask } from './backup-aside.ts'
import { connect } from './sqlite.ts'

const { database, folder, reason, now, nativeBinding } = workerData as BackupTask

function answer(): BackupAnswer {
  const addon = { nativeBinding }
  const connection = connect(database, { ...addon, readonly: true, fileMustExist: true })
  try {
    return { backup: makeBackup(connection, folder, reason, now, addon) }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { refused: { code: error.code, message: error.message } }
  } finally {
    connection.close()
  }
}

parentPort!.postMessage(answer())
