// Clients that post small GeoJSON jobs and keep their own book of what was acknowledged: the oracle outside the program.
// A post whose answer was lost is posted again with the same Idempotency-Key, as the plugin does.
import http from 'node:http'
import { call } from './program.ts'

/** A body whose document is unique to the key; `bytes` pads it, so that the input becomes a file. */
export function jobBody(key: string, bytes = 0): string {
  const n = [...key].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 90_000, 7)
  return JSON.stringify({
    kind: 'geojson',
    geojson: {
      type: 'Feature',
      properties: {
        name: key,
        ...(bytes === 0 ? {} : { note: `${key} `.repeat(bytes / (key.length + 1)) }),
      },
      geometry: {
        type: 'LineString',
        coordinates: [
          [-41.3235 + n * 1e-7, -21.7634],
          [-41.3225, -21.7624],
        ],
      },
    },
  })
}

export interface Load {
  /** Key → every id that was told for it. */
  acknowledged: Map<string, Set<string>>
  /** Posted, no answer yet. */
  unanswered: Set<string>
  /** Status → how often, of what was refused. */
  refused: Map<number, number>
  /**
   * Starts `clients` posting to this port; the function answered stops them. `patient` ones wait until their job has ended
   * before they post the next.
   */
  run(port: number, clients: number, sizeOf?: () => number, patient?: boolean): () => Promise<void>
}

/** Waits at least this long, and on a busy machine until something more was acknowledged, but no longer than five seconds. */
export async function workFor(load: Load, milliseconds: number): Promise<void> {
  const before = load.acknowledged.size
  const began = performance.now()
  const passed = () => performance.now() - began
  while (passed() < milliseconds || (load.acknowledged.size < before + 2 && passed() < 5_000)) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export function createLoad(prefix: string): Load {
  const acknowledged = new Map<string, Set<string>>()
  const unanswered = new Set<string>()
  const refused = new Map<number, number>()
  const sizes = new Map<string, number>()
  let count = 0
  return {
    acknowledged,
    unanswered,
    refused,
    run(port, clients, sizeOf = () => 0, patient = false) {
      const agent = new http.Agent({ keepAlive: true, maxSockets: clients })
      let stopped = false
      const again = [...unanswered]
      async function hasEnded(id: string): Promise<void> {
        for (let looks = 0; looks < 100 && !stopped; looks++) {
          const { text } = await call(port, 'GET', `/api/v1/jobs/${id}`, undefined, {}, agent)
          if (/"status":"(completed|failed)"/.test(text)) return
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      }
      async function client(): Promise<void> {
        while (!stopped) {
          const key = again.pop() ?? `${prefix}${count++}`
          if (!sizes.has(key)) sizes.set(key, sizeOf())
          unanswered.add(key)
          try {
            const headers = { 'Idempotency-Key': key }
            const body = jobBody(key, sizes.get(key)!)
            const answer = await call(port, 'POST', '/api/v1/jobs/prepare', body, headers, agent)
            unanswered.delete(key)
            if (answer.status < 300) {
              const id = (JSON.parse(answer.text) as { job_id: string }).job_id
              acknowledged.set(key, (acknowledged.get(key) ?? new Set()).add(id))
              if (patient) await hasEnded(id)
            } else {
              refused.set(answer.status, (refused.get(answer.status) ?? 0) + 1)
              await new Promise((resolve) => setTimeout(resolve, 20))
            }
          } catch {
            // The key stays in `unanswered`; the next run posts it again.
            if (!stopped) await new Promise((resolve) => setTimeout(resolve, 20))
          }
        }
      }
      const all = Array.from({ length: clients }, client)
      return async () => {
        stopped = true
        agent.destroy()
        await Promise.all(all)
      }
    },
  }
}
