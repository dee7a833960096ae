// Keeps the tree signed: epochs and their keys, checkpoints when they are due, and the look at every known anchor at the start.
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Store } from '../store/store.ts'
import { type AnchorFiles, type AnchorNote, openAnchor, originOf } from './anchors.ts'
import { bundleFiles } from './bundle.ts'
import { digestOf } from './digest.ts'
import { eraseData } from './erase.ts'
import { handoverText } from './handover.ts'
import type { Ledger, LedgerState } from './ledger.ts'
import { checkpointText, createSigner, openNote, signNote } from './note.ts'
import { proveConsistency, proveInclusion } from './proofs.ts'
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
/** Age and length after which an epoch ends, so that a stolen key is worth little. */
const EPOCH_MS = 86_400_000
const EPOCH_ENTRIES = 10_000
/** Anchors looked at: the newest show what the older ones show. */
const ANCHORS_READ = 64
const SYSTEM = { id: 'system', role: 'system' }
/** The entity of entries about keys: `entity_id` is the verifier key of the new epoch. */
const KEY_ENTITY = 'audit.key'

export interface LedgerOptions {
  store: Store
  recorder: Recorder
  clock: Clock
  seeds: Seeds
  anchors: AnchorFiles
  onError?: (error: unknown) => void
  /** Entries after which an epoch ends. */
  epochEntries?: number
}

