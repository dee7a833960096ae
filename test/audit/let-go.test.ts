// Memory given back by hand: only what nobody else uses, and a sweep then holds no more than it works on.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { letGo } from '../../src/audit/let-go.ts'
import { sweepEntries } from '../../src/audit/sweep.ts'
import { createAuditHouse } from '../support/audit-house.ts'
import { OWNER } from '../support/job-house.ts'

describe('bytes that are let go', () => {
  it('are empty, and their memory is gone', () => {
    const bytes = Buffer.from(new ArrayBuffer(100_000))
    const { buffer } = bytes
    letGo(bytes)
    expect([bytes.length, buffer.byteLength]).toEqual([0, 0])
  })

  it.each<[string, () => Buffer]>([
    ['of a pool', () => Buffer.from('a few bytes')],
    ['a part of others', () => Buffer.from(new ArrayBuffer(100)).subarray(10, 90)],
    ['of several threads', () => Buffer.from(new SharedArrayBuffer(100))],
    ['none at all', () => Buffer.alloc(0)],
  ])('that share their memory stay as they are: %s', (_name, make) => {
    const bytes = make()
    const before = Buffer.from(bytes)
    letGo(bytes)
    expect(bytes.equals(before)).toBe(true)
  })

  it('are those that a sweep has read', async () => {
    const dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
    const house = createAuditHouse({ dataFolder })
    house.recorder.record((trail) => {
      for (let i = 0; i < 1_500; i++) {
        trail.audit({
          eventType: 'thing.done',
          entityType: 'thing',
          entityId: `${i}`,
          actor: OWNER,
        })
      }
    })
    const handed: Buffer[] = []
    const { audit, auditTree } = house.store
    const watched = {
      auditTree,
      audit: {
        ...audit,
        runs(from: number, to: number) {
          const run = audit.runs(from, to)
          handed.push(run[0], run[1])
          return run
        },
      },
    }
    const { firstBad } = sweepEntries(watched, 1_500, new Map())
    expect(firstBad).toBe(null)
    expect(handed.length).toBe(6)
    expect(handed.map((bytes) => bytes.length)).toEqual([0, 0, 0, 0, 0, 0])
    // What the database holds is as it was.
    expect(sweepEntries(watched, 1_500, new Map()).firstBad).toBe(null)
    await house.close()
    rmSync(dataFolder, { recursive: true })
  })
})
