// What must hold of stored jobs whatever the model says, step by step: the graph of states, one live job for a payload, attempts
// bounded, terminal jobs never change, a lease belongs to one attempt. And the whole story at the end, read by SQLite alone.
import assert from 'node:assert/strict'
import Database from 'better-sqlite3'
import type { JobRow } from '../../src/store/jobs.ts'
import { inspectAudit } from '../experiments/support/inspect-audit.ts'
import { type Model, policy } from './job-model.ts'

/** Which state may follow which (reliability design, 9.2). */
const NEXT: Record<string, readonly string[]> = {
  queued: ['running', 'cancelled'],
  retry_wait: ['running', 'cancelled'],
  running: ['succeeded', 'retry_wait', 'failed', 'cancelling', 'queued', 'dead'],
  cancelling: ['cancelled'],
  ...{ succeeded: [], failed: [], cancelled: [], dead: [] },
}
const LEASED = ['running', 'cancelling']

export function createWitness() {
  const states = new Map<string, string>()
  const ended = new Map<string, string>()
  /** Which attempt each lease that was ever seen belongs to. */
  const leases = new Map<string, string>()

  /** The key is given up when a new job takes it, and the checksum is over it; all else of a job that is over stays. */
  const lasting = ({ idempotencyKey: _key, seal: _seal, ...row }: JobRow): string =>
    JSON.stringify(row)

  return {
    /** Throws what is wrong with these rows after those seen before. */
    see(rows: readonly JobRow[]): void {
      const live = new Set<string>()
      for (const row of rows) {
        const { id, state, attempt, crashCount, leaseToken, payload } = row
        const before = states.get(id)
        assert.ok(
          before === state ||
            (before === undefined ? state === 'queued' : NEXT[before]!.includes(state)),
          `${id} went from ${before} to ${state}`,
        )
        states.set(id, state)
        if (NEXT[state]!.length === 0) {
          const text = lasting(row)
          assert.equal(text, ended.get(id) ?? text, `${id} changed after its end`)
          ended.set(id, text)
        } else if (state !== 'cancelling') {
          assert.ok(!live.has(payload), `two live jobs for ${payload}`)
          live.add(payload)
        }
        assert.ok(crashCount <= policy.maxCrashes, `${id} crashed ${crashCount} times`)
        assert.ok(
          attempt <= policy.maxAttempts.osm + crashCount,
          `${id} was started ${attempt} times`,
        )
        assert.equal(
          leaseToken !== null,
          LEASED.includes(state),
          `${id} is ${state}: ${leaseToken}`,
        )
        if (leaseToken === null) continue
        const owner = `${id}/${attempt}/${crashCount}`
        assert.equal(leases.get(leaseToken) ?? owner, owner, 'one lease, two attempts')
        leases.set(leaseToken, owner)
      }
      assert.ok(rows.length >= states.size, 'a job is gone')
    },
  }
}

/** Compares log and events of a database that nobody has open with what the model says happened. */
export function compareStory(database: string, { entries, events }: Model): void {
  const db = new Database(database, { readonly: true })
  try {
    const told = db.prepare(
      `SELECT job_id || ' ' || type || ' ' || state FROM job_events ORDER BY seq`,
    )
    assert.deepEqual(told.pluck().all(), events)
    const kept = db.prepare(
      `SELECT event_type AS event, entity_id AS id, user_id AS actor, data FROM audit_log ORDER BY seq`,
    )
    const rows = kept.all() as { event: string; id: string; actor: string; data: string | null }[]
    const stored = rows.map(({ data, ...entry }) => {
      const { key: _key, ...rest } = JSON.parse(data ?? '{}') as Record<string, unknown>
      return { ...entry, data: data === null ? null : rest }
    })
    assert.deepEqual(stored, entries)
    assert.equal(inspectAudit(db).broken, 0)
  } finally {
    db.close()
  }
}
