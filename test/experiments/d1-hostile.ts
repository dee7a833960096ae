// D1: hostile Host, Origin, Sec-Fetch-Site and method, over HTTP and as upgrade, all with the right token; control: the gate left open.
import { startDaemon } from '../support/daemon.ts'
import { sendHostileRequests, statusOf } from '../support/hostile-requests.ts'
import { startOpenGate } from '../support/open-gate.ts'
import type { Experiment } from './support/experiment.ts'

export const d1: Experiment = {
  id: 'D1',
  title: 'hostile origins with the right token',
  async run() {
    const house = await startDaemon()
    const { server, port } = await startOpenGate()
    try {
      const { hostile, accepted, legal, odd } = await sendHostileRequests(house.port)
      const open = await statusOf(
        port,
        'GET /api/v1/auth/check HTTP/1.1\r\nHost: evil.example\r\nOrigin: https://evil.example\r\nConnection: close\r\n\r\n',
      )
      return {
        trials: hostile,
        failures: accepted.length + odd.length,
        control: {
          expected: 'a foreign page gets 200 when the gate is open',
          seen: `gate open: a foreign page gets ${open}`,
          ok: open === 200,
        },
        figures: {
          'hostile accepted': accepted.length,
          'legal let in': legal,
          'odd answers': odd.length,
        },
      }
    } finally {
      await server.close(100)
      await house.stop()
    }
  },
}
