// The log of the data folder, opened for a command that only reads it.
import { type LogReader, openLogReader } from '../audit/log-reader.ts'
import { sqliteAddon } from '../base/assets.ts'
import { readProblem } from '../store/inspect.ts'
import type { CliContext } from './context.ts'

/** How long a person waits for a second anchor folder that does not answer. */
const SECOND_MS = 5_000

/** Damage that shows only while the log is read is told as what it is, too. */
export async function readingLog<T>(
  { config }: CliContext,
  read: (log: LogReader) => T | Promise<T>,
): Promise<T> {
  const { anchorFolder, folders } = config
  const log = openLogReader(folders.data, { nativeBinding: sqliteAddon(), anchorFolder })
  try {
    await log.readSecond(SECOND_MS)
    return await read(log)
  } catch (error) {
    throw readProblem(error)
  } finally {
    log.close()
  }
}
