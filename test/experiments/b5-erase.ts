// B5: personal data is erased; the log still verifies, here and for a third party, and the text is found in no file of the data
// folder. Backups made before hold it, as the answer says, until the housekeeping replaces them at the next quiet moment.
// Some of it was passed on to webhooks: one takes it and answers with what it was told, one is away, one is disabled.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { verifyBundle } from '../../src/audit/bundle-verify.ts'
import type { Clock } from '../../src/base/clock.ts'
import { systemIds } from '../../src/base/ids.ts'
import { createStorageWatch } from '../../src/jobs/storage-watch.ts'
import { createUpkeep } from '../../src/jobs/upkeep.ts'
import { createDispatcher } from '../../src/webhooks/dispatcher.ts'
import { createTargets } from '../../src/webhooks/targets.ts'
import { createWebhooks } from '../../src/webhooks/webhooks.ts'
import { type AuditHouse, createAuditHouse } from '../support/audit-house.ts'
import { createStillClock, OWNER } from '../support/job-house.ts'
import { writeBundle } from './support/bundle.ts'
import { createChance, type Experiment, trialsOf, withFolder } from './support/experiment.ts'

const TEN_MINUTES = 600_000

/** What the files under the folder hold, by their place. */
const filesOf = (folder: string): [name: string, bytes: Buffer][] =>
  readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => statSync(path.join(folder, name)).isFile())
    .map((name) => [name, readFileSync(path.join(folder, name))])

/** Files under the folder that hold the text. */
const holding = (folder: string, text: string): string[] =>
  filesOf(folder)
    .filter(([, bytes]) => bytes.includes(text))
    .map(([name]) => name)

/** How many of these people's texts are in any file. */
function countFound(folder: string, people: readonly number[]): number {
  const files = filesOf(folder)
  return people.filter((i) =>
    files.some(([, bytes]) => bytes.includes(secret(i)) || bytes.includes(name(i))),
  ).length
}

const secret = (i: number): string =>
  `Fulano de Tal ${i} CPF 000.000.${String(i).padStart(3, '0')}-00`

/** Whom the client names as the one who did it: told beside the data, and as personal. */
const name = (i: number): string => `fulano.${i}.de.tal`

/** Of so many entries one is passed on to webhooks. */
const TOLD_SHARE = 4

interface Filled {
  /** Audit ids of the entries that hold a text, and whose text each holds. */
  ids: number[]
  people: number[]
  /** Answers and messages with a text in the outbox. */
  told: number
}

async function fill(
  { store, recorder, events, audit, add }: AuditHouse,
  clock: Clock,
  entries: number,
  seed: number,
): Promise<Filled> {
  const chance = createChance(seed)
  // Rows of many sizes, written in pieces: pages split and leave old copies behind.
  const person = (i: number) => ({ person: secret(i), note: 'x'.repeat(chance.below(400)) })
  const first = (store.audit.last()?.seq ?? -1) + 1
  add(entries, person)
  add(entries, (i) => ({ i }))
  const ids = Array.from({ length: entries }, (_, i) => first + i + 1)
  const targets = createTargets({ ownPort: () => 1, trusted: [], loopback: true })
  const webhooks = createWebhooks({ store, recorder, clock, ids: systemIds, targets })
  const loop = createDispatcher({
    ...{ store, recorder, events, clock, targets, userAgent: 'sisrua-test' },
    onError(error) {
      throw error
    },
    async post({ url, body }) {
      if (url.pathname === '/away') throw new Error('away')
      return { status: 200, header: () => null, bytes: body }
    },
  })
  const register = (place: string) =>
    webhooks.register({ url: `http://127.0.0.1:9/${place}`, events: ['person.*'] }, OWNER)
  await register('echo')
  await register('away')
  store.webhooks.disable((await register('disabled')).id, clock.now())
  const told = Math.ceil(entries / TOLD_SHARE)
  for (let i = entries; i < entries + told; i++) {
    await webhooks.emit('person.seen', person(i), OWNER)
    ids.push(store.audit.last()!.seq + 1)
  }
  for (let i = 0; i < entries; i++) {
    const told = { eventType: 'named', entityType: 'test', userId: name(i) }
    ids.push(await audit.append(told, OWNER))
  }
  await loop.step()
  await loop.stop(0)
  const { delivered, givenUp, waiting } = webhooks.list().reduce(
    (sum, one) => ({
      delivered: sum.delivered + one.delivered,
      givenUp: sum.givenUp + one.givenUp,
      waiting: sum.waiting + one.waiting,
    }),
    { delivered: 0, givenUp: 0, waiting: 0 },
  )
  const people = Array.from({ length: entries + told }, (_, i) => i)
  return { ids, people, told: Math.min(delivered, givenUp, waiting) }
}

export const b5: Experiment = {
  id: 'B5',
  title: 'Erased data is gone from every file, and the log still verifies',
  run: (options) =>
    withFolder('b5', async (folder) => {
      const entries = trialsOf(options, 1_000, 100)
      const clock = createStillClock()
      const house = createAuditHouse({ dataFolder: folder, clock })
      const { ids, people, told } = await fill(house, clock, entries, options.seed)
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
      const found = countFound(folder, people)
      const report = await house.audit.verifyAll(null)
      const bundle = writeBundle(path.join(folder, 'bundle'), house.ledger.bundle())
      const sound =
        report.invalid === 0 &&
        report.rootOk &&
        report.anchorsOk &&
        verifyBundle(bundle).code === 0 &&
        erasure.erased === ids.length &&
        told === Math.ceil(entries / TOLD_SHARE) &&
        errors.length === 0 &&
        store.backups().length > 0
      await house.close()
      // Twice: the columns set to null and nothing else, and then the file written anew, as if nobody had been told.
      const careless = await withFolder('b5', async (other) => {
        const plain = createAuditHouse({ dataFolder: other, clock })
        const filled = await fill(plain, clock, entries, options.seed)
        plain.store.transaction(() => filled.ids.map((id) => plain.store.audit.erase(id - 1)))
        const left = countFound(other, filled.people)
        plain.store.scrub()
        const inOutbox = countFound(other, filled.people)
        await plain.close()
        return { left, inOutbox }
      })
      return {
        trials: ids.length,
        failures: found + (sound && heldBefore > 0 && inBackups === erasure.backups ? 0 : 1),
        control: {
          expected:
            'an UPDATE alone leaves the text behind, and a clean file without it in the outbox',
          seen: `${careless.left} texts found after setting the columns to null, ${careless.inOutbox} of ${told} in messages after that`,
          ok: careless.left > careless.inOutbox && careless.inOutbox === told,
        },
        figures: {
          'files with the text before / in backups after': `${heldBefore} / ${inBackups}`,
          'texts found after the backups were replaced': found,
          'of the texts, told to three webhooks': told,
        },
      }
    }),
}
