// The sweep over a whole log: what it is told by stored hashes it computes itself, wherever a run of rows ends and however long the
// entries are.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLogReader } from '../../src/audit/log-reader.ts'
import { verifyLog } from '../../src/audit/log-verify.ts'
import type { Trail } from '../../src/audit/record.ts'
import { createVectorLanes, type Lanes } from '../../src/audit/sha256-lanes.ts'
import { sweepEntries, sweepWith } from '../../src/audit/sweep.ts'
import { createAuditHouse } from '../support/audit-house.ts'
import { OWNER } from '../support/job-house.ts'

let dataFolder: string
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
})
afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

const tell = (trail: Trail, entityId: string) =>
  trail.audit({ eventType: 'thing.seen', entityType: 'thing', entityId, actor: OWNER })

/** A log of entries about these things. */
async function logOf(entityIds: readonly string[]): Promise<void> {
  const house = createAuditHouse({ dataFolder, epochEntries: 1e9 })
  house.recorder.record((trail) => {
    for (const id of entityIds) tell(trail, id)
  })
  await house.close()
}

function sweep() {
  const log = openLogReader(dataFolder)
  try {
    const size = log.audit.last()!.seq + 1
    const texts = log.audit.texts(0, size).subarray(1).toString('utf8').split('\0')
    return { ...sweepEntries(log, size, new Map()), size, texts }
  } finally {
    log.close()
  }
}

/** Behind the program's back. */
function alter(sql: string, ...values: unknown[]): void {
  const file = new Database(path.join(dataFolder, 'sisrua.db'))
  file.exec('DROP TRIGGER IF EXISTS audit_only_erase; DROP TRIGGER IF EXISTS audit_no_delete')
  file.prepare(sql).run(...values)
  file.close()
}

describe('entries of different lengths', () => {
  // With its zero byte one entry is as long as the next two with theirs: whoever goes by length alone takes two for one.
  async function misleading(): Promise<number> {
    const warm = Array.from({ length: 20 }, () => 'y')
    await logOf(warm)
    const base = sweep().texts[15]!.length - 1
    rmSync(dataFolder, { recursive: true })
    await logOf([...warm, 'x'.repeat(base + 3), 'b', 'c', 'x'.repeat(99), 'é'.repeat(40), 'z'])
    const { texts } = sweep()
    const at = texts.findIndex((text) => text.includes('xxxx'))
    expect(texts[at]!.length + 1).toBe(texts[at + 1]!.length + 1 + texts[at + 2]!.length + 1)
    return at
  }

  it('are told apart', async () => {
    await misleading()
    expect(sweep().firstBad).toBeNull()
  })

  it('and still give away which one was changed', async () => {
    const at = await misleading()
    alter(`UPDATE audit_log SET entry = replace(entry, '"b"', '"d"') WHERE seq = ?`, at + 1)
    expect(sweep().firstBad).toBe(at + 1)
  })
})

describe('a stored hash that is not its entry’s', () => {
  const COUNT = 1100
  it.each(['leaf', 'chain'])('%s: is found at the ends of runs as between them', async (column) => {
    await logOf(Array.from({ length: COUNT }, (_, i) => `thing ${i}`))
    expect(sweep().firstBad).toBeNull()
    // The last one first, so that each is the first bad one in its turn.
    for (const seq of [COUNT - 1, 1024, 1023, 700, 513, 512, 511, 1, 0]) {
      alter(
        `UPDATE audit_log SET ${column} = CAST(substr(${column}, 2) || x'00' AS BLOB) WHERE seq = ?`,
        seq,
      )
      expect(sweep().firstBad).toBe(seq)
    }
  })

  it('is found when it is that of its neighbour', async () => {
    await logOf(['a', 'b', 'c', 'd'])
    alter(
      'UPDATE audit_log SET leaf = (SELECT leaf FROM audit_log WHERE seq = 1), chain = (SELECT chain FROM audit_log WHERE seq = 1) WHERE seq = 2',
    )
    expect(sweep().firstBad).toBe(2)
  })
})

describe('a row that is gone', () => {
  it.each([0, 300, 511, 512, 1099])('%i', async (seq) => {
    await logOf(Array.from({ length: 1100 }, (_, i) => `thing ${i}`))
    const { size } = sweep()
    alter('DELETE FROM audit_log WHERE seq = ?', seq)
    const log = openLogReader(dataFolder)
    const { firstBad } = sweepEntries(log, size, new Map())
    log.close()
    expect(firstBad).toBe(seq)
  })
})

