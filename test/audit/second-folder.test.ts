// The second anchor folder, as a server's share: what it holds is compared at the start, by the command and once it is back; what is
// not this log's there is no rollback, and a share that is gone holds nothing up.
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAnchorFiles } from '../../src/audit/anchors.ts'
import { checkpointText, createSigner, signNote } from '../../src/audit/note.ts'
import { systemIds } from '../../src/base/ids.ts'
import { loadConfig } from '../../src/config.ts'
import { createDaemon } from '../../src/daemon.ts'
import { type AuditHouse, createAuditHouse } from '../support/audit-house.ts'
import { createStillClock } from '../support/job-house.ts'
import { runProgram } from '../support/program.ts'

let home: string
let data: string
let share: string
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'sisrua-share-'))
  data = path.join(home, 'data')
  share = path.join(home, 'share')
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** As the program opens it: the share is read first, for so long. */
async function open(options: { second?: string | null; limitMs?: number } = {}) {
  const { second = share, limitMs = 1_500 } = options
  const anchors = createAnchorFiles(path.join(data, 'anchors'), second)
  const logId = idOf(data)
  if (logId !== null) await anchors.second.read(logId, limitMs)
  return createAuditHouse({ dataFolder: data, anchors })
}

/** The id in the own notes; null before there are any. */
function idOf(folder: string): string | null {
  try {
    const [name] = readdirSync(path.join(folder, 'anchors'))
    const text = readFileSync(path.join(folder, 'anchors', name!), 'utf8')
    return /sisrua\.local\/audit\/([^/]+)\//.exec(text)![1]!
  } catch {
    return null
  }
}

async function using<T>(house: AuditHouse, work: (house: AuditHouse) => T): Promise<T> {
  try {
    return work(house)
  } finally {
    await house.close()
  }
}

const signUpTo = (size: number) => (house: AuditHouse) => {
  house.add(size - house.recorder.tree.size())
  return house.ledger.checkpoint('request')
}

/** Signed at 300, then at 400; the whole folder is put back to what it was at 300. The share keeps the note of 400. */
async function putBackWhole(): Promise<void> {
  await using(await open(), signUpTo(300))
  const copy = path.join(home, 'copy')
  cpSync(data, copy, { recursive: true })
  await using(await open(), signUpTo(400))
  rmSync(data, { recursive: true })
  cpSync(copy, data, { recursive: true })
}

const verify = async (folder: string, ...args: string[]) => {
  const run = ['audit', 'verify', ...args, '--data-dir', data]
  const begun = performance.now()
  const { code, stdout } = await runProgram(run, home, { env: { SISRUA_ANCHOR_FOLDER: folder } })
  return { code, stdout, ms: performance.now() - begun }
}

const shareFile = (): string => path.join(share, readdirSync(share)[0]!)
const lines = () =>
  readFileSync(shareFile(), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { at: number; note: string; vkey: string })

describe('a data folder put back whole', () => {
  it('is noticed by the notes of the share; the old epoch signs nothing more', async () => {
    await putBackWhole()
    expect(await verify(share, '--json')).toMatchObject({ code: 13 })
    const house = await open()
    expect([house.ledger.state(), house.ledger.anchorFolder()]).toEqual(['rolled_back', 'read'])
    expect(await using(house, signUpTo(450))).toMatchObject({ size: 450, epoch: 2 })
  })

  it('goes unnoticed without it (control)', async () => {
    await putBackWhole()
    const house = await open({ second: null })
    expect([house.ledger.state(), house.ledger.anchorFolder()]).toEqual(['ok', 'none'])
    expect(await using(house, signUpTo(450))).toMatchObject({ size: 450, epoch: 1 })
  })

  it('is noticed too when it was signed over while the share was away, however often', async () => {
    await putBackWhole()
    await using(await open({ second: null }), (house) => {
      for (let size = 301; size <= 420; size++) signUpTo(size)(house)
    })
    // The share is back, but is only written to: what it knows is older than its newest lines.
    const own = path.join(data, 'anchors', readdirSync(path.join(data, 'anchors'))[0]!)
    const later = readFileSync(own, 'utf8').split('\n').slice(-100)
    appendFileSync(shareFile(), later.join('\n'))
    await using(await open(), ({ ledger }) => expect(ledger.state()).toBe('rolled_back'))
  })

  it('is noticed by the program itself', async () => {
    await putBackWhole()
    const env = { SISRUA_AUTH_TOKEN: 'test-token-123' }
    const flags = { dataDir: data, port: 0, threads: 1, anchorFolder: share, overpassUrls: [] }
    const daemon = await createDaemon(loadConfig({ flags, env }))
    expect(daemon.ready.audit.state).toBe('rolled_back')
    await daemon.stop('test')
  })
})

