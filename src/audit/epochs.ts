// Epochs of the log: a signing key each. The key of one vouches for the next by a signed handover that lies in an entry, and is
// then destroyed; so whoever steals a key reaches nothing that was signed before it.
import type { Clock } from '../base/clock.ts'
import type { Store } from '../store/store.ts'
import { originOf } from './anchor-note.ts'
import { handoverText } from './handover.ts'
import { createSigner, signNote } from './note.ts'
import type { Recorder } from './record.ts'
import type { Contradiction } from './rollback.ts'
import type { Seeds } from './seeds.ts'
import type { Epoch, Signing } from './signing.ts'

/** Age after which an epoch ends, so that a stolen key is worth little. */
const EPOCH_MS = 86_400_000
const SYSTEM = { id: 'system', role: 'system' }
/** The entity of entries about keys: `entity_id` is the verifier key of the new epoch. */
const KEY_ENTITY = 'audit.key'

export interface EpochsOptions {
  store: Store
  recorder: Recorder
  clock: Clock
  seeds: Seeds
  signing: Signing
  /** Entries after which an epoch ends. */
  most: number
}

export function createEpochs({ store, recorder, clock, seeds, signing, most }: EpochsOptions) {
  const { tree, logId } = recorder
  const rows = store.auditTree
  let epoch: Epoch | null = null

  const numbers = (key: string): number[] =>
    JSON.parse(store.meta.get(`audit.${key}`) ?? '[]') as number[]

  const highest = (): number => Math.max(0, seeds.highest(), ...rows.keys().map((key) => key.epoch))

  function install(next: Epoch): void {
    const { number, signer } = next
    const publicKey = Buffer.from(signer.vkey.slice(-44), 'base64').subarray(1)
    rows.putKey(signer.vkey, number, publicKey, tree.size(), clock.now())
    rows.retireKeys(number, clock.now())
    store.meta.set('audit.epoch', String(number))
    epoch = next
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
        const size = tree.size()
        // Nothing may be signed by itself meanwhile: after a rollback the old key must not sign again.
        epoch = null
        const seq = recorder.nextSeq()
        const handover =
          last === null ? null : signNote(handoverText(last.signer.name, vkey, seq), last.signer)
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
          rows.dropCheckpointsBeyond(size)
          signing.sign({ number, signer }, 'epoch')
        }
      })
    } catch (error) {
      epoch = last
      throw error
    }
    seeds.keepOnly(number)
  }

  return {
    current: () => epoch,
    /** Whether this log was ever signed. */
    wasOpen: () => store.meta.get('audit.epoch') !== undefined,
    /** The epoch the database speaks of, when its key is here. */
    stored(): Epoch | null {
      const number = Number(store.meta.get('audit.epoch') ?? 0)
      const seed = number === 0 ? null : seeds.read(number)
      if (seed === null) return null
      const signer = createSigner(originOf(logId, number), seed)
      return rows.keys().some(({ keyId }) => keyId === signer.vkey) ? { number, signer } : null
    },
    /** Whether the key of that epoch is here, but sealed with what was not given this time. */
    isLocked: () => seeds.isLocked(Number(store.meta.get('audit.epoch') ?? 0)),
    resume(stored: Epoch): void {
      epoch = stored
      seeds.keepOnly(stored.number)
    },
    /** The first epoch of a new log: its key needs nobody's word. */
    first(): void {
      const number = highest() + 1
      const signer = createSigner(originOf(logId, number), seeds.make(number))
      store.transaction(() => install({ number, signer }))
    },
    afterLostKey: () => begin(highest() + 1, 'epoch.started', { reason: 'key_lost' }, null),
    afterRollback({ why, known }: Contradiction, last: Epoch | null): void {
      const number = Math.max(known.log === logId ? known.epoch : 0, highest()) + 1
      store.meta.set('audit.rollbacks', JSON.stringify([...numbers('rollbacks'), number]))
      begin(number, 'epoch.started', { reason: 'rolled_back', why, last_note: known.note }, last)
    },
    rotate(last: Epoch): void {
      begin(Math.max(last.number, highest()) + 1, 'key.rotated', { reason: 'rotated' }, last)
    },
    /** Epochs begun because of a rollback. */
    rollbacks: () => numbers('rollbacks'),
    /** Whether there was a rollback that no person has taken note of. */
    isRolledBack: () => numbers('rollbacks').length > numbers('acknowledged').length,
    /** A person has taken note of all rollbacks until now. */
    acknowledge: () => store.meta.set('audit.acknowledged', JSON.stringify(numbers('rollbacks'))),
    /** Whether the next epoch is due: for its age, its entries, or its seed, which key material given now would seal. */
    isOld(): boolean {
      const key = rows.keys().at(-1)
      if (key === undefined || epoch === null) return false
      if (seeds.isOpen(key.epoch)) return true
      const entries = tree.size() - key.fromSize
      return entries > 0 && (entries >= most || clock.now() - key.createdAt >= EPOCH_MS)
    },
  }
}