it('a log that was signed before its first entry is sound', async () => {
  const house = createAuditHouse({ dataFolder })
  house.ledger.checkpoint('request')
  await house.close()
  const log = openLogReader(dataFolder)
  const verdicts = [false, true].map((quick) => verifyLog(log, log.anchors, quick))
  log.close()
  expect(verdicts).toMatchObject([
    { code: 0, size: 0 },
    { code: 0, size: 0 },
  ])
})

describe('two entries in one row', () => {
  // The text of one row holds the zero byte and the next entry, its leaf all that lies between: row after row it reads as before.
  const MERGE = `UPDATE audit_log SET
      entry = (SELECT a.entry || char(0) || b.entry FROM audit_log AS a, audit_log AS b WHERE a.seq = @seq AND b.seq = @seq + 1),
      leaf = (SELECT CAST(a.leaf || x'02' || a.chain || b.leaf AS BLOB) FROM audit_log AS a, audit_log AS b
        WHERE a.seq = @seq AND b.seq = @seq + 1),
      chain = (SELECT chain FROM audit_log WHERE seq = @seq + 1)
    WHERE seq = @seq`

  function merge(seq: number): void {
    const file = new Database(path.join(dataFolder, 'sisrua.db'))
    file.pragma('ignore_check_constraints = ON')
    file.exec('DROP TRIGGER audit_only_erase; DROP TRIGGER audit_no_delete')
    file.prepare(MERGE).run({ seq })
    file.prepare('DELETE FROM audit_log WHERE seq = ?').run(seq + 1)
    file.close()
  }

  const look = (quick: boolean) => {
    const log = openLogReader(dataFolder)
    try {
      return verifyLog(log, log.anchors, quick)
    } finally {
      log.close()
    }
  }

  it.each([0, 100, 510, 4150])('%i: are found, entry by entry and in runs', async (seq) => {
    await logOf(Array.from({ length: 4200 }, (_, i) => `thing ${i}`))
    expect([look(false).code, look(true).code]).toEqual([0, 0])
    merge(seq)
    expect(look(false)).toMatchObject({ code: 2, firstBad: seq })
    const inRuns = look(true)
    expect(inRuns.code).toBe(2)
    expect(inRuns.firstBad).toBeLessThanOrEqual(seq)
  })
})

describe('vectors that hash wrong', () => {
  const COUNT = 1100
  /** Flips one bit of the first digest of the call of this number, counted from 0. */
  function lying(at: number): Lanes {
    const { room, hashPairs } = createVectorLanes()
    let calls = 0
    return {
      room,
      hashPairs(...given) {
        hashPairs(...given)
        const [, , , , count, out] = given
        if (calls++ === at && count > 0) room[out]! ^= 1
      },
    }
  }
  function withLog<T>(work: (log: ReturnType<typeof openLogReader>) => T): T {
    const log = openLogReader(dataFolder)
    try {
      return work(log)
    } finally {
      log.close()
    }
  }

  // A link, the tree's lowest nodes, a root of a run; of the first run, the second, the last.
  it.each([0, 1, 9, 10, 12, 20, 21])('in call %i: the log is not called wrong', async (at) => {
    await logOf(Array.from({ length: COUNT }, (_, i) => `entity ${i}`))
    withLog((log) => {
      const { root } = sweepWith(createVectorLanes(), log, COUNT, new Map())
      const roots = new Map([[COUNT, root]])
      const misled = sweepWith(lying(at), log, COUNT, roots)
      expect(misled.firstBad === null && misled.wrongRoots.length === 0).toBe(false)
      expect(sweepEntries(log, COUNT, roots, lying(at))).toEqual({
        firstBad: null,
        root,
        wrongRoots: [],
      })
    })
  })

  it('do not hide the entry that is wrong', async () => {
    await logOf(Array.from({ length: COUNT }, (_, i) => `entity ${i}`))
    alter(`UPDATE audit_log SET entry = replace(entry, '"at":1', '"at":2') WHERE seq = ?`, 700)
    withLog((log) => {
      expect(sweepWith(lying(0), log, COUNT, new Map()).firstBad).not.toBe(700)
      expect(sweepEntries(log, COUNT, new Map(), lying(0)).firstBad).toBe(700)
    })
  })
})
