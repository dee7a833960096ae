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
import { type Checkpoint, openNote, parseCheckpoint } from './note.ts'

export interface AnchorNote {
  /** Milliseconds since 1970 UTC. */
  at: number
  note: string
  /** The verifier key that opens it. */
  vkey: string
}

export interface AnchorFiles {
  /** `durable`: flushed before it returns. A second folder that cannot be reached is passed over. */
  append(anchor: AnchorNote, durable: boolean): void
  /** The newest `most` lines of the first folder, oldest first; a torn last line is left out. */
  read(most: number): AnchorNote[]
}

const NAME = /^audit-\d{4}-\d{2}\.ndjson$/

export function createAnchorFiles(folder: string, secondFolder: string | null): AnchorFiles {
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
    append(anchor, durable) {
      appendTo(folder, anchor, durable)
      if (secondFolder === null) return
      try {
        appendTo(secondFolder, anchor, durable)
      } catch {
        // A share that is away must not stop the log; the first folder has the line.
      }
    },
    read(most) {
      if (!existsSync(folder)) return []
      const names = readdirSync(folder)
        .filter((name) => NAME.test(name))
        .sort()
        .reverse()
      let found: AnchorNote[] = []
      for (const name of names) {
        const lines = readFileSync(path.join(folder, name), 'utf8').split('\n')
        found = [...lines.flatMap(parseLine), ...found]
        if (found.length >= most) break
      }
      return found.slice(-most)
    },
  }
}

function parseLine(line: string): AnchorNote[] {
  try {
    const { at, note, vkey } = JSON.parse(line) as AnchorNote
    return typeof note === 'string' && typeof vkey === 'string'
      ? [{ at: Number(at), note, vkey }]
      : []
  } catch {
    return []
  }
}

/** Name under which the log of this id signs in this epoch. */
export const originOf = (logId: string, epoch: number): string =>
  `sisrua.local/audit/${logId}/e${epoch}`

export interface Known extends Checkpoint {
  log: string
  epoch: number
  note: string
}

/** What an anchor says when its key opens it; null for one that was tampered with. */
export function openAnchor({ note, vkey }: Pick<AnchorNote, 'note' | 'vkey'>): Known | null {
  try {
    const checkpoint = parseCheckpoint(openNote(note, [vkey]))
    const origin = /^sisrua\.local\/audit\/([0-9A-Za-z-]+)\/e([1-9]\d{0,8})$/.exec(
      checkpoint.origin,
    )
    return origin === null
      ? null
      : { ...checkpoint, log: origin[1]!, epoch: Number(origin[2]), note }
  } catch {
    return null
  }
}
