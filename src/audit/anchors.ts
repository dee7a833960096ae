// Anchors: signed notes kept outside the database, so that a database cut short or put back shows. Files only ever grow,
// one a month, a JSON line each; a second folder (a server's share) gets the same lines.
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { makeFolder } from '../base/make-folder.ts'
import { ANCHOR_FILE, type AnchorNote, parseAnchorLine } from './anchor-note.ts'
import { createSecondFolder, type SecondFolder } from './second-folder.ts'

export interface AnchorFiles {
  /** `durable`: flushed before it returns. A second folder that cannot be reached is passed over. */
  append(anchor: AnchorNote, durable: boolean): void
  /** The newest `most` lines of the first folder, oldest first; a torn last line is left out. */
  read(most: number): AnchorNote[]
  /** What was read of the second folder; nothing until somebody reads it. */
  second: SecondFolder
}

/** `make`: see `createSecondFolder`. */
export function createAnchorFiles(
  folder: string,
  secondFolder: string | null,
  make = true,
): AnchorFiles {
  const second = createSecondFolder(secondFolder, make)
  function appendTo(target: string, anchor: AnchorNote, durable: boolean): void {
    makeFolder(target, 0o700)
    const month = new Date(anchor.at).toISOString().slice(0, 7)
    const handle = openSync(path.join(target, `audit-${month}.ndjson`), 'a', 0o600)
    try {
      writeSync(handle, `${JSON.stringify(anchor)}\n`)
      if (durable) fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
  }
  return {
    second,
    append(anchor, durable) {
      appendTo(folder, anchor, durable)
      // A share that does not answer would hold up the whole program.
      if (secondFolder === null || second.isSilent()) return
      try {
        appendTo(secondFolder, anchor, durable)
      } catch {
        // A share that is away must not stop the log; the first folder has the line.
      }
    },
    read(most) {
      if (!existsSync(folder)) return []
      const names = readdirSync(folder)
        .filter((name) => ANCHOR_FILE.test(name))
        .sort()
        .reverse()
      // From the end: a month has many more lines than are mostly asked for.
      const found: AnchorNote[] = []
      for (const name of names) {
        const lines = readFileSync(path.join(folder, name), 'utf8').split('\n')
        while (lines.length > 0 && found.length < most) found.push(...parseAnchorLine(lines.pop()!))
        if (found.length >= most) break
      }
      return found.reverse()
    },
  }
}
