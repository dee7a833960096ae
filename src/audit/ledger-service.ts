// Keeps the tree signed: epochs and their keys, checkpoints when they are due, and the look at every known anchor at the start.
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Store } from '../store/store.ts'
import { type AnchorNote, openAnchor, originOf } from './anchor-note.ts'
import type { AnchorFiles } from './anchors.ts'
import { bundleFiles } from './bundle.ts'
import { digestOf } from './digest.ts'
import { createEpochs } from './epochs.ts'
import { eraseData } from './erase.ts'
import { createKnownAnchors } from './known-anchors.ts'
import type { Ledger, LedgerState } from './ledger.ts'
import { checkpointText, openNote } from './note.ts'
import { proveConsistency, proveInclusion } from './proofs.ts'
import type { ReadingsAside } from './readings-aside.ts'
import type { Recorder } from './record.ts'
import { type Contradiction, findContradiction } from './rollback.ts'
import type { Seeds } from './seeds.ts'
import { createSegments } from './segments.ts'
import { createSigning, type Epoch } from './signing.ts'
import { TILE_WIDTH } from './tree.ts'

/** Entries and milliseconds after which the log is signed by itself. */
const UNSIGNED_ENTRIES = 256
const UNSIGNED_MS = 60_000
const LOOK_MS = 5_000
/** Entries the lookup tables may lag, how many they take in at once, and for how long each time. */
const LOOKUP_LAG = 256
const LOOKUP_BATCH = 1_000
const LOOKUP_MS = 20
/** Entries after which an epoch ends; it also ends after a day. */
const EPOCH_ENTRIES = 10_000
/** How long after a look at the second anchor folder that did not succeed it is tried again, and how long each may take. */
const SECOND_AGAIN_MS = 60_000
const SECOND_MS = 1_500

export interface LedgerOptions {
  store: Store
  recorder: Recorder
  clock: Clock
  seeds: Seeds
  anchors: AnchorFiles
  aside: Pick<ReadingsAside, 'archive'>
  onError?: (error: unknown) => void
  /** Entries after which an epoch ends. */
  epochEntries?: number
}

