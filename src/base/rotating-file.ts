// A file that starts anew at a size and keeps a few old ones: `name`, `name.1` (newer) … `name.n` (oldest).
import fs from 'node:fs'
import path from 'node:path'
import { makeFolder } from './make-folder.ts'

export interface RotatingFile {
  /** Appends one line, at once. A disk that is full loses the line and never stops the program. */
  write(line: string): void
  close(): void
}

/** `keep` counts all files, the current one included. */
export function openRotatingFile(file: string, maxBytes: number, keep: number): RotatingFile {
  makeFolder(path.dirname(file), 0o700)
  const open = (): number => fs.openSync(file, 'a', 0o600)
  let handle: number | null = open()
  let size = fs.fstatSync(handle).size
  const rotate = (): void => {
    if (handle !== null) fs.closeSync(handle)
    handle = null
    for (let i = keep - 1; i >= 1; i--) {
      const older = `${file}.${i}`
      const newer = i === 1 ? file : `${file}.${i - 1}`
      if (fs.existsSync(newer)) fs.renameSync(newer, older)
    }
    handle = open()
    size = fs.fstatSync(handle).size
  }
  return {
    write(line) {
      const bytes = Buffer.from(line)
      try {
        if (size > 0 && size + bytes.length > maxBytes) rotate()
        if (handle === null) return
        fs.writeSync(handle, bytes)
        size += bytes.length
      } catch {
        // Logging is never a reason to fail.
      }
    },
    close() {
      if (handle !== null) fs.closeSync(handle)
      handle = null
    },
  }
}
