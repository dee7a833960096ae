// The log of the data folder, opened for a command that only reads it.
import { type LogReader, openLogReader } from '../audit/log-reader.ts'
import { sqliteAddon } from '../base/assets.ts'
import { readProblem } from '../store/inspect.ts'
import type { CliContext } from './context.ts'

/** Damage that shows only while the log is read is told as what it is, too. */
export async function readingLog<T>(
  { config }: CliContext,
  read: (log: LogReader) => T | Promise<T>,
): Promise<T> {
  const log = openLogReader(config.folders.data, { nativeBinding: sqliteAddon() })
  try {
    return await read(log)
  } catch (error) {
    throw readProblem(error)
  } finally {
    log.close()
  }
}
