// A client that is cut off again and again while jobs run, and what it has heard in the end against what the database holds.
import path from 'node:path'
import Database from 'better-sqlite3'
import { type TestDaemon, TOKEN } from './daemon.ts'
import { openSocket } from './web-socket.ts'

export const later = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds))
let made = 0
/** A small job that no other answers. */
export async function newJob(daemon: TestDaemon): Promise<string> {
  made++
  const geojson = { type: 'Point', coordinates: [-41.3 - made / 10_000, -21.7] }
  const body = { kind: 'geojson', geojson }
  return (await daemon.call('POST', '/api/v1/jobs/prepare', body)).json.job_id
}

/** Job events while a client comes and goes `cuts` times; with `replay` it asks for what it missed. */
export async function cutOff(daemon: TestDaemon, cuts: number, replay: boolean) {
  const heard: number[] = []
  let done = false
  // On a busy machine a job takes longer; the client then stays a little longer too, so that there is something to miss.
  const begun = performance.now()
  await daemon.finished(await newJob(daemon))
  const pace = Math.min(100, (performance.now() - begun) / 10)
  const work = (async () => {
    while (!done) await daemon.finished(await newJob(daemon))
  })()
  for (let i = 0; i < cuts; i++) {
    const headers = { 'X-SisRua-Token': TOKEN }
    const from = replay ? { after: heard.at(-1) ?? 0 } : {}
    const socket = await openSocket(daemon.port, ['sisrua.v1'], headers, from)
    await later(((i * 37) % 50) + pace)
    if (replay && i === cuts - 1) {
      done = true
      await work
      await socket.until(({ type }) => type === 'subscribed')
      const last = storedNumbers(daemon).at(-1)!
      if (last > (heard.at(-1) ?? 0)) await socket.until(({ seq }) => seq === last)
    }
    socket.ws.terminate()
    const numbers = socket.messages
      .filter(({ type, seq }) => String(type).startsWith('job.') && typeof seq === 'number')
      .map(({ seq }) => seq as number)
    heard.push(...numbers)
  }
  done = true
  await work
  const stored = storedNumbers(daemon)
  const unique = new Set(heard)
  return { stored: stored.length, missing: stored.filter((seq) => !unique.has(seq)).length, heard }
}

/** Numbers of all stored events, read past the daemon. */
function storedNumbers(daemon: TestDaemon): number[] {
  const file = path.join(daemon.config.folders.data, 'sisrua.db')
  const database = new Database(file, { readonly: true })
  const numbers = database.prepare('SELECT seq FROM job_events ORDER BY seq').pluck().all()
  database.close()
  return numbers as number[]
}