export function createLedger(options: LedgerOptions): Ledger {
  const { store, recorder, clock, seeds, anchors } = options
  const { onError = () => {}, epochEntries = EPOCH_ENTRIES } = options
  const { tree, logId } = recorder
  const rows = store.auditTree
  const signing = createSigning({ store, recorder, clock, anchors, onError })
  const segments = createSegments(store, recorder)
  let epoch: Epoch | null = null
  let state: LedgerState = 'ok'
  let unsignedSince: number | null = null
  let timer: NodeJS.Timeout | undefined

  const rollbackEpochs = (): number[] =>
    JSON.parse(store.meta.get('audit.rollbacks') ?? '[]') as number[]

  /** Everything that was signed by this log and seen outside. */
  function knownAnchors(): Pick<AnchorNote, 'note' | 'vkey'>[] {
    const handedIn = rows.anchors().map(({ id, reference }) => ({ note: id, vkey: reference }))
    const own = rows.newestCheckpoint()
    const vkey = rows.keys().find((key) => key.epoch === own?.epoch)?.keyId
    return [
      ...handedIn.slice(-ANCHORS_READ),
      ...(own === undefined || vkey === undefined ? [] : [{ note: own.note, vkey }]),
      ...anchors.read(ANCHORS_READ),
    ]
  }

  const contradiction = (notes: Pick<AnchorNote, 'note' | 'vkey'>[]): Contradiction | null =>
    findContradiction(notes, {
      logId,
      size: tree.size(),
      root: (size) => tree.root(size),
      rollbackEpochs: rollbackEpochs(),
    })

  function current(): Epoch {
    if (epoch === null) throw new Error('the ledger is not open')
    return epoch
  }

  /** A new epoch with its entry; `last` is the epoch that can still vouch for it. */
  function begin(
    number: number,
    event: 'key.rotated' | 'epoch.started',
    data: Record<string, unknown>,
    last: Epoch | null,
  ): void {
    const signer = createSigner(originOf(logId, number), seeds.make(number))
    const { vkey } = signer
    try {
      store.transaction(() => {
        const seq = tree.size()
        const handover =
          last === null ? null : signNote(handoverText(last.signer.name, vkey, seq), last.signer)
        // Nothing may be signed by itself meanwhile: after a rollback the old key must not sign again.
        epoch = null
        recorder.trail.audit({
          eventType: event,
          entityType: KEY_ENTITY,
          entityId: vkey,
          actor: SYSTEM,
          data: { epoch: number, handover, ...data },
        })
        if (event === 'key.rotated') signing.sign(last!, 'rotation')
        install({ number, signer })
        if (event === 'epoch.started') {
          rows.dropCheckpointsBeyond(seq)
          signing.sign({ number, signer }, 'epoch')
        }
      })
    } catch (error) {
      epoch = last
      throw error
    }
    seeds.keepOnly(number)
  }

  function install(next: Epoch): void {
    const { number, signer } = next
    const publicKey = Buffer.from(signer.vkey.slice(-44), 'base64').subarray(1)
    rows.putKey(signer.vkey, number, publicKey, tree.size(), clock.now())
    rows.retireKeys(number, clock.now())
    store.meta.set('audit.epoch', String(number))
    epoch = next
  }

  function startAfterRollback({ why, known }: Contradiction, last: Epoch | null): void {
    const number = Math.max(known.log === logId ? known.epoch : 0, highestEpoch()) + 1
    store.meta.set('audit.rollbacks', JSON.stringify([...rollbackEpochs(), number]))
    begin(number, 'epoch.started', { reason: 'rolled_back', why, last_note: known.note }, last)
    state = 'rolled_back'
  }

  const highestEpoch = (): number =>
    Math.max(0, seeds.highest(), ...rows.keys().map((key) => key.epoch))

  /** The epoch the database speaks of, when its key is here. */
  function openEpoch(): Epoch | null {
    const number = Number(store.meta.get('audit.epoch') ?? 0)
    const seed = number === 0 ? null : seeds.read(number)
    if (seed === null) return null
    const signer = createSigner(originOf(logId, number), seed)
    return rows.keys().some(({ keyId }) => keyId === signer.vkey) ? { number, signer } : null
  }

  function rotateNow(): void {
    const last = current()
    begin(Math.max(last.number, highestEpoch()) + 1, 'key.rotated', { reason: 'rotated' }, last)
  }

  function isOld(): boolean {
    const key = rows.keys().at(-1)
    if (key === undefined) return false
    const entries = tree.size() - key.fromSize
    return entries > 0 && (entries >= epochEntries || clock.now() - key.createdAt >= EPOCH_MS)
  }

  /** Signs by itself; a log that contradicts itself is told by its state, it does not stop the work. */
  function signQuietly(reason: 'entries' | 'time' | 'project' | 'shutdown'): void {
    try {
      store.transaction(() => signing.sign(current(), reason))
      unsignedSince = null
      if (state === 'broken') state = 'ok'
    } catch (error) {
      state = 'broken'
      onError(error)
    }
  }

  function onAppend(size: number, entityType: string): void {
    if (epoch === null) return
    segments.afterAppend(size)
    unsignedSince ??= clock.monotonic()
    if (entityType === 'project') signQuietly('project')
    else if (signing.unsigned() >= UNSIGNED_ENTRIES) signQuietly('entries')
  }

  function look(): void {
    if (signing.unsigned() === 0) unsignedSince = null
    else if (clock.monotonic() - (unsignedSince ?? 0) >= UNSIGNED_MS) signQuietly('time')
    if (state !== 'broken' && isOld()) rotateNow()
  }

  return {
    open() {
      recorder.onAppend((size, change) => onAppend(size, change.entityType))
      const last = openEpoch()
      const wasOpen = store.meta.get('audit.epoch') !== undefined
      const found = contradiction(knownAnchors())
      if (found !== null) return startAfterRollback(found, last)
      if (!wasOpen) {
        const number = highestEpoch() + 1
        const signer = createSigner(originOf(logId, number), seeds.make(number))
        store.transaction(() => install({ number, signer }))
      } else if (last === null) {
        begin(highestEpoch() + 1, 'epoch.started', { reason: 'key_lost' }, null)
        state = 'key_lost'
      } else {
        epoch = last
        seeds.keepOnly(last.number)
        if (rollbackEpochs().includes(last.number)) state = 'rolled_back'
        if (isOld()) rotateNow()
      }
    },
    start() {
      timer = setInterval(look, LOOK_MS)
      timer.unref()
    },
    stop() {
      clearInterval(timer)
      if (epoch !== null && signing.unsigned() > 0) signQuietly('shutdown')
    },
    state: () => state,
    checkpoint(reason) {
      const row = store.transaction(() => signing.sign(current(), reason))
      unsignedSince = null
      return row
    },
    learn(note) {
      const known = openKnown(note)
      const found = contradiction([known])
      if (found === null) {
        const { size, root } = openAnchor(known)!
        rows.putAnchor({
          id: note,
          size,
          root: Buffer.from(root, 'latin1'),
          sink: 'client',
          reference: known.vkey,
          at: clock.now(),
        })
        return true
      }
      startAfterRollback(found, current())
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
      rotateNow()
      if (state !== 'broken') state = 'ok'
      return this.keys().at(-1)!
    },
    erase(auditIds, why, actor) {
      const erasure = eraseData(store, recorder, auditIds, why, actor)
      if (erasure.erased > 0) this.checkpoint('request')
      return erasure
    },
    bundle() {
      this.checkpoint('export')
      return bundleFiles({
        audit: store.audit,
        auditTree: rows,
        logId,
        anchors: anchors.read(ANCHORS_READ),
      })
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
    anchorsHold: () => contradiction(knownAnchors()) === null,
  }

  /** The note with the key that opens it. */
  function openKnown(note: string): { note: string; vkey: string } {
    const vkeys = [
      ...rows.keys().map((key) => key.keyId),
      ...anchors.read(ANCHORS_READ).map(({ vkey }) => vkey),
    ]
    for (const vkey of new Set(vkeys)) {
      const anchor = { note, vkey }
      if (openAnchor(anchor) !== null) return anchor
    }
    throw new AppError('REQUEST_INVALID', 'The note was not signed by a key of this log.')
  }
}