export function createLedger(options: LedgerOptions): Ledger {
  const { store, recorder, clock, seeds, anchors, aside } = options
  const { onError = () => {}, epochEntries = EPOCH_ENTRIES } = options
  const { tree, logId } = recorder
  const rows = store.auditTree
  const signing = createSigning({ store, recorder, clock, anchors, onError })
  const segments = createSegments(store, recorder)
  const epochs = createEpochs({ store, recorder, clock, seeds, signing, most: epochEntries })
  const known = createKnownAnchors({
    anchors,
    auditTree: rows,
    logId,
    rollbackEpochs: () => epochs.rollbacks(),
  })
  let secondLooked = clock.monotonic()
  let secondCompared: readonly AnchorNote[] = []
  let state: LedgerState = 'ok'
  let stopped = false
  let unsignedSince: number | null = null
  let timer: NodeJS.Timeout | undefined

  const contradiction = (notes: Pick<AnchorNote, 'note' | 'vkey'>[]): Contradiction | null =>
    findContradiction(notes, {
      logId,
      size: tree.size(),
      root: (size) => tree.root(size),
      rollbackEpochs: epochs.rollbacks(),
    })

  function current(): Epoch {
    const epoch = epochs.current()
    if (epoch !== null) return epoch
    throw new AppError(
      'AUDIT_KEY_LOCKED',
      'The key that signs the audit log is sealed with material that was not given at this start. Start the program through the plugin.',
    )
  }

  function startAfterRollback(found: Contradiction, last: Epoch | null): void {
    epochs.afterRollback(found, last)
    state = 'rolled_back'
  }

  /**
   * Signs by itself. A log that contradicts itself is told by its state and does not stop the work; any other failure is that
   * of the transaction around.
   */
  function signWhenDue(reason: 'entries' | 'time' | 'project' | 'shutdown'): void {
    try {
      store.transaction(() => signing.sign(current(), reason))
      unsignedSince = null
      if (state === 'broken') state = 'ok'
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'AUDIT_INCONSISTENT')) throw error
      if (state !== 'broken') onError(error)
      state = 'broken'
    }
  }

  function onAppend(size: number, entityType: string): void {
    if (epochs.current() === null) return
    segments.afterAppend(size)
    unsignedSince ??= clock.monotonic()
    // Tried again by the clock only: each attempt costs a look into the stored tree.
    if (state === 'broken') return
    if (entityType === 'project') signWhenDue('project')
  }

  /** Once a commit, however many entries it stores: nobody can see the log between two of them. */
  function beforeCommit(): void {
    if (epochs.current() === null || state === 'broken') return
    if (signing.unsigned() >= UNSIGNED_ENTRIES) signWhenDue('entries')
  }

  function look(): void {
    try {
      if (signing.unsigned() === 0 || epochs.current() === null) unsignedSince = null
      else if (clock.monotonic() - (unsignedSince ?? 0) >= UNSIGNED_MS) signWhenDue('time')
      if (state !== 'broken' && epochs.isOld()) epochs.rotate(current())
      fillLookup()
    } catch (error) {
      onError(error)
    }
    void lookAtSecond()
  }

  async function lookAtSecond(): Promise<void> {
    const { second } = anchors
    if (second.state() === 'unread') {
      if (clock.monotonic() - secondLooked < SECOND_AGAIN_MS) return
      secondLooked = clock.monotonic()
      await second.read(logId, SECOND_MS)
    }
    // Read now, or late by the try before.
    if (second.state() !== 'read' || second.notes() === secondCompared) return
    secondCompared = second.notes()
    try {
      const found = contradiction(known.toCompare())
      if (found !== null && !stopped) startAfterRollback(found, epochs.current())
    } catch (error) {
      onError(error)
    }
  }

  /** Idle work, a little at a time; what it has not reached is found all the same. */
  function fillLookup(): void {
    const end = clock.monotonic() + LOOKUP_MS
    while (store.audit.lookupLag() >= LOOKUP_LAG && clock.monotonic() < end) {
      store.transaction(() => store.audit.advanceLookup(LOOKUP_BATCH))
    }
  }

  return {
    open() {
      recorder.onAppend((size, change) => onAppend(size, change.entityType))
      store.beforeCommit(beforeCommit)
      const last = epochs.stored()
      secondCompared = anchors.second.notes()
      const found = contradiction(known.toCompare())
      if (found !== null) return startAfterRollback(found, last)
      if (!epochs.wasOpen()) epochs.first()
      else if (last === null && epochs.isLocked()) state = 'key_locked'
      else if (last === null) {
        epochs.afterLostKey()
        state = 'key_lost'
      } else {
        epochs.resume(last)
        if (epochs.isRolledBack()) state = 'rolled_back'
        if (epochs.isOld()) epochs.rotate(last)
      }
    },
    start() {
      timer = setInterval(look, LOOK_MS)
      timer.unref()
    },
    stop() {
      clearInterval(timer)
      stopped = true
      try {
        if (epochs.current() !== null && signing.unsigned() > 0) signWhenDue('shutdown')
      } catch (error) {
        onError(error)
      }
    },
    state: () => state,
    checkpoint(reason) {
      const row = store.transaction(() => signing.sign(current(), reason))
      unsignedSince = null
      return row
    },
    learn(note) {
      const anchor = openKnown(note)
      const found = contradiction([anchor])
      if (found === null) {
        const { size, root } = openAnchor(anchor)!
        rows.putAnchor({
          id: note,
          size,
          root: Buffer.from(root, 'latin1'),
          sink: 'client',
          reference: anchor.vkey,
          at: clock.now(),
        })
        return true
      }
      startAfterRollback(found, epochs.current())
      return false
    },
    prove(auditId, size) {
      const seq = auditId - 1
      const row = Number.isSafeInteger(auditId) ? store.audit.bySeq(seq) : undefined
      if (row === undefined) throw new AppError('AUDIT_NOT_FOUND', 'Audit entry not found')
      const covering =
        rows.checkpointCovering(Math.max(size ?? 0, seq + 1)) ?? this.checkpoint('request')
      return proveInclusion(tree, row, covering, size)
    },
    consistency: (from, to) => proveConsistency(tree, from, to),
    tile(level, n, width) {
      const found = width <= TILE_WIDTH ? tree.tile(level, n, width) : undefined
      if (found === undefined) throw new AppError('NOT_FOUND', 'The log has no such tile.')
      return found
    },
    keys: () => rows.keys().map(({ keyId, ...key }) => ({ vkey: keyId, ...key })),
    rotate() {
      // A person who changes a locked key gives it up.
      if (state === 'key_locked') epochs.afterLostKey()
      else epochs.rotate(current())
      epochs.acknowledge()
      if (state !== 'broken') state = 'ok'
      return this.keys().at(-1)!
    },
    erase(auditIds, why, actor) {
      // What is erased shall be signed for at once.
      current()
      const erasure = eraseData(store, recorder, auditIds, why, actor)
      if (erasure.erased > 0) this.checkpoint('request')
      return erasure
    },
    bundle() {
      this.checkpoint('export')
      return bundleFiles({ audit: store.audit, auditTree: rows, logId, known })
    },
    async archive(signal) {
      this.checkpoint('export')
      const { second } = anchors
      return await aside.archive({ state: second.state(), notes: second.notes() }, signal)
    },
    signedSize: (auditId) => rows.checkpointCovering(auditId)?.size ?? null,
    rootFault() {
      const newest = rows.newestCheckpoint()
      if (newest === undefined) return null
      const key = rows.keys().find((one) => one.epoch === newest.epoch)
      const expected = checkpointText({
        origin: originOf(logId, newest.epoch),
        size: newest.size,
        root: digestOf(newest.root),
      })
      try {
        if (key === undefined || openNote(newest.note, [key.keyId]) !== expected) {
          return 'The newest checkpoint is not signed by a key of this log'
        }
        const holds = newest.size <= tree.size() && tree.root(newest.size) === digestOf(newest.root)
        return holds ? null : 'The tree does not lead to the signed root'
      } catch {
        return 'The newest checkpoint or the tree is damaged'
      }
    },
    lookAtSecond,
    anchorFolder: () => known.folderState(),
    rollbacks: () => epochs.rollbacks().length,
    anchorsHold: () => state !== 'rolled_back' && contradiction(known.toCompare()) === null,
  }

  /** The note with the key that opens it. */
  function openKnown(note: string): { note: string; vkey: string } {
    for (const vkey of known.vkeys()) {
      const anchor = { note, vkey }
      if (openAnchor(anchor) !== null) return anchor
    }
    throw new AppError('REQUEST_INVALID', 'The note was not signed by a key of this log.')
  }
}
