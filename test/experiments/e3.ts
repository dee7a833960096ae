// E3: single changes of a signed message - body, id, time, secret, signature - none may be accepted, whatever stands beside the
// signature in its list; nor a late or repeated one (e3-again.ts).
import { Webhook } from 'standardwebhooks'
import { systemIds } from '../../src/base/ids.ts'
import {
  isSigned,
  type SignedMessage,
  signedHeaders,
  writeSecret,
} from '../../src/webhooks/signature.ts'
import { again, againAtProgram, listsWith, signed } from './e3-again.ts'
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
    const { quick, seed } = options
    const messages = quick ? 20 : 200
    const listed = lists(seed, messages)
    const repeated = await again(seed, messages, true)
    const unknown = await again(seed, quick ? 5 : 20, false)
    const killed = await againAtProgram(seed, quick ? 1 : 20)
    failures += listed.wrong + repeated.accepted + (messages - repeated.afterADay) + killed.accepted
    if (untouched !== trials) failures++
    return {
      trials: trials + listed.tried + repeated.tried + killed.tried,
      failures,
      control: {
        expected:
          'a verifier that does not look at the raw body accepts changed bodies, one without a memory repeated messages',
        seen: `${forgetful} changed bodies accepted; without the memory ${unknown.accepted} of ${unknown.tried} repeated ones, at the program ${killed.control}`,
        ok: forgetful > 0 && unknown.accepted > 0 && killed.control > 0,
      },
      figures: {
        'kinds of change': names.length,
        'untouched messages accepted': `${untouched} of ${trials}`,
        'lists of signatures, other verdict than due': `${listed.tried}, ${listed.wrong}`,
        'repeated messages, accepted': `${repeated.tried}, ${repeated.accepted}`,
        'taken again after their day': `${repeated.afterADay} of ${messages}`,
        'repeated at the program after kill -9, accepted': `${killed.tried}, ${killed.accepted}`,
      },
    }
  },
}

/**
 * A list of several signatures, in any order and with repetitions, is good when one of it is: the package is asked too. An altered
 * body is refused with every list. What Node makes of two header lines, joined by a comma, is no list of the standard: nothing is
 * accepted of it that the package refuses.
 */
function lists(seed: number, messages: number) {
  const chance = createChance(seed + 3)
  let tried = 0
  let wrong = 0
  for (let n = 0; n < messages; n++) {
    const secret = writeSecret(systemIds.secret())
    const body = Buffer.from(JSON.stringify({ event: 'job_completed', data: { n } }))
    const one = signed(secret, `msg_${n}`, body, Date.now())
    const judge = (message: SignedMessage): boolean => {
      const { id, timestamp, signature } = message
      const headers = { 'webhook-id': id!, 'webhook-timestamp': timestamp! }
      try {
        const text = Buffer.from(message.body).toString()
        new Webhook(secret).verify(text, { ...headers, 'webhook-signature': signature! })
        return true
      } catch {
        return false
      }
    }
    for (const signature of listsWith(one.signature!, chance)) {
      const good = { ...one, signature }
      const changed = { ...good, body: Buffer.concat([body, Buffer.from(' ')]) }
      tried += 2
      if (!isSigned(good, [secret], Date.now()) || !judge(good)) wrong++
      if (isSigned(changed, [secret], Date.now()) || judge(changed)) wrong++
    }
    const [first, second] = listsWith(one.signature!, chance)
    for (const signature of [`${first}, ${second}`, `${second}, ${first}`]) {
      const joined = { ...one, signature }
      tried++
      if (isSigned(joined, [secret], Date.now()) && !judge(joined)) wrong++
    }
  }
  return { tried, wrong }
}
