// B3: the database is put back to what it was, the program started: it must say so and go on under a new epoch, and a third
// party must see it. And a stolen key of the current epoch must not reach what an older key signed.
import { copyFileSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { verifyBundle } from '../../src/audit/bundle-verify.ts'
import { chainDigest, createLinker, GENESIS } from '../../src/audit/chain.ts'
import { bytesOf, type Digest } from '../../src/audit/digest.ts'
import { Frontier } from '../../src/audit/merkle.ts'
import { checkpointText, createSigner, signNote } from '../../src/audit/note.ts'
import { createAuditHouse } from '../support/audit-house.ts'
import { TEST_KEY } from '../support/job-house.ts'
import { runPython, writeBundle } from './support/bundle.ts'
import {
  type Chance,
  complain,
  createChance,
  type Experiment,
  trialsOf,
  withFolder,
} from './support/experiment.ts'

/** One trial; `anchored` false throws away all that lies beside the database. */
async function rollBack(folder: string, chance: Chance, anchored: boolean) {
  const database = path.join(folder, 'sisrua.db')
  let house = createAuditHouse({ dataFolder: folder })
  house.add(1 + chance.below(600))
  await house.close()
  copyFileSync(database, `${database}.copy`)
  house = createAuditHouse({ dataFolder: folder })
  house.add(1 + chance.below(600))
  await house.close()
  for (const suffix of ['-wal', '-shm']) rmSync(database + suffix, { force: true })
  copyFileSync(`${database}.copy`, database)
  if (!anchored) rmSync(path.join(folder, 'anchors'), { recursive: true })
  house = createAuditHouse({ dataFolder: folder })
  house.add(1 + chance.below(300))
  const state = house.ledger.state()
  const epochs = house.ledger.keys().length
  const bundle = writeBundle(path.join(folder, 'bundle'), house.ledger.bundle())
  await house.close()
  const python = await runPython(path.join(bundle, 'verify.py'), bundle)
  return { state, epochs, here: verifyBundle(bundle).code, there: python.code }
}

/**
 * Rewrites an entry of epoch 1 and signs everything again with the stolen key of epoch 2, and, with `both`, with that of epoch 1,
 * which the program has destroyed. Answers the verifiers' code.
 */
async function stealKey(
  folder: string,
  chance: Chance,
  both: boolean,
): Promise<{ code: number; oldSeed: boolean }> {
  const house = createAuditHouse({ dataFolder: folder })
  house.add(50)
  const older = readFileSync(path.join(folder, 'keys', 'audit-e1.seed'))
  house.ledger.rotate()
  house.add(50)
  house.ledger.checkpoint('request')
  const { logId } = house.recorder
  await house.close()
  const seed = readFileSync(path.join(folder, 'keys', 'audit-e2.seed'))
  let oldSeed = true
  try {
    readFileSync(path.join(folder, 'keys', 'audit-e1.seed'))
  } catch {
    oldSeed = false
  }
  const file = new Database(path.join(folder, 'sisrua.db'))
  file.exec('DROP TRIGGER audit_only_erase; DELETE FROM audit_tiles')
  const victim = chance.below(50)
  file.exec(
    `UPDATE audit_log SET entry = replace(entry, 'test.made', 'test.mode') WHERE seq = ${victim}`,
  )
  const linker = createLinker(TEST_KEY.bytes)
  const tree = new Frontier()
  const roots = new Map<number, Digest>()
  let chain: Digest = GENESIS
  const change = file.prepare(
    'UPDATE audit_log SET leaf = ?, chain = ?, signature = ? WHERE seq = ?',
  )
  const rows = file.prepare('SELECT seq, entry FROM audit_log ORDER BY seq').raw().all()
  for (const [seq, entry] of rows as [number, string][]) {
    const leaf = linker.leaf(entry)
    chain = chainDigest(chain, leaf)
    tree.append(leaf)
    roots.set(tree.size, tree.root())
    change.run(bytesOf(leaf), bytesOf(chain), bytesOf(linker.signature(entry)), seq)
  }
  const signed = file.prepare('SELECT size FROM audit_checkpoints WHERE epoch = ?').pluck()
  const forge = file.prepare('UPDATE audit_checkpoints SET root = ?, note = ? WHERE size = ?')
  for (const [epoch, key] of both
    ? ([
        [2, seed],
        [1, older],
      ] as const)
    : ([[2, seed]] as const)) {
    const origin = `sisrua.local/audit/${logId}/e${epoch}`
    for (const size of signed.all(epoch) as number[]) {
      const root = roots.get(size)!
      const text = checkpointText({ origin, size, root })
      forge.run(bytesOf(root), signNote(text, createSigner(origin, key)), size)
    }
  }
  file.close()
  rmSync(path.join(folder, 'anchors'), { recursive: true })
  const again = createAuditHouse({ dataFolder: folder })
  const bundle = writeBundle(path.join(folder, 'bundle'), again.ledger.bundle())
  await again.close()
  const python = await runPython(path.join(bundle, 'verify.py'), bundle)
  return { code: python.code === verifyBundle(bundle).code ? python.code : -1, oldSeed }
}

export const b3: Experiment = {
  id: 'B3',
  title: 'A database put back is noticed at the start and by a third party',
  async run(options) {
    const trials = trialsOf(options, 100, 3)
    const chance = createChance(options.seed)
    const bare = Math.max(1, Math.round(trials / 10))
    let failures = 0
    let unnoticed = 0
    let forged = 0
    for (let i = 0; i < trials; i++) {
      const found = await withFolder('b3', (folder) => rollBack(folder, chance, true))
      const holds =
        found.state === 'rolled_back' && found.epochs === 2 && found.here === 3 && found.there === 3
      if (!holds) {
        failures++
        complain('B3', options.seed, i, JSON.stringify(found))
      }
    }
    for (let i = 0; i < trials; i++) {
      const { code, oldSeed } = await withFolder('b3', (folder) => stealKey(folder, chance, false))
      if (code !== 2 || oldSeed) {
        failures++
        complain('B3', options.seed, i, `stolen key: code ${code}`)
      }
    }
    for (let i = 0; i < bare; i++) {
      const { state } = await withFolder('b3', (folder) => rollBack(folder, chance, false))
      if (state === 'ok') unnoticed++
      const { code } = await withFolder('b3', (folder) => stealKey(folder, chance, true))
      if (code === 0) forged++
    }
    return {
      trials: trials * 2,
      failures,
      control: {
        expected: 'without anything kept outside nobody can tell, nor with the older key at hand',
        seen: `${unnoticed} of ${bare} unnoticed without anchors, ${forged} of ${bare} forged with the older key, had it been kept`,
        ok: unnoticed === bare && forged === bare,
      },
      figures: {
        'put back and noticed': trials,
        'keys stolen, old epochs not re-signed': trials,
      },
    }
  },
}
