// The second anchor folder, mostly a server's share that several programs write to: read for the notes of one log, never for long.
import { mkdir, open, readdir } from 'node:fs/promises'
import path from 'node:path'
import { inTime } from '../base/in-time.ts'
import { ANCHOR_FILE, type AnchorNote, ownPrefix, parseAnchorLine } from './anchor-note.ts'

/** `unread`: it is set, and could not be read (yet), or not to its end. */
export type SecondState = 'none' | 'read' | 'unread'

export interface SecondFolder {
  state(): SecondState
  /** Notes that claim to be of the log, oldest first; anybody may have written them. */
  notes(): readonly AnchorNote[]
  /** A call to it has not come back: whoever touches it now may wait for ever. */
  isSilent(): boolean
  /** Reads it anew, or goes on waiting for the reading under way, for at most `limitMs`. Never rejects. */
  read(logId: string, limitMs: number): Promise<void>
}

/** Newest notes of one log that are looked for, and bytes that are read for it. */
const MOST_NOTES = 10_000
const MOST_BYTES = 32 * 2 ** 20

/** `make`: makes the folder where only it is missing, as the first note would. */
export function createSecondFolder(folder: string | null, make: boolean): SecondFolder {
  let state: SecondState = folder === null ? 'none' : 'unread'
  let notes: readonly AnchorNote[] = []
  let reading: Promise<void> | null = null
  let silent = false

  async function readNow(place: string, logId: string): Promise<void> {
    try {
      notes = await notesIn(place, logId, make)
      state = 'read'
    } catch {
      // Told by the state; what was read before stays known.
      state = 'unread'
    } finally {
      reading = null
      silent = false
    }
  }

  return {
    state: () => state,
    notes: () => notes,
    isSilent: () => silent,
    async read(logId, limitMs) {
      if (folder === null) return
      reading ??= readNow(folder, logId)
      if (await inTime(reading, limitMs)) return
      silent = true
      state = 'unread'
    },
  }
}

async function notesIn(folder: string, logId: string, make: boolean): Promise<AnchorNote[]> {
  if (make) await mkdir(folder, 0o700).catch(() => {})
  const names = (await readdir(folder)).filter((name) => ANCHOR_FILE.test(name))
  const prefix = JSON.stringify(ownPrefix(logId)).slice(1, -1)
  const files: AnchorNote[][] = []
  let room = MOST_BYTES
  let found = 0
  for (const name of names.sort().reverse()) {
    if (room <= 0 || found >= MOST_NOTES) break
    const text = await tailOf(path.join(folder, name), room)
    room -= text.length
    const lines = text.toString('utf8').split('\n')
    const ours = lines.filter((line) => line.includes(prefix)).flatMap(parseAnchorLine)
    found += ours.length
    files.push(ours)
  }
  return files.reverse().flat().slice(-MOST_NOTES)
}

/** The last `most` bytes. */
async function tailOf(file: string, most: number): Promise<Buffer> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    const bytes = Buffer.alloc(Math.min(size, most))
    let at = 0
    while (at < bytes.length) {
      const from = size - bytes.length + at
      const { bytesRead } = await handle.read(bytes, at, bytes.length - at, from)
      if (bytesRead === 0) break
      at += bytesRead
    }
    return bytes.subarray(0, at)
  } finally {
    await handle.close()
  }
}
