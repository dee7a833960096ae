// Checkpoints, epochs, anchors and proofs over a real database, also after it was put back, cut short or replaced.
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { verifyBundle } from '../../src/audit/bundle-verify.ts'
import { digestOf } from '../../src/audit/digest.ts'
import { leafDigest, verifyConsistency, verifyInclusion } from '../../src/audit/merkle.ts'
import { openNote, parseCheckpoint } from '../../src/audit/note.ts'
import { parseTilePath, tlogProofText } from '../../src/audit/proofs.ts'
import { systemIds } from '../../src/base/ids.ts'
import {
  type AuditHouse,
  type AuditHouseOptions,
  createAuditHouse,
} from '../support/audit-house.ts'
import { createStillClock, OWNER } from '../support/job-house.ts'

let dataFolder: string
let house: AuditHouse

const open = (options: Partial<AuditHouseOptions> = {}): AuditHouse => {
  house = createAuditHouse({ dataFolder, ...options })
  return house
}

beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-ledger-'))
})
afterEach(async () => {
  await house.close()
  rmSync(dataFolder, { recursive: true, force: true })
})

const databaseFile = (): string => path.join(dataFolder, 'sisrua.db')
const seedFiles = (): string[] => readdirSync(path.join(dataFolder, 'keys')).sort()

/** The database as somebody could have copied it while the program was stopped. */
async function copyNow(): Promise<string> {
  await house.close()
  const copy = path.join(dataFolder, 'copy.db')
  copyFileSync(databaseFile(), copy)
  open()
  return copy
}

/** What a third party finds in an export of now. */
function verdictOfBundle() {
  const bundle = mkdtempSync(path.join(dataFolder, 'bundle-'))
  for (const { name, chunks } of house.ledger.bundle()) {
    for (const chunk of chunks) appendFileSync(path.join(bundle, name), chunk)
  }
  return verifyBundle(bundle)
}

async function putBack(copy: string): Promise<void> {
  await house.close()
  for (const suffix of ['-wal', '-shm']) rmSync(databaseFile() + suffix, { force: true })
  copyFileSync(copy, databaseFile())
}

