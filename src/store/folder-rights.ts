// Who besides its owner may use the data folder. Looks only: the folder may be one that a person chose and shares on purpose.
import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import type { StoreFolders } from './folders.ts'
import { strangersOnWindows } from './windows-rights.ts'

export interface OpenPlace {
  /** Below the data folder; `.` is the folder itself. */
  place: string
  /** Its mode as octal digits, the number of the user who owns it, or the SIDs that Windows lets in. */
  to: string
}

/** Bits of a mode that are not the owner's. */
const OTHERS = 0o077

/** Empty when only the owner may; null when the system does not say. Never throws. */
export async function openToOthers(folders: StoreFolders): Promise<OpenPlace[] | null> {
  const folder = path.dirname(folders.lock)
  try {
    if (process.platform !== 'win32') return openByMode(folder, path.basename(folders.database))
    const strangers = await strangersOnWindows(folder)
    if (strangers === null) return null
    return strangers.length === 0 ? [] : [{ place: '.', to: strangers.join(', ') }]
  } catch {
    return null
  }
}

function openByMode(folder: string, database: string): OpenPlace[] {
  const own = openness(folder, '.')
  // Whoever may not enter it reaches nothing below.
  if (own === null) return []
  const listed = ['keys', 'backups'].flatMap((name) =>
    namesIn(path.join(folder, name)).map((file) => `${name}/${file}`),
  )
  const files = [database, `${database}-wal`, `${database}-shm`, 'instance.lock']
  const below = ['keys', 'backups', 'blobs', 'quarantine', 'anchors', ...files, ...listed]
  return [own, ...below.flatMap((place) => openness(folder, place) ?? [])]
}

function openness(folder: string, place: string): OpenPlace | null {
  const found = statSync(path.join(folder, place), { throwIfNoEntry: false })
  if (found === undefined) return null
  if (found.uid !== process.getuid?.()) return { place, to: `user ${found.uid}` }
  const mode = found.mode & 0o777
  return (mode & OTHERS) === 0 ? null : { place, to: mode.toString(8) }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
