// B2: ten ways to change the log, at random places, seen by four verifiers: the original's HMAC, the chain, checkpoints in the
// database, and checkpoints with an anchor outside. The attacker owns the file and the HMAC key, not the signing key.
import { copyFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { chainDigest, createLinker, GENESIS } from '../../src/audit/chain.ts'
import { bytesOf, type Digest, digestOf } from '../../src/audit/digest.ts'
import { openLogReader } from '../../src/audit/log-reader.ts'
import { verifyLog } from '../../src/audit/log-verify.ts'
import { createAuditHouse } from '../support/audit-house.ts'
import { TEST_KEY } from '../support/job-house.ts'
import {
  type Chance,
  createChance,
  type Experiment,
  trialsOf,
  upperBound,
  withFolder,
} from './support/experiment.ts'

const ENTRIES = 1000
const ANCHORED = 900

type File = InstanceType<typeof Database>
type Attack = (file: File, at: number, chance: Chance) => void

const linker = createLinker(TEST_KEY.bytes)

/** Hashes everything anew from `from` on, as far as the HMAC key goes; what was signed later is thrown away. */
function rehash(file: File, from: number): void {
  const rows = file
    .prepare('SELECT seq, entry FROM audit_log WHERE seq >= ? ORDER BY seq')
    .raw()
    .all(from) as [number, string][]
  const before = file.prepare('SELECT chain FROM audit_log WHERE seq = ?').pluck()
  const change = file.prepare(
    'UPDATE audit_log SET entry = ?, leaf = ?, chain = ?, signature = ? WHERE seq = ?',
  )
  let chain: Digest = from === 0 ? GENESIS : digestOf(before.get(from - 1) as Buffer)
  for (const [seq, old] of rows) {
    const entry = old.replace(/"seq":\d+,"v":1\}$/, `"seq":${seq},"v":1}`)
    const leaf = linker.leaf(entry)
    chain = chainDigest(chain, leaf)
    change.run(entry, bytesOf(leaf), bytesOf(chain), bytesOf(linker.signature(entry)), seq)
  }
  file.prepare('DELETE FROM audit_checkpoints WHERE size > ?').run(from)
  file.exec('DELETE FROM audit_tiles')
}

const cut = (file: File, size: number): void => {
  file.prepare('DELETE FROM audit_log WHERE seq >= ?').run(size)
  file.prepare('DELETE FROM audit_checkpoints WHERE size > ?').run(size)
  file.exec('DELETE FROM audit_tiles')
}
const remove = (file: File, at: number): void => {
  file.prepare('DELETE FROM audit_log WHERE seq = ?').run(at)
}
const closeGap = (file: File, at: number): void => {
  file.prepare('UPDATE audit_log SET seq = -seq WHERE seq > ?').run(at)
  file.exec('UPDATE audit_log SET seq = -seq - 1 WHERE seq < 0')
}
const edit = (file: File, at: number): void => {
  file
    .prepare(`UPDATE audit_log SET entry = replace(entry, 'test.made', 'test.mode') WHERE seq = ?`)
    .run(at)
}

const ATTACKS: Record<string, Attack> = {
  'edit an entry': (file, at) => edit(file, at),
  'delete an entry': remove,
  'delete and renumber': (file, at) => {
    remove(file, at)
    closeGap(file, at)
  },
  'swap two entries': (file, at) => {
    const other = (at + 1) % ANCHORED
    const move = file.prepare('UPDATE audit_log SET seq = ? WHERE seq = ?')
    move.run(99_999, at)
    move.run(at, other)
    move.run(other, 99_999)
  },
  'duplicate an entry': (file, at) => {
    file
      .prepare(
        `INSERT INTO audit_log SELECT ${ENTRIES}, at, event_type, entity_type, entity_id, user_id, entry, data, salt,
           leaf, chain, signature, key_id FROM audit_log WHERE seq = ?`,
      )
      .run(at)
  },
  truncate: (file, at) => cut(file, at + 1),
  'truncate after the anchor': (file, at) => cut(file, ANCHORED + (at % (ENTRIES - ANCHORED))),
  'roll back to a checkpoint': (file, at) => {
    const size = file
      .prepare('SELECT max(size) FROM audit_checkpoints WHERE size <= ?')
      .pluck()
      .get(Math.max(256, at)) as number
    cut(file, Math.min(size, 768))
  },
  'empty the table': (file) => cut(file, 0),
  'rewrite with the HMAC key': (file, at) => {
    edit(file, at)
    rehash(file, at)
  },
}

