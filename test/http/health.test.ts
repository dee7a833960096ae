// Detailed health tells the truth: each state that a part can be in, made for real.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { Overrides } from '../../src/daemon.ts'
import { createInlineCompute } from '../../src/workers/inline.ts'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'
import { behave, startOverpassServer } from '../support/overpass-server.ts'

async function health(house: TestDaemon) {
  const { status, json } = await house.call('GET', '/api/v1/health/detailed')
  expect(status).toBe(200)
  return json
}

async function withDaemon(
  flags: Parameters<typeof startDaemon>[0],
  overrides: Overrides,
  look: (house: TestDaemon) => Promise<void>,
): Promise<void> {
  const house = await startDaemon(flags, overrides)
  try {
    await look(house)
  } finally {
    await house.stop()
  }
}

describe('detailed health', () => {
  test('all well', () =>
    withDaemon({}, {}, async (house) => {
      const { status, services, components } = await health(house)
      expect(status).toBe('ok')
      for (const name of [
        'database',
        'cache',
        'external_apis',
        'workers',
        'queue',
        'audit',
        'disk',
      ])
        expect(services[name], name).toBe('ok')
      expect(components.cache.details).toMatch(/^0 answers, 0 of 1024 MiB$/)
      expect(components.workers.details).toMatch(/^1 threads, 0 of/)
    }))

  test('cache: a folder that cannot be written is degraded', () =>
    withDaemon({}, {}, async (house) => {
      mkdirSync(house.config.folders.cache, { recursive: true })
      writeFileSync(path.join(house.config.folders.cache, 'answers'), 'a file in its place')
      const { status, components } = await health(house)
      expect(components.cache.status).toBe('degraded')
      expect(status).toBe('degraded')
    }))

  test('map servers: one of two resting after failures is degraded, both is down', async () => {
    const first = await startOverpassServer(behave.html())
    const second = await startOverpassServer()
    try {
      const overpassUrls = [first.url, second.url]
      await withDaemon({ overpassUrls }, {}, async (house) => {
        // Another place each time: a kept answer asks nobody.
        let latitude = -21
        const ask = async (times: number, expected: number): Promise<void> => {
          for (let i = 0; i < times; i++) {
            latitude -= 0.1
            const body = { latitude, longitude: -41.3235, radius: 100 }
            const { status } = await house.call('POST', '/api/v1/prepare/osm', body)
            expect(status).toBe(expected)
          }
        }
        expect((await health(house)).services.external_apis).toBe('ok')
        await ask(5, 200)
        expect((await health(house)).components.external_apis).toMatchObject({
          status: 'degraded',
          details: expect.stringMatching(/ failing, .* ready$/),
        })
        second.script(behave.html())
        await ask(5, 503)
        expect((await health(house)).components.external_apis.status).toBe('down')
      })
    } finally {
      await first.close()
      await second.close()
    }
  })

  test('workers: no room for another task is degraded, closed threads are down', async () => {
    const load = { threads: 1, inFlight: 0, most: 65, writtenOff: 0, ending: 0, closed: false }
    const compute = { ...createInlineCompute(), load: () => load }
    await withDaemon({}, { compute }, async (house) => {
      load.inFlight = 65
      expect((await health(house)).components.workers.status).toBe('degraded')
      load.closed = true
      expect((await health(house)).components.workers.status).toBe('down')
    })
  })

  test('disk and queue: little room takes no new jobs, none at all is down, and it comes back', async () => {
    let free = 2 ** 34
    await withDaemon({}, { freeBytes: () => free }, async (house) => {
      free = 150 * 2 ** 20
      let { components } = await health(house)
      expect(components.disk).toMatchObject({ status: 'degraded', details: '150 MiB free' })
      components = (await health(house)).components
      expect(components.queue.status).toBe('degraded')
      const body = { kind: 'osm', latitude: 0, longitude: 0, radius: 100 }
      expect((await house.call('POST', '/api/v1/jobs/prepare', body)).status).toBe(507)
      free = 2 ** 20
      expect((await health(house)).components.disk.status).toBe('down')
      free = 2 ** 34
      await health(house)
      expect((await health(house)).status).toBe('ok')
    })
  })

  test('audit: one changed entry is down', () =>
    withDaemon({}, {}, async (house) => {
      const body = { event_type: 'seen', entity_type: 'project', data: { colour: 'red' } }
      expect((await house.call('POST', '/api/audit', body)).status).toBe(201)
      const database = new Database(path.join(house.config.folders.data, 'sisrua.db'))
      database.exec('DROP TRIGGER audit_only_erase')
      const { changes } = database
        .prepare(
          "UPDATE audit_log SET entry = replace(entry, 'seen', 'lost') WHERE event_type = 'seen'",
        )
        .run()
      database.close()
      expect(changes).toBe(1)
      const { status, components } = await health(house)
      expect(components.audit).toMatchObject({
        status: 'down',
        details: expect.stringContaining('broken'),
      })
      expect(status).toBe('error')
    }))

  test('database: one that was damaged is degraded', async () => {
    const dataDir = mkdtempSync(path.join(tmpdir(), 'sisrua-damaged-'))
    try {
      await withDaemon({ dataDir }, {}, async () => {})
      const file = path.join(dataDir, 'sisrua.db')
      const bytes = readFileSync(file)
      bytes.fill(0x5a, 4_096, 12_288)
      writeFileSync(file, bytes)
      await withDaemon({ dataDir }, {}, async (house) => {
        expect((await health(house)).components.database).toMatchObject({
          status: 'degraded',
          details: expect.stringContaining('quarantine'),
        })
      })
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})

test('metrics: in Prometheus form, behind the token, counting what was refused', () =>
  withDaemon({}, {}, async (house) => {
    const noToken = { token: null }
    expect((await house.call('GET', '/metrics', undefined, noToken)).status).toBe(401)
    await house.call('GET', '/api/v1/auth/check', undefined, {
      headers: { Origin: 'https://evil.example' },
    })
    const geojson = { type: 'Point', coordinates: [-41.3, -21.7] }
    const made = await house.call('POST', '/api/v1/jobs/prepare', { kind: 'geojson', geojson })
    await house.finished(made.json.job_id)
    const { status, headers, text } = await house.call('GET', '/metrics')
    expect([status, headers['content-type']]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ])
    expect(text).toContain('sisrua_gate_refusals_total{code="AUTH_REQUIRED"} 1\n')
    expect(text).toContain('sisrua_gate_refusals_total{code="ORIGIN_REFUSED"} 1\n')
    for (const [name, value] of [
      ['lease_losses_total', '0'],
      ['threads_written_off', '0'],
      ['webhook_waiting', '0'],
      ['webhook_attempts', '0'],
      ['websocket_dropped_total', '0'],
      ['job_wait_seconds_count', '1'],
      ['job_run_seconds_count', '1'],
      ['job_events_total{type="job.completed"}', '1'],
    ]) {
      expect(text).toContain(`sisrua_${name} ${value}\n`)
    }
    expect(text).toMatch(/sisrua_commit_seconds_count [1-9]/)
    expect(text).toMatch(/sisrua_wal_bytes [1-9]/)
    expect(text).toMatch(/sisrua_audit_unsigned_entries [\d]/)
    expect(text).toMatch(/sisrua_event_loop_delay_seconds\{quantile="0.99"\} [\d.e-]+\n/)
    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(
        /^(# (HELP|TYPE) .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[\d.e+-]+)$/,
      )
    }
  }))