describe('notes in the share that are not of this log', () => {
  const forged = (logId: string, epoch: number, size: number) => {
    const origin = `sisrua.local/audit/${logId}/e${epoch}`
    const signer = createSigner(origin, Buffer.from(systemIds.secret(32), 'base64').subarray(0, 32))
    const note = signNote(checkpointText({ origin, size, root: 'x'.repeat(32) }), signer)
    return `${JSON.stringify({ at: Date.now(), note, vkey: signer.vkey })}\n`
  }

  it('of another log, of another key, or altered, are no rollback', async () => {
    await using(await open(), signUpTo(300))
    const [{ note, vkey, at }] = lines() as [ReturnType<typeof lines>[0]]
    const state = async () =>
      await using(await open(), ({ ledger }) => [ledger.state(), ledger.anchorFolder()])
    appendFileSync(shareFile(), forged('other-log', 1, 900))
    appendFileSync(
      shareFile(),
      `${JSON.stringify({ at, vkey, note: note.replace('\n300\n', '\n900\n') })}\nhalf a li`,
    )
    expect(await state()).toEqual(['ok', 'read'])
    // Told, since a log that lost an epoch would look like this too.
    appendFileSync(shareFile(), `\n${forged(idOf(data)!, 1, 900)}`)
    expect(await state()).toEqual(['ok', 'unknown_key'])
    const { code, stdout } = await verify(share)
    expect([code, stdout]).toEqual([0, expect.stringContaining('signed by a key that it never')])
  })
})

describe('a share that is gone', () => {
  /** Opening it for reading waits for a writer, as a dead server is waited for. */
  function neverAnswers(): void {
    rmSync(share, { recursive: true, force: true })
    mkdirSync(share)
    execFileSync('/usr/bin/mkfifo', [path.join(share, 'audit-2026-01.ndjson')])
  }
  /** Lets go of who waits for it. */
  const answer = (): void =>
    void execFileSync('/bin/sh', ['-c', 'true <>"$0"', path.join(share, 'audit-2026-01.ndjson')])

  it('that is no folder is told', async () => {
    await using(await open(), signUpTo(300))
    rmSync(share, { recursive: true })
    writeFileSync(share, '')
    await using(await open(), ({ ledger }) =>
      expect([ledger.state(), ledger.anchorFolder()]).toEqual(['ok', 'unread']),
    )
    const text = await verify(share)
    expect([text.code, text.stdout]).toEqual([0, expect.stringContaining('could not be read')])
    const { stdout } = await verify(share, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ code: 0, anchor_folder: 'unread' })
  })

  it.skipIf(process.platform === 'win32')('that never answers holds nothing up', async () => {
    await using(await open(), signUpTo(300))
    neverAnswers()
    const begun = performance.now()
    const house = await open({ limitMs: 300 })
    expect(performance.now() - begun).toBeLessThan(3_000)
    expect([house.ledger.state(), house.ledger.anchorFolder()]).toEqual(['ok', 'unread'])
    await using(house, signUpTo(310))
    expect(readdirSync(share)).toHaveLength(1)
    answer()
    const { code, stdout, ms } = await verify(share)
    expect([code, stdout]).toEqual([0, expect.stringContaining('could not be read')])
    expect(ms).toBeLessThan(15_000)
  })

  it('is compared as soon as it is back', async () => {
    await putBackWhole()
    const away = path.join(home, 'away')
    cpSync(share, away, { recursive: true })
    rmSync(share, { recursive: true })
    writeFileSync(share, '')
    const clock = createStillClock()
    const anchors = createAnchorFiles(path.join(data, 'anchors'), share)
    await anchors.second.read(idOf(data)!, 1_500)
    const house = createAuditHouse({ dataFolder: data, anchors, clock })
    expect(house.ledger.state()).toBe('ok')
    rmSync(share)
    cpSync(away, share, { recursive: true })
    await house.ledger.lookAtSecond()
    expect(house.ledger.state()).toBe('ok')
    clock.advance(60_000)
    await house.ledger.lookAtSecond()
    expect([house.ledger.state(), house.ledger.anchorFolder()]).toEqual(['rolled_back', 'read'])
    await house.close()
  })

  it.skipIf(process.platform === 'win32')('is compared when its answer comes late', async () => {
    await putBackWhole()
    const name = path.join(share, 'audit-2026-01.ndjson')
    execFileSync('/usr/bin/mkfifo', [name])
    const house = await open({ limitMs: 200 })
    expect([house.ledger.state(), house.ledger.anchorFolder()]).toEqual(['ok', 'unread'])
    answer()
    await expect.poll(() => house.ledger.anchorFolder()).toBe('read')
    await house.ledger.lookAtSecond()
    expect(house.ledger.state()).toBe('rolled_back')
    await house.close()
  })
})
