// E3: single changes of a signed message - body, id, time, secret, signature list - none may be accepted; nor a late or repeated one.
import { systemIds } from '../../src/base/ids.ts'
import { openStore } from '../../src/store/store.ts'
import { createInbound } from '../../src/webhooks/inbound.ts'
import {
  isSigned,
  type SignedMessage,
  signedHeaders,
  writeSecret,
} from '../../src/webhooks/signature.ts'
import {
  type Chance,
  complain,
  createChance,
  type Experiment,
  trialsOf,
} from './support/experiment.ts'

interface Case {
  message: SignedMessage
  secret: string
}

/** What may be changed; each changes one thing only. */
const CHANGES: Record<string, (one: Case, chance: Chance) => Case> = {
  body: ({ message, secret }, chance) => {
    const body = Buffer.from(message.body)
    body[chance.below(body.length)]! ^= 1 << chance.below(8)
    return { message: { ...message, body }, secret }
  },
  bodyCut: ({ message, secret }, chance) => ({
    message: { ...message, body: message.body.subarray(0, chance.below(message.body.length)) },
    secret,
  }),
  id: ({ message, secret }, chance) => ({
    message: { ...message, id: altered(message.id!, chance) },
    secret,
  }),
  time: ({ message, secret }, chance) => ({
    message: { ...message, timestamp: String(Number(message.timestamp) + 1 + chance.below(250)) },
    secret,
  }),
  timeSpelling: ({ message, secret }, chance) => ({
    message: {
      ...message,
      timestamp: ['0', '+', ' ', '00'][chance.below(4)] + message.timestamp!,
    },
    secret,
  }),
  secret: ({ message }) => ({ message, secret: writeSecret(systemIds.secret()) }),
  signature: ({ message, secret }, chance) => ({
    message: { ...message, signature: `v1,${altered(message.signature!.slice(3), chance)}` },
    secret,
  }),
  version: ({ message, secret }, chance) => ({
    message: {
      ...message,
      signature: message.signature!.replace(
        'v1,',
        ['v2,', 'v1a,', 'v0,', '', 'V1,'][chance.below(5)]!,
      ),
    },
    secret,
  }),
  /** Where one field ends and the next begins is part of what is signed. */
  border: ({ message, secret }) => ({
    message: {
      ...message,
      id: message.id!.slice(0, -1),
      body: Buffer.concat([Buffer.from(message.id!.slice(-1)), message.body]),
    },
    secret,
  }),
}

function altered(text: string, chance: Chance): string {
  const at = chance.below(text.length)
  const put = text[at] === 'A' ? 'B' : 'A'
  return text.slice(0, at) + put + text.slice(at + 1)
}

const NOW_MS = 1_790_000_000_000

function original(chance: Chance, n: number): Case {
  const secret = writeSecret(systemIds.secret())
  const body = Buffer.from(
    JSON.stringify({ event: 'job_completed', data: { n, x: chance.next() } }),
  )
  const id = `msg_${n}_${chance.below(1e9)}`
  const headers = signedHeaders([secret], id, NOW_MS / 1000, body)
  return {
    secret,
    message: {
      id,
      body,
      timestamp: headers['webhook-timestamp'],
      signature: headers['webhook-signature'],
    },
  }
}

export const e3: Experiment = {
  id: 'E3',
  title: 'altered, late and repeated messages refused',
  async run(options) {
    const trials = trialsOf(options, 10_000, 1_800)
    const chance = createChance(options.seed)
    const names = Object.keys(CHANGES)
    let failures = 0
    let untouched = 0
    let forgetful = 0
    for (let n = 0; n < trials; n++) {
      const one = original(chance, n)
      if (isSigned(one.message, [one.secret], NOW_MS)) untouched++
      const name = names[n % names.length]!
      const changed = CHANGES[name]!(one, chance)
      if (isSigned(changed.message, [changed.secret], NOW_MS)) {
        failures++
        complain('E3', options.seed, n, name)
      }
      // The control checks a signature of the original body whatever came, as who parses first and signs again does.
      const careless = { ...changed.message, body: one.message.body }
      if (name.startsWith('body') && isSigned(careless, [changed.secret], NOW_MS)) forgetful++
    }
    const replayed = await replay(options.seed)
    failures += replayed.accepted
    if (untouched !== trials) failures++
    return {
      trials: trials + replayed.tried,
      failures,
      control: {
        expected: 'a verifier that does not look at the raw body accepts changed bodies',
        seen: `${forgetful} changed bodies accepted`,
        ok: forgetful > 0,
      },
      figures: {
        'kinds of change': names.length,
        'untouched messages accepted': `${untouched} of ${trials}`,
        'late or repeated messages refused': replayed.tried - replayed.accepted,
      },
    }
  },
}

/** The same good message again at once, within a day, and after its 300 seconds. */
async function replay(seed: number): Promise<{ tried: number; accepted: number }> {
  const chance = createChance(seed + 1)
  let now = NOW_MS
  const clock = { now: () => now, monotonic: () => now }
  const store = openStore({ dataFolder: ':memory:', clock })
  let tried = 0
  let accepted = 0
  try {
    for (let n = 0; n < 20; n++) {
      now = NOW_MS
      const { message, secret } = original(chance, n)
      const inbound = createInbound({ store, clock, sources: { crm: [secret] } })
      await inbound.accept('crm', message, async () => {})
      for (const [source, later] of [
        ['crm', 0],
        ['crm', 299_000],
        ['crm', 301_000],
        ['crm', 90_000_000],
        ['nobody', 0],
      ] as const) {
        now = NOW_MS + later
        tried++
        await inbound
          .accept(source, message, async () => {
            accepted++
          })
          .catch(() => {})
      }
    }
  } finally {
    await store.close()
  }
  return { tried, accepted }
}
