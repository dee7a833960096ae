// A signed note as it is kept outside the database: its line in an anchor file, and what it says.
import { type Checkpoint, openNote, parseCheckpoint } from './note.ts'

export interface AnchorNote {
  /** Milliseconds since 1970 UTC. */
  at: number
  note: string
  /** The verifier key that opens it. */
  vkey: string
}

/** Names of the files that hold such lines. */
export const ANCHOR_FILE = /^audit-\d{4}-\d{2}\.ndjson$/

/** The note of a line; nothing where it is torn. */
export function parseAnchorLine(line: string): AnchorNote[] {
  try {
    const { at, note, vkey } = JSON.parse(line) as AnchorNote
    return typeof note === 'string' && typeof vkey === 'string'
      ? [{ at: Number(at), note, vkey }]
      : []
  } catch {
    return []
  }
}

/** With what every note of this log begins. */
export const ownPrefix = (logId: string): string => `sisrua.local/audit/${logId}/e`

/** Name under which the log of this id signs in this epoch. */
export const originOf = (logId: string, epoch: number): string => `${ownPrefix(logId)}${epoch}`

export interface Known extends Checkpoint {
  log: string
  epoch: number
  note: string
}

/** What a note claims, its signature not looked at; null when it is no checkpoint of a log like ours. */
export function claimOfAnchor(note: string): Known | null {
  try {
    const checkpoint = parseCheckpoint(note)
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

/** What an anchor says when its key opens it; null for one that was tampered with. */
export function openAnchor({ note, vkey }: Pick<AnchorNote, 'note' | 'vkey'>): Known | null {
  try {
    const claim = claimOfAnchor(openNote(note, [vkey]))
    return claim === null ? null : { ...claim, note }
  } catch {
    return null
  }
}
