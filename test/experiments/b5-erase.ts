// B5: personal data is erased; the log still verifies, here and for a third party, and the text is found in no file of the data
// folder. Backups made before hold it, as the answer says, until the housekeeping replaces them at the next quiet moment.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { verifyBundle } from '../../src/audit/bundle-verify.ts'
import { createStorageWatch } from '../../src/jobs/storage-watch.ts'
import { createUpkeep } from '../../src/jobs/upkeep.ts'
import { type AuditHouse, createAuditHouse } from '../support/audit-house.ts'
import { createStillClock, OWNER } from '../support/job-house.ts'
import { writeBundle } from './support/bundle.ts'
import { createChance, type Experiment, trialsOf, withFolder } from './support/experiment.ts'

const TEN_MINUTES = 600_000

/** Files under the folder that hold the bytes; `.db` backups by their place. */
function holding(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => statSync(path.join(folder, name)).isFile())
    .filter((name) => readFileSync(path.join(folder, name)).includes(text))
}

const secret = (i: number): string =>
  `Fulano de Tal ${i} CPF 000.000.${String(i).padStart(3, '0')}-00`

/** Whom the client names as the one who did it: told beside the data, and as personal. */
const person = (i: number): string => `fulano.${i}.de.tal`

async function fill(house: AuditHouse, entries: number, seed: number): Promise<number[]> {
  const chance = createChance(seed)
  // Rows of many sizes, written in pieces: pages split and leave old copies behind.
  house.add(entries, (i) => ({ person: secret(i), note: 'x'.repeat(chance.below(400)) }))
  house.add(entries, (i) => ({ i }))
  const named = { eventType: 'named', entityType: 'test' }
  for (let i = 0; i < entries; i++) await house.audit.append({ ...named, userId: person(i) }, OWNER)
  const ids = Array.from({ length: entries }, (_, i) => i + 1)
  return [...ids, ...ids.map((id) => 2 * entries + id)]
}

/** How many texts and names are still found. */
function remaining(folder: string, entries: number): number {
  const all = Array.from({ length: entries }, (_, i) => i)
  return all.filter(
    (i) => holding(folder, secret(i)).length + holding(folder, person(i)).length > 0,
  ).length
}

export const b5: Experiment = {
  id: 'B5',
  title: 'Erased data is gone from every file, and the log still verifies',
  run: (options) =>
    withFolder('b5', async (folder) => {
      const entries = trialsOf(options, 1_000, 100)
      const clock = createStillClock()
      const house = createAuditHouse({ dataFolder: folder, clock })
      const ids = await fill(house, entries, options.seed)
      await house.store.backup('manual')
      const heldBefore = holding(folder, secret(7)).length
      const erasure = house.ledger.erase(ids, 'right to erasure', OWNER)
      const inBackups = holding(folder, secret(7)).filter((name) =>
        name.startsWith('backups'),
      ).length
      const { store, recorder, errors } = house
      const onError = (error: unknown): void => void errors.push(error)
      const watch = createStorageWatch({ store, recorder, onError })
      const upkeep = createUpkeep({ store, clock, watch, onError })
      clock.advance(TEN_MINUTES)
      await upkeep.turn(true)
      const found = remaining(folder, entries)
      const report = await house.audit.verifyAll(null)
      const bundle = writeBundle(path.join(folder, 'bundle'), house.ledger.bundle())
      const sound =
        report.invalid === 0 &&
        report.rootOk &&
        report.anchorsOk &&
        verifyBundle(bundle).code === 0 &&
        erasure.erased === 2 * entries &&
        errors.length === 0 &&
        store.backups().length > 0
      await house.close()
      const careless = await withFolder('b5', async (other) => {
        const plain = createAuditHouse({ dataFolder: other })
        await fill(plain, entries, options.seed)
        plain.store.transaction(() => ids.map((id) => plain.store.audit.erase(id - 1)))
        const left = remaining(other, entries)
        await plain.close()
        return left
      })
      return {
        trials: entries,
        failures: found + (sound && heldBefore > 0 && inBackups === erasure.backups ? 0 : 1),
        control: {
          expected: 'an UPDATE alone leaves the text behind',
          seen: `${careless} texts found after setting the columns to null`,
          ok: careless > 0,
        },
        figures: {
          'files with the text before / in backups after': `${heldBefore} / ${inBackups}`,
          'texts found after the backups were replaced': found,
        },
      }
    }),
}