const VERIFIERS = ['HMAC', 'chain', 'checkpoint', 'checkpoint + anchor'] as const
type Verifier = (typeof VERIFIERS)[number]

/** The original's check: each row that is there, by itself. */
function hmacSees(file: File): boolean {
  const rows = file.prepare('SELECT entry, signature FROM audit_log').raw().all()
  return (rows as [string, Buffer][]).some(
    ([entry, signature]) => linker.signature(entry) !== digestOf(signature),
  )
}

function chainSees(file: File): boolean {
  const rows = file
    .prepare('SELECT seq, entry, leaf, chain FROM audit_log ORDER BY seq')
    .raw()
    .all()
  let previous: Digest = GENESIS
  return (rows as [number, string, Buffer, Buffer][]).some(([seq, entry, leaf, chain], i) => {
    const before = previous
    previous = digestOf(chain)
    return (
      seq !== i ||
      linker.leaf(entry) !== digestOf(leaf) ||
      chainDigest(before, digestOf(leaf)) !== previous
    )
  })
}

/** Which verifiers see that something is wrong. */
function look(folder: string, anchor: { note: string; vkey: string }): Record<Verifier, boolean> {
  const file = new Database(path.join(folder, 'sisrua.db'))
  const hmac = hmacSees(file)
  const chain = chainSees(file)
  file.close()
  const log = openLogReader(folder)
  try {
    const alone = verifyLog(log, []).code !== 0
    return {
      HMAC: hmac,
      chain,
      checkpoint: alone,
      'checkpoint + anchor': alone || verifyLog(log, [anchor]).code !== 0,
    }
  } finally {
    log.close()
  }
}

export const b2: Experiment = {
  id: 'B2',
  title: 'Ten attacks on the log, seen by four verifiers',
  run: (options) =>
    withFolder('b2', async (folder) => {
      const positions = trialsOf(options, 100, 3)
      const chance = createChance(options.seed)
      const house = createAuditHouse({ dataFolder: folder })
      house.add(ANCHORED)
      const { note } = house.ledger.checkpoint('request')
      const { vkey } = house.ledger.keys()[0]!
      house.add(ENTRIES - ANCHORED)
      await house.close()
      // The plugin keeps the note; the attacker throws the files beside the database away.
      rmSync(path.join(folder, 'anchors'), { recursive: true })
      const whole = path.join(folder, 'whole.db')
      const live = path.join(folder, 'sisrua.db')
      const opened = new Database(live)
      opened.exec('DROP TRIGGER audit_no_delete; DROP TRIGGER audit_only_erase')
      opened.pragma('journal_mode = DELETE')
      opened.close()
      copyFileSync(live, whole)

      let failures = Object.values(look(folder, { note, vkey })).filter(Boolean).length
      const matrix: (string | number)[][] = []
      let missedByHmac = 0
      for (const [name, attack] of Object.entries(ATTACKS)) {
        const seen = new Map<Verifier, number>(VERIFIERS.map((verifier) => [verifier, 0]))
        for (let i = 0; i < positions; i++) {
          copyFileSync(whole, live)
          const file = new Database(live)
          file.pragma('ignore_check_constraints = ON')
          file.pragma('synchronous = OFF')
          attack(file, chance.below(ANCHORED - 2), chance)
          file.close()
          const found = look(folder, { note, vkey })
          for (const verifier of VERIFIERS)
            if (found[verifier]) seen.set(verifier, seen.get(verifier)! + 1)
        }
        const mayMiss = name === 'truncate after the anchor'
        if (!mayMiss) failures += positions - seen.get('checkpoint + anchor')!
        missedByHmac += positions - seen.get('HMAC')!
        matrix.push([name, ...VERIFIERS.map((verifier) => seen.get(verifier)!)])
      }
      return {
        trials: positions * Object.keys(ATTACKS).length,
        failures,
        control: {
          expected: 'the original’s HMAC misses most attacks',
          seen: `HMAC alone missed ${missedByHmac}`,
          ok: missedByHmac > 0,
        },
        figures: {},
        table: [
          [
            `attack: seen of ${positions} (all seen: misses < ${upperBound(positions)})`,
            ...VERIFIERS,
          ],
          ...matrix,
        ],
      }
    }),
}
