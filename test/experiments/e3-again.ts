// The part of E3 about messages that come again: within their 300 s, signed anew under the same id for a day, with another list of
// signatures, after a restart, and at the real program that was killed meanwhile. Only what the memory holds can refuse them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { systemIds } from '../../src/base/ids.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { createInbound } from '../../src/webhooks/inbound.ts'
import { type SignedMessage, signedHeaders, writeSecret } from '../../src/webhooks/signature.ts'
import { type Alteration, buildProgram } from './support/altered-build.ts'
import { type Chance, createChance, withFolder } from './support/experiment.ts'
import { call, startProgram } from './support/program.ts'

const HOUR_MS = 3_600_000
const NOW_MS = 1_790_000_000_000

/** Every shape of list that holds a good signature, maybe twice, and others beside it. */
export function listsWith(good: string, chance: Chance): string[] {
  const bad = (): string => `v1,${Buffer.from(systemIds.secret(), 'base64url').toString('base64')}`
  const others = Array.from({ length: 1 + chance.below(5) }, bad)
  const at = chance.below(others.length + 1)
  return [
    `${bad()} ${good}`,
    `${good} ${bad()}`,
    `${good} ${good}`,
    `${bad()} ${good} ${good} ${bad()}`,
    `${good} v1a,${bad().slice(3)}`,
    [...others.slice(0, at), good, ...others.slice(at)].join(' '),
  ]
}

export function signed(secret: string, id: string, body: Uint8Array, atMs: number): SignedMessage {
  const headers = signedHeaders([secret], id, Math.floor(atMs / 1000), body)
  return {
    id,
    body,
    timestamp: headers['webhook-timestamp'],
    signature: headers['webhook-signature'],
  }
}

interface Count {
  tried: number
  accepted: number
  /** Taken again, as it is to be, when its day is over. */
  afterADay: number
}

/** `remembers` false: the control, whose memory knows nothing. */
export async function again(seed: number, messages: number, remembers: boolean): Promise<Count> {
  return withFolder('e3', async (folder) => {
    const chance = createChance(seed + 1)
    let now = NOW_MS
    const clock = { now: () => now, monotonic: () => now }
    let store = openStore({ dataFolder: folder, clock })
    const count = { tried: 0, accepted: 0, afterADay: 0 }
    const secret = writeSecret(systemIds.secret())
    const withMemory = (one: Store): Store =>
      remembers ? one : { ...one, webhooks: { ...one.webhooks, knowsInbound: () => false } }
    const accept = (source: string, message: SignedMessage): Promise<boolean> =>
      createInbound({ store: withMemory(store), clock, sources: { crm: [secret] } })
        .accept(source, message, async () => true)
        .catch(() => false)
    const sent: SignedMessage[] = []
    const retry = async (source: string, message: SignedMessage): Promise<void> => {
      count.tried++
      if (await accept(source, message)) count.accepted++
    }
    try {
      for (let n = 0; n < messages; n++) {
        now = NOW_MS
        const body = Buffer.from(JSON.stringify({ data: { n } }))
        const message = signed(secret, `msg_${n}_${chance.below(1e9)}`, body, now)
        sent.push(message)
        if (!(await accept('crm', message))) throw new Error('a good message was refused')
        await retry('nobody', message)
        for (const list of listsWith(message.signature!, chance)) {
          now = NOW_MS + chance.below(300_000)
          await retry('crm', { ...message, signature: list })
        }
        now = NOW_MS + 300_000
        await retry('crm', message)
      }
      // A sender that did not hear the answer signs anew, with the time of that try.
      for (const hours of [0.2, 1, 12, 23.9]) {
        now = NOW_MS + hours * HOUR_MS
        if (hours > 1) {
          await store.close()
          store = openStore({ dataFolder: folder, clock })
        }
        for (const { id, body } of sent) await retry('crm', signed(secret, id!, body, now))
      }
      // Late in itself: refused without any memory too.
      for (const message of sent) await retry('crm', message)
      now = NOW_MS + 24.1 * HOUR_MS
      for (const { id, body } of sent) {
        if (await accept('crm', signed(secret, id!, body, now))) count.afterADay++
      }
      return count
    } finally {
      await store.close()
    }
  })
}

const FORGETFUL: Alteration[] = [
  {
    file: 'src/webhooks/inbound.ts',
    find: 'store.webhooks.knowsInbound(source, id, clock.now())',
    replace: 'false',
  },
]

/** The same at the real program, killed after each message. */
async function atProgram(main: string, kills: number, seed: number): Promise<Count> {
  return withFolder('e3', async (folder) => {
    const chance = createChance(seed + 2)
    const secret = writeSecret(systemIds.secret())
    const config = `${folder}/config.json`
    mkdirSync(`${folder}/data`)
    writeFileSync(config, JSON.stringify({ inboundHooks: { crm: [secret] } }))
    const start = () =>
      startProgram({ main, dataFolder: `${folder}/data`, env: { SISRUA_CONFIG: config } })
    const count = { tried: 0, accepted: 0, afterADay: 0 }
    let program = await start()
    try {
      const send = async (message: SignedMessage): Promise<number> => {
        const { id, timestamp, signature, body } = message
        const headers = {
          'webhook-id': id!,
          'webhook-timestamp': timestamp!,
          'webhook-signature': signature!,
        }
        const text = Buffer.from(body).toString()
        return (await call(program.port, 'POST', '/hooks/in/crm', text, headers)).status
      }
      for (let n = 0; n < kills; n++) {
        const request = { kind: 'osm', latitude: -21.7, longitude: -41.3, radius: 50 + n }
        const body = Buffer.from(JSON.stringify({ data: request }))
        const message = signed(secret, `msg_${n}`, body, Date.now())
        const status = await send(message)
        if (status !== 200) throw new Error(`a good message was answered ${status}`)
        await program.kill()
        program = await start()
        const lists = listsWith(message.signature!, chance)
        for (const one of [
          message,
          ...lists.map((signature) => ({ ...message, signature })),
          signed(secret, message.id!, body, Date.now() + 60_000),
        ]) {
          count.tried++
          if ((await send(one)) !== 401) count.accepted++
        }
      }
      return count
    } finally {
      await program.kill()
    }
  })
}

export async function againAtProgram(seed: number, kills: number) {
  const told = await atProgram(await buildProgram('whole'), kills, seed)
  const control = await atProgram(await buildProgram('forgetful-inbound', FORGETFUL), 1, seed)
  return { ...told, control: control.accepted }
}
