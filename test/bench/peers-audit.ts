// Rows of the peer table for the audit log, in CPU seconds of one core, because the disk has moods: appending and verifying, against
// Python's hashlib, hmac and sqlite3 making and checking the very same bytes in the same schema with synchronous=FULL. Python keeps no
// tree and signs nothing. Sides take turns; a ratio is the median over pairs. Both sides check one and the same log of ours.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { digestOf } from '../../src/audit/digest.ts'
import { openLogReader } from '../../src/audit/log-reader.ts'
import { sweepEntries, sweepSegments } from '../../src/audit/sweep.ts'
import { INITIAL_SQL } from '../../src/store/sql/0001-initial.ts'
import { createAuditHouse } from '../support/audit-house.ts'
import { OWNER } from '../support/job-house.ts'

export interface PeerRow {
  name: string
  ours: number
  peer: number | null
  ratio: number | null
  unit: string
}

const BATCH = 1000
const ENTITY = 'b2f1a6a0-6a53-4d0f-9f6e-0d6f1c1f7d11'

const PYTHON = `
import hashlib, hmac, json, os, resource, sqlite3, sys
mode, file, count, schema = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
sha = lambda b: hashlib.sha256(b).digest()
def used(): r = resource.getrusage(resource.RUSAGE_SELF); return r.ru_utime + r.ru_stime
db = sqlite3.connect(file, isolation_level=None)
db.execute('PRAGMA journal_mode=WAL'); db.execute('PRAGMA synchronous=FULL'); db.execute('PRAGMA cache_size=-16000')
if mode == 'append':
    db.executescript(schema); key = bytes(32); chain = bytes(32); started = used(); begun = None
    for at in range(0, count, ${BATCH}):
        rows = []
        for seq in range(at, min(at + ${BATCH}, count)):
            data = json.dumps({'epsg': 31984, 'features': seq}, separators=(',', ':'), sort_keys=True); salt = os.urandom(16)
            entry = json.dumps({'actor': {'id': 'owner', 'role': 'admin'}, 'at': 1795240626766, 'boot': '${ENTITY}',
                'data_commit': hashlib.sha256(b'\\x03' + salt + data.encode()).hexdigest(), 'entity_id': '${ENTITY}', 'entity_type': 'job',
                'event_type': 'job.succeeded', 'log': '${ENTITY}', 'seq': seq, 'v': 1}, separators=(',', ':'), sort_keys=True, ensure_ascii=False)
            raw = entry.encode(); leaf = sha(b'\\0' + raw); chain = sha(b'\\x02' + chain + leaf)
            rows.append((seq, 1795240626766, 'job.succeeded', 'job', '${ENTITY}', 'owner', entry, data, salt, leaf, chain, hmac.digest(key, raw, 'sha256'), 'k'))
        db.execute('BEGIN IMMEDIATE')
        db.executemany('INSERT INTO audit_log (seq, at, event_type, entity_type, entity_id, user_id, entry, data, salt, leaf, chain, signature, key_id) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)', rows)
        db.execute('COMMIT')
    print(used() - started)
else:
    started = used(); chain = bytes(32); n = 0
    for seq, entry, leaf, link in db.execute('SELECT seq, entry, leaf, chain FROM audit_log ORDER BY seq'):
        own = sha(b'\\0' + entry.encode()); chain = sha(b'\\x02' + chain + own)
        if own != leaf or chain != link or seq != n: sys.exit('bad ' + str(seq))
        n += 1
    print(used() - started, n)
`

function python(mode: 'append' | 'verify', file: string, count: number): number {
  // The table alone, as it is today: its first indexes are gone.
  const schema = /CREATE TABLE audit_log[\s\S]*?STRICT;/.exec(INITIAL_SQL)![0]
  const answer = execFileSync(
    '/usr/bin/python3',
    ['-c', PYTHON, mode, file, String(count), schema],
    { encoding: 'utf8', timeout: 600_000 },
  )
  return Number(answer.split(' ')[0])
}

function cpu(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

const PAIRS = 5
const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!
/** Entries of one turn of appending. */
const TURN = 150_000

function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-bench-'))
  return work(folder).finally(() => rmSync(folder, { recursive: true, force: true }))
}

/** A log of so many entries, signed at its end; CPU seconds that appending took. */
async function build(folder: string, count: number): Promise<number> {
  const house = createAuditHouse({ dataFolder: folder, epochEntries: 1e12 })
  const seconds = cpu(() => {
    for (let done = 0; done < count; done += BATCH) {
      house.recorder.record((trail) => {
        for (let i = 0; i < BATCH; i++) {
          trail.audit({
            eventType: 'job.succeeded',
            entityType: 'job',
            entityId: ENTITY,
            actor: OWNER,
            data: { features: done + i, epsg: 31984 },
          })
        }
      })
    }
  })
  house.ledger.checkpoint('request')
  await house.close()
  return seconds
}

/** Appends in turns: entries a CPU second on both sides. */
async function appendRow(): Promise<PeerRow> {
  const append = () => withFolder((folder) => build(folder, TURN))
  const peer = () =>
    withFolder(async (folder) => python('append', path.join(folder, 'peer.db'), TURN))
  await append()
  const ours: number[] = []
  const theirs: number[] = []
  for (let i = 0; i < PAIRS; i++) {
    if (i % 2 === 0) theirs.push(await peer())
    ours.push(await append())
    if (i % 2 === 1) theirs.push(await peer())
  }
  return {
    name: `audit append, ${TURN} entries, with tree and signatures`,
    ours: TURN / median(ours),
    peer: TURN / median(theirs),
    ratio: median(ours.map((own, i) => theirs[i]! / own)),
    unit: '/CPU s',
  }
}

/** `scale` 1 = a million entries to verify; `npm run bench:peers` takes all of them. */
export async function auditPeerRows(scale = 1): Promise<PeerRow[]> {
  const count = Math.max(20_000, Math.round((1_000_000 * scale) / BATCH) * BATCH)
  const appended = await appendRow()
  return withFolder(async (folder) => {
    await build(folder, count)
    const log = openLogReader(folder)
    const newest = log.auditTree.newestCheckpoint()!
    const root = digestOf(newest.root)
    const whole: number[] = []
    const runs: number[] = []
    const theirs: number[] = []
    for (let i = 0; i < PAIRS; i++) {
      whole.push(
        cpu(() => {
          const found = sweepEntries(log, newest.size, new Map([[newest.size, root]]))
          if (found.firstBad !== null || found.wrongRoots.length > 0) throw new Error('not sound')
        }),
      )
      theirs.push(python('verify', path.join(folder, 'sisrua.db'), count))
      runs.push(
        cpu(() => {
          if (sweepSegments(log, newest.size, root).wrongRoots.length > 0)
            throw new Error('not sound')
        }),
      )
    }
    log.close()
    const row = (how: string, seconds: number[]): PeerRow => ({
      name: `audit verify, ${newest.size} entries: ${how}`,
      ours: median(seconds),
      peer: median(theirs),
      ratio: median(seconds.map((own, i) => theirs[i]! / own)),
      unit: 'CPU s',
    })
    return [appended, row('leaf, chain, tree', whole), row('by segments', runs)]
  })
}

if (process.argv[1] === import.meta.filename) {
  console.table(await auditPeerRows(Number(process.argv[2] ?? 1)))
}
