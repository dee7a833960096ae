// Where the store keeps what in the data folder, and files written so that a power cut leaves the old or the new one.
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { makeFolder } from '../base/make-folder.ts'
import { requireLocalFolder } from './local-folder.ts'

export interface StoreFolders {
  database: string
  lock: string
  reserve: string
  blobs: string
  backups: string
  quarantine: string
}

/** Paths under the data folder. */
export function storeFolders(dataFolder: string): StoreFolders {
  return {
    database: resolveLink(path.join(dataFolder, 'sisrua.db')),
    lock: path.join(dataFolder, 'instance.lock'),
    reserve: path.join(dataFolder, 'reserve.bin'),
    blobs: path.join(dataFolder, 'blobs'),
    backups: path.join(dataFolder, 'backups'),
    quarantine: path.join(dataFolder, 'quarantine'),
  }
}

/** SQLite keeps the logs of a linked file beside the file itself, and so must whoever moves them. */
function resolveLink(file: string): string {
  try {
    return lstatSync(file).isSymbolicLink() ? realpathSync(file) : file
  } catch {
    // Not there, or a link to nothing: whoever opens it says so.
    return file
  }
}

/** Makes an empty file that only its owner may read, unless there is one: SQLite would let everybody read what it creates. */
export function createPrivately(file: string): void {
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
}

/** As `storeFolders`; creates the folders, for the owner only. Throws STORE_ON_NETWORK before anything is made. */
export function prepareFolders(dataFolder: string): StoreFolders {
  requireLocalFolder(dataFolder)
  const folders = storeFolders(dataFolder)
  // A link may lead elsewhere.
  requireLocalFolder(path.dirname(folders.database))
  for (const folder of [dataFolder, folders.blobs, folders.backups, folders.quarantine]) {
    makeFolderDurably(folder)
  }
  // A program that was killed between making a folder and flushing its name left one that the next power cut may take.
  for (const folder of [dataFolder, folders.blobs]) syncFolder(folder)
  return folders
}

/** Folders that were made while the flush of their name failed, and where the way of new names to them begins. */
const unsynced = new Map<string, string>()

/** Creates a folder for the owner only, and makes every new name on the way to it durable; what failed is made up for. */
export function makeFolderDurably(folder: string): void {
  const first = makeFolder(folder, 0o700) ?? unsynced.get(folder)
  if (first === undefined || process.platform === 'win32') return
  unsynced.set(folder, first)
  const end = path.dirname(path.resolve(first))
  let at = path.resolve(folder)
  // The root is its own parent: should `first` ever be spelt otherwise than its parents, the walk ends there.
  while (at !== end && at !== path.dirname(at)) {
    at = path.dirname(at)
    syncFolder(at)
  }
  unsynced.delete(folder)
}

/** Makes a rename or a new name in this folder durable. Windows cannot open folders and does not need it. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Writes a file whole: temporary name, flush, rename, flush the folder, which is created if need be. Mode 0600. */
export function writeFileDurably(file: string, bytes: Uint8Array): void {
  makeFolderDurably(path.dirname(file))
  const temporary = `${file}.tmp`
  const handle = openSync(temporary, 'w', 0o600)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(temporary, file)
  syncFolder(path.dirname(file))
}

/** Copies a file and flushes its bytes; the folder's new name is flushed by the caller. */
export function copyDurably(from: string, to: string): void {
  copyFileSync(from, to)
  const handle = openSync(to, 'r+')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** As `writeFileDurably` without holding up the event loop; `temporary` must be a name nobody else uses. */
export async function writeFileDurablyAsync(
  file: string,
  temporary: string,
  bytes: Uint8Array,
): Promise<void> {
  try {
    const handle = await open(temporary, 'w', 0o600)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    // Half a file would keep for a day the room that there was on a full disk.
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
  if (process.platform === 'win32') return
  const folder = await open(path.dirname(file), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
