// A data folder with something of everything: jobs, projects with features, a service, webhooks with what was delivered and what
// waits, audit entries; made over the wire. And the same read back, to be compared.

import { way } from '../../support/cad-feature.ts'
import { startReceiver } from '../../support/webhook-receiver.ts'
import { sleep } from './experiment.ts'
import { prepareHouse } from './prepared.ts'
import { call, listJobs, type Program, startProgram } from './program.ts'

const PROJECTS = 3
const FEATURES = 40
const EVENTS = 6

/** Answers what was acknowledged of the jobs, as `prepareHouse`. */
export async function furnish(main: string, dataFolder: string) {
  const acknowledged = await prepareHouse(main, dataFolder, 20)
  const willing = await startReceiver()
  const unwilling = await startReceiver(() => ({ status: 500 }))
  const program = await startProgram({ main, dataFolder })
  const post = async (method: string, target: string, body: object = {}): Promise<void> => {
    const { status, text } = await call(program.port, method, target, JSON.stringify(body))
    if (status >= 300) throw new Error(`${method} ${target}: ${status} ${text}`)
  }
  for (const { port } of [willing, unwilling])
    await post('POST', '/api/v1/webhooks/register', { url: `http://127.0.0.1:${port}/hook` })
  for (let n = 0; n < PROJECTS; n++) {
    const project = `/api/v1/projects/P${n}`
    await post('POST', '/api/v1/projects', { project_id: `P${n}`, project_name: `Rua ${n}` })
    const features = Array.from({ length: FEATURES }, (_, m) => way(n * FEATURES + m))
    await post('PUT', `${project}/features`, { version: 1, features })
  }
  await post('POST', '/api/v1/services', { name: 'Planta' })
  for (let n = 0; n < EVENTS; n++) {
    await post('POST', '/api/v1/events/emit', { event_type: 'a7', payload: { n } })
    await post('POST', '/api/v1/audit', {
      event_type: 'a7',
      entity_type: 'test',
      entity_id: `e${n % 2}`,
      data: { n },
    })
  }
  const told = () => willing.received.filter(({ body }) => body.includes('"a7"')).length
  while (told() < EVENTS || unwilling.received.length === 0) await sleep(20)
  await call(program.port, 'POST', '/api/v1/management/shutdown')
  await program.ended
  await willing.close()
  await unwilling.close()
  return acknowledged
}

/** What the program hands out of it, name → text. What a start or the time changes is left out. */
export async function readFurniture(program: Program): Promise<Map<string, string>> {
  const read = new Map<string, string>()
  const get = async (target: string): Promise<string> => {
    const { status, text } = await call(program.port, 'GET', target)
    if (status !== 200) throw new Error(`${target}: ${status} ${text}`)
    return text
  }
  const keep = async (target: string): Promise<void> => void read.set(target, await get(target))
  for (const { job_id } of await listJobs(program.port, 'succeeded'))
    await keep(`/api/v1/jobs/${job_id}`)
  await keep('/api/v1/projects')
  for (let n = 0; n < PROJECTS; n++) {
    // Ids of features are younger than some schemas: those of older ones are given with the next import.
    const features = await get(`/api/v1/projects/P${n}/features`)
    read.set(`features of P${n}`, features.replaceAll(/,"feature_id":(?:"[^"]*"|null)/g, ''))
    await keep(`/api/v1/projects/P${n}/history`)
  }
  await keep('/api/v1/services')
  for (const target of ['/api/audit?entity_type=test&entity_id=e1', '/api/audit?event_type=a7']) {
    const { logs } = JSON.parse(await get(target)) as { logs: unknown[] }
    read.set(target, JSON.stringify(logs))
  }
  const endpoints = JSON.parse(await get('/api/v1/webhooks/endpoints')) as {
    webhooks: { id: string; url: string; events: string[] | null }[]
  }
  for (const { id, url, events } of endpoints.webhooks) {
    const list = await get(`/api/v1/webhooks/endpoints/${id}/deliveries`)
    const { deliveries } = JSON.parse(list) as {
      deliveries: { message_id: string; event: string }[]
    }
    // A start may have news of its own.
    const told = deliveries.filter(({ event }) => event === 'a7').map((one) => one.message_id)
    if (told.length !== EVENTS) throw new Error(`${told.length} of ${EVENTS} deliveries to ${url}`)
    read.set(url, JSON.stringify({ id, events, told: told.sort() }))
  }
  return read
}
