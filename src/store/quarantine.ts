// What is damaged is put aside as it is, with a manifest of hashes and the reason. Nothing in quarantine is ever deleted by the program.
import { existsSync, renameSync } from 'node:fs'
import path from 'node:path'
import {
  copyDurably,
  makeFolderDurably,
  type StoreFolders,
  syncFolder,
  writeFileDurably,
} from './folders.ts'
import { hashFile } from './hash-file.ts'

/**
 * Moves the database and its logs together; a manifest tells their hashes and why. Null when there is nothing to move. The
 * database goes first: killed after that, the next start finds none and puts the rest aside too.
 */
export function moveAway(folders: StoreFolders, now: number, reason: string): string | null {
  const present = presentOf(folders, ['', '-wal', '-shm', '-journal'])
  if (present.length === 0) return null
  const folder = describe(folders, now, '', reason, present)
  for (const file of present) renameSync(file, path.join(folder, path.basename(file)))
  syncFolder(folder)
  syncFolder(path.dirname(folders.database))
  return folder
}

/** Copies the write-ahead log as it is, and with it the database that it belongs to; answers the folder in quarantine. */
export function copyAway(folders: StoreFolders, now: number, reason: string): string {
  const present = presentOf(folders, ['', '-wal'])
  const folder = describe(folders, now, '-log', reason, present)
  for (const file of present) copyDurably(file, path.join(folder, path.basename(file)))
  syncFolder(folder)
  return folder
}

const presentOf = ({ database }: StoreFolders, suffixes: readonly string[]): string[] =>
  suffixes.map((suffix) => database + suffix).filter((file) => existsSync(file))

/** Makes the folder and its manifest. */
function describe(
  folders: StoreFolders,
  now: number,
  suffix: string,
  reason: string,
  present: readonly string[],
): string {
  const stamp = new Date(now).toISOString().replace(/[:.]/g, '-')
  const folder = path.join(folders.quarantine, stamp + suffix)
  makeFolderDurably(folder)
  const files = Object.fromEntries(present.map((file) => [path.basename(file), hashFile(file)]))
  writeFileDurably(
    path.join(folder, 'manifest.json'),
    Buffer.from(JSON.stringify({ at: now, reason, files }, null, 2)),
  )
  return folder
}