describe('the tree', () => {
  it('keeps full tiles and reads its edges again after a rollback and a restart', async () => {
    open({ epochEntries: 1e9 })
    house.add(700)
    const root = house.recorder.tree.root()
    expect(() =>
      house.recorder.record((trail) => {
        for (let i = 0; i < 300; i++)
          trail.audit({ eventType: 'a', entityType: 'b', entityId: null, actor: OWNER })
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(house.recorder.tree.size()).toBe(700)
    expect(house.recorder.tree.root()).toBe(root)
    await house.close()
    open({ epochEntries: 1e9 })
    expect(house.recorder.tree.root()).toBe(root)
    house.add(70_000)
    expect(house.store.auditTree.tileCount(0)).toBe(276)
    expect(house.store.auditTree.tileCount(1)).toBe(1)
    const grown = house.recorder.tree.root()
    await house.close()
    const file = new Database(databaseFile())
    file.exec('DELETE FROM audit_tiles WHERE n = 3')
    file.close()
    open({ epochEntries: 1e9 })
    expect(house.recorder.tree.root()).toBe(grown)
    expect(house.store.auditTree.tileTally(0)).toBe(276)
  })
})

describe('checkpoints', () => {
  it('are signed when 256 entries or 60 seconds wait, on a project, on request and at the end', async () => {
    open()
    const sizes = () =>
      house.store.auditTree.checkpoints().map(({ size, reason }) => [size, reason])
    house.add(255)
    expect(sizes()).toEqual([])
    house.add(1)
    house.recorder.record((trail) =>
      trail.audit({ eventType: 'x', entityType: 'project', entityId: 'p', actor: OWNER }),
    )
    house.add(1)
    const { note } = house.ledger.checkpoint('request')
    expect(house.ledger.checkpoint('request').note).toBe(note)
    house.add(1)
    await house.close()
    open()
    expect(sizes()).toEqual([
      [256, 'entries'],
      [257, 'project'],
      [258, 'request'],
      [259, 'shutdown'],
    ])
    const { vkey } = house.ledger.keys()[0]!
    expect(parseCheckpoint(openNote(note, [vkey]))).toMatchObject({ size: 258 })
    expect(house.anchors.read(9).map((anchor) => anchor.note)).toContain(note)
    expect(statSync(path.join(dataFolder, 'keys', seedFiles()[0]!)).mode & 0o777).toBe(0o600)
  })

  it('are never signed against one signed before', async () => {
    open()
    house.add(300)
    await house.close()
    rmSync(path.join(dataFolder, 'anchors'), { recursive: true })
    open()
    await house.close()
    const file = new Database(databaseFile())
    file.exec('UPDATE audit_checkpoints SET root = zeroblob(32)')
    file.close()
    rmSync(path.join(dataFolder, 'anchors'), { recursive: true, force: true })
    open()
    expect(house.ledger.state()).toBe('ok')
    expect(house.ledger.rootFault()).toBe(
      'The newest checkpoint is not signed by a key of this log',
    )
    house.add(1)
    expect(() => house.ledger.checkpoint('request')).toThrow(
      expect.objectContaining({ code: 'AUDIT_INCONSISTENT' }),
    )
    house.add(300)
    expect(house.ledger.state()).toBe('broken')
    expect(house.errors).not.toEqual([])
    expect(house.store.auditTree.checkpoints()).toHaveLength(1)
    expect(house.audit.stats().totalLogs).toBe(601)
  })
})

describe('epochs', () => {
  it('end after a day or many entries: the old key vouches for the new one and is destroyed', async () => {
    const clock = createStillClock()
    open({ clock, epochEntries: 500 })
    house.add(600)
    const [first] = seedFiles()
    const seed = readFileSync(path.join(dataFolder, 'keys', first!))
    await house.close()
    open({ clock, epochEntries: 500 })
    const [entry] = house.audit.list({ entityType: 'audit.key' })
    const [one, two] = house.ledger.keys()
    expect(entry).toMatchObject({ eventType: 'key.rotated', entityId: two!.vkey, auditId: 601 })
    expect(house.store.auditTree.checkpointCovering(601)).toMatchObject({ size: 601, epoch: 1 })
    expect(openNote((entry!.data as { handover: string }).handover, [one!.vkey])).toContain(
      `\nhandover\n${two!.vkey}\n600\n`,
    )
    expect(seedFiles()).toEqual(['audit-e2.seed'])
    expect(readFileSync(path.join(dataFolder, 'keys', 'audit-e2.seed')).equals(seed)).toBe(false)
    house.add(1)
    clock.advance(90_000_000)
    await house.close()
    open({ clock })
    expect(house.ledger.keys().map((key) => key.epoch)).toEqual([1, 2, 3])
    expect(house.ledger.state()).toBe('ok')
    expect(await house.audit.verifyAll(null)).toMatchObject({ invalid: 0, rootOk: true })
  })

  it('keep their seeds encrypted under what the start-up line brings', async () => {
    const given = systemIds.secret(32)
    open({ given })
    house.add(3)
    await house.close()
    open({ given })
    expect(house.ledger.state()).toBe('ok')
    expect(statSync(path.join(dataFolder, 'keys', 'audit-e1.seed')).size).toBe(60)
    await house.close()
    open({ given: systemIds.secret(32) })
    expect(house.ledger.state()).toBe('key_lost')
    expect(house.ledger.keys().map((key) => key.epoch)).toEqual([1, 2])
  })

  it('hand over to a sealed seed when the plugin begins to bring key material', async () => {
    open()
    house.add(3)
    await house.close()
    expect(seedFiles()).toEqual(['audit-e1.seed'])
    const given = systemIds.secret(32)
    open({ given })
    expect(house.ledger.state()).toBe('ok')
    expect(house.ledger.keys().map((key) => key.epoch)).toEqual([1, 2])
    expect(house.audit.get(4).eventType).toBe('key.rotated')
    expect(seedFiles()).toEqual(['audit-e2.seed'])
    expect(statSync(path.join(dataFolder, 'keys', 'audit-e2.seed')).size).toBe(60)
    house.add(3)
    expect(verdictOfBundle()).toMatchObject({ code: 0, size: 7, signedSize: 7 })
    // Once only.
    await house.close()
    open({ given })
    expect(house.ledger.keys().map((key) => key.epoch)).toEqual([1, 2])
  })
})

describe('a signing key sealed with material that was not given', () => {
  const given = systemIds.secret(32)
  const lock = async (): Promise<void> => {
    open({ given })
    house.add(3)
    await house.close()
    open()
  }

  it('signs nothing and gives nothing up; with the material all is signed by the same key', async () => {
    await lock()
    expect(house.ledger.state()).toBe('key_locked')
    const signed = house.store.auditTree.newestCheckpoint()!.size
    house.add(600)
    house.recorder.record((trail) =>
      trail.audit({ eventType: 'a.b', entityType: 'project', entityId: 'p', actor: OWNER }),
    )
    expect(house.store.auditTree.newestCheckpoint()!.size).toBe(signed)
    expect(house.errors).toEqual([])
    await house.close()
    open({ given })
    expect(house.ledger.state()).toBe('ok')
    expect(house.ledger.keys().map((key) => key.epoch)).toEqual([1])
    expect(verdictOfBundle()).toMatchObject({ code: 0, size: 604, signedSize: 604 })
  })

  it('refuses what must be signed, and leaves it undone', async () => {
    await lock()
    const locked = expect.objectContaining({ code: 'AUDIT_KEY_LOCKED' })
    expect(() => house.ledger.checkpoint('request')).toThrow(locked)
    expect(() => house.ledger.bundle()).toThrow(locked)
    expect(() => house.ledger.erase([2], 'asked for', OWNER)).toThrow(locked)
    expect(house.audit.get(2)).toMatchObject({ erased: false, data: { i: 1 } })
    expect(house.audit.head().size).toBe(3)
  })

  it('is given up when a person changes it', async () => {
    await lock()
    house.ledger.rotate()
    expect(house.ledger.state()).toBe('ok')
    expect(house.ledger.keys().map((key) => key.epoch)).toEqual([1, 2])
    house.ledger.checkpoint('request')
    expect(await house.audit.verifyAll(null)).toMatchObject({ invalid: 0, rootOk: true })
  })

  it('is not the same as one that other material sealed, which is lost', async () => {
    open({ given })
    await house.close()
    open({ given: systemIds.secret(32) })
    expect(house.ledger.state()).toBe('key_lost')
  })
})

describe('a database put back', () => {
  it('is noticed at the start, told, and goes on under a new epoch', async () => {
    open()
    house.add(300)
    const copy = await copyNow()
    house.add(500)
    await putBack(copy)
    open()
    expect(house.ledger.state()).toBe('rolled_back')
    const [entry] = house.audit.list({ entityType: 'audit.key' })
    expect(entry).toMatchObject({ auditId: 301, eventType: 'epoch.started' })
    expect(entry!.data).toMatchObject({ epoch: 2, reason: 'rolled_back', why: 'smaller' })
    const known = parseCheckpoint((entry!.data as { last_note: string }).last_note)
    expect(known.size).toBe(800)
    house.add(600)
    await house.close()
    open()
    expect(house.ledger.state()).toBe('rolled_back')
    expect(house.ledger.keys()).toHaveLength(2)
    expect(house.errors).toEqual([])
    expect(house.store.auditTree.newestCheckpoint()).toMatchObject({ epoch: 2, size: 901 })
    house.ledger.rotate()
    expect(house.ledger.state()).toBe('ok')
  })

  it('is not suspected when it is the same', async () => {
    open()
    house.add(300)
    const copy = await copyNow()
    await putBack(copy)
    open()
    expect(house.ledger.state()).toBe('ok')
    expect(house.ledger.keys()).toHaveLength(1)
  })

  it('is noticed when another log stands in its place', async () => {
    open()
    house.add(10)
    await house.close()
    for (const suffix of ['', '-wal', '-shm']) rmSync(databaseFile() + suffix, { force: true })
    open()
    expect(house.ledger.state()).toBe('rolled_back')
    expect(house.audit.get(1).data).toMatchObject({ why: 'replaced' })
    await house.close()
    open()
    expect(house.ledger.keys()).toHaveLength(1)
  })

  it('is noticed when a note from the drawing says more than the log holds', async () => {
    open()
    house.add(300)
    const copy = await copyNow()
    house.add(50)
    const { note } = house.ledger.checkpoint('request')
    expect(house.ledger.learn(note)).toBe(true)
    await putBack(copy)
    rmSync(path.join(dataFolder, 'anchors'), { recursive: true })
    open()
    expect(house.ledger.state()).toBe('ok')
    expect(house.ledger.learn(note)).toBe(false)
    expect(house.ledger.state()).toBe('rolled_back')
    expect(() => house.ledger.learn(note.replace('350', '351'))).toThrow(
      expect.objectContaining({ code: 'REQUEST_INVALID' }),
    )
  })
})

describe('anchors', () => {
  it('go to a second folder too, and its loss stops nothing', async () => {
    const second = path.join(dataFolder, 'share')
    open({ secondFolder: second })
    house.add(1)
    house.ledger.checkpoint('request')
    expect(readdirSync(second)).toEqual(readdirSync(path.join(dataFolder, 'anchors')))
    await house.close()
    rmSync(second, { recursive: true })
    cpSync(databaseFile(), second)
    open({ secondFolder: second })
    house.add(1)
    house.ledger.checkpoint('request')
    expect(house.errors).toEqual([])
    expect(existsSync(path.join(dataFolder, 'anchors'))).toBe(true)
  })
})

describe('proofs', () => {
  it('of inclusion and consistency lead to signed roots', () => {
    open()
    house.add(256)
    house.add(744)
    const proof = house.ledger.prove(7, null)
    expect(proof).toMatchObject({ index: 6, size: 256 })
    const root = digestOf(proof.checkpoint.root)
    expect(verifyInclusion(leafDigest(proof.entry), 6, proof.size, proof.hashes, root)).toBe(true)
    const other = leafDigest(house.ledger.prove(8, null).entry)
    expect(verifyInclusion(other, 6, proof.size, proof.hashes, root)).toBe(false)
    expect(tlogProofText(proof)).toMatch(
      /^c2sp\.org\/tlog-proof@v1\nindex 6\n([A-Za-z0-9+/]{43}=\n){8}\nsisrua\.local\/audit\/[^\n]+\n256\n/,
    )
    house.add(1)
    expect(house.ledger.prove(1001, null).size).toBe(1001)
    expect(house.ledger.prove(7, 1001).hashes).toHaveLength(10)
    expect(() => house.ledger.prove(7, 500)).toThrow(
      expect.objectContaining({ code: 'PARAMS_INVALID' }),
    )
    expect(() => house.ledger.prove(1002, null)).toThrow(
      expect.objectContaining({ code: 'AUDIT_NOT_FOUND' }),
    )
    const { from, to, fromRoot, toRoot, hashes } = house.ledger.consistency(321, 1001)
    expect(verifyConsistency(from, to, fromRoot, toRoot, hashes)).toBe(true)
    expect(() => house.ledger.consistency(9, 1002)).toThrow(
      expect.objectContaining({ code: 'PARAMS_INVALID' }),
    )
  })

  it('can be built from tiles', () => {
    open()
    house.add(1000)
    expect(house.ledger.tile(0, 3, 232).length).toBe(232 * 32)
    expect(house.ledger.tile(1, 0, 3).length).toBe(96)
    expect(() => house.ledger.tile(0, 3, 233)).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND' }),
    )
    expect(parseTilePath('0/x001/234.p/17')).toEqual({ level: 0, n: 1234, width: 17 })
    expect(parseTilePath('0/005')).toEqual({ level: 0, n: 5, width: 256 })
    for (const bad of ['0/5', '0/005.p/257', '0/005.p/0', 'a/005', '0/x01/005', '0/005/'])
      expect(parseTilePath(bad)).toBeNull()
  })
})
