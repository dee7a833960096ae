// All notes of a log that are known to lie outside of it: handed in by drawings, in its own anchor folder, in the second one. What
// the second folder holds, others may have written: only what a key of this log signed counts.
import type { AuditTreeRows } from '../store/audit-tree.ts'
import { type AnchorNote, claimOfAnchor, openAnchor } from './anchor-note.ts'
import type { AnchorFiles } from './anchors.ts'
import type { SecondFolder, SecondState } from './second-folder.ts'

/**
 * How the second anchor folder is: see `SecondState`; `unknown_key`: it holds notes that name this log, signed by a key that this log
 * never had. Somebody forged them, or the log lost the epoch they are of.
 */
export type AnchorFolderState = SecondState | 'unknown_key'

type Note = Pick<AnchorNote, 'note' | 'vkey'>

/** Newest notes of a place that are compared anyway: they show what the older ones show. */
const COMPARED = 64
/** Lines of the own folder whose keys are believed besides those in the database, which may be older. */
const LINES_READ = 1_000

interface Sorted {
  read: readonly AnchorNote[]
  own: Note[]
  telling: Note[]
  strange: boolean
}

export interface KnownAnchors {
  /** What must be compared with the log; of the own folder the newest `lines`, its newest being the last. */
  toCompare(lines?: number): Note[]
  /** Each note once, the newest last; at most `most`, handed-in ones before all others. */
  all(most: number): { notes: Note[]; leftOut: number }
  /** Every verifier key that this log is known to have had. */
  vkeys(): Set<string>
  folderState(): AnchorFolderState
}

export function createKnownAnchors(options: {
  anchors: Pick<AnchorFiles, 'read'> & { second: Pick<SecondFolder, 'state' | 'notes'> }
  auditTree: Pick<AuditTreeRows, 'anchors' | 'keys' | 'newestCheckpoint' | 'checkpointCovering'>
  logId: string
  /** Epochs begun because of a rollback: the keys of the epochs lost with it are unknown ever after. */
  rollbackEpochs: () => readonly number[]
}): KnownAnchors {
  const { anchors, auditTree, logId, rollbackEpochs } = options

  let sorted: Sorted | null = null

  const handedIn = (): Note[] =>
    auditTree.anchors().map(({ id, reference }) => ({ note: id, vkey: reference }))

  function vkeys(): Set<string> {
    const signers = anchors
      .read(LINES_READ)
      .filter(({ note }) => claimOfAnchor(note)?.log === logId)
    return new Set([
      ...auditTree.keys().map(({ keyId }) => keyId),
      ...signers.map(({ vkey }) => vkey),
    ])
  }

  /** What was read of the second folder, sorted once. */
  function second(): Sorted {
    const read = anchors.second.notes()
    if (sorted?.read === read) return sorted
    const believed = read.length === 0 ? new Set<string>() : vkeys()
    const own = read.filter(({ vkey }) => believed.has(vkey))
    const strange = read.some((one) => !believed.has(one.vkey) && isOf(one))
    sorted = { read, own, telling: telling(own), strange }
    return sorted
  }

  /** The newest, and those that are no checkpoint the database still has. */
  function telling(notes: readonly Note[]): Note[] {
    return notes.filter(({ note }, i) => {
      if (i >= notes.length - COMPARED) return true
      const claim = claimOfAnchor(note)
      return claim !== null && auditTree.checkpointCovering(claim.size)?.note !== note
    })
  }

  return {
    toCompare(lines = COMPARED) {
      const own = anchors.read(lines)
      const newest = auditTree.newestCheckpoint()
      const vkey = auditTree.keys().find(({ epoch }) => epoch === newest?.epoch)?.keyId
      return [
        ...telling(handedIn()),
        ...second().telling,
        ...(newest === undefined || vkey === undefined ? [] : [{ note: newest.note, vkey }]),
        ...own,
      ]
    },
    all(most) {
      const own = anchors.read(most)
      const first = new Map(handedIn().map((one) => [one.note, one]))
      const rest = new Map([...second().own, ...own].map((one) => [one.note, one]))
      for (const note of first.keys()) rest.delete(note)
      const chosen = [...first.values()].slice(-most)
      const room = most - chosen.length
      const bySize = [...rest.values()]
        .map((one) => ({ one, size: claimOfAnchor(one.note)?.size ?? 0 }))
        .sort((a, b) => a.size - b.size)
      const others = room === 0 ? [] : bySize.slice(-room).map(({ one }) => one)
      const leftOut = first.size + rest.size - chosen.length - others.length
      return { notes: [...chosen, ...others], leftOut }
    },
    vkeys,
    folderState() {
      const state = anchors.second.state()
      if (state !== 'read' || rollbackEpochs().length > 0) return state
      return second().strange ? 'unknown_key' : state
    },
  }

  function isOf(one: Note): boolean {
    return claimOfAnchor(one.note)?.log === logId && openAnchor(one) !== null
  }
}
