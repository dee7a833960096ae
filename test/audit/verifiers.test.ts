// Two verifiers, one answer: where JavaScript and Python read the same text differently, the bundle's patterns leave them no choice.
import { spawnSync } from 'node:child_process'
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
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createAnchorFiles } from '../../src/audit/anchors.ts'
import { bundleFiles } from '../../src/audit/bundle.ts'
import { verifyBundle } from '../../src/audit/bundle-verify.ts'
import { openLogReader } from '../../src/audit/log-reader.ts'
import { checkpointText, createSigner, signNote } from '../../src/audit/note.ts'
import { systemIds } from '../../src/base/ids.ts'
import { writeBundle } from '../experiments/support/bundle.ts'
import { createAuditHouse } from '../support/audit-house.ts'
import { describeWithJudge } from '../support/judge.ts'

const PYTHON = '/usr/bin/python3'
const ROOT = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='

describeWithJudge(
  'python3',
  [PYTHON, '-c', '0'],
  'both verifiers, with all the notes that are known',
  () => {
    let home: string
    let dataFolder: string
    let share: string
    beforeEach(() => {
      home = mkdtempSync(path.join(tmpdir(), 'sisrua-verifiers-'))
      dataFolder = path.join(home, 'data')
      share = path.join(home, 'share')
    })
    afterEach(() => rmSync(home, { recursive: true, force: true }))

    const notesIn = (bundle: string): string[] =>
      readFileSync(path.join(bundle, 'anchors.ndjson'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))

    /** Both codes of what the program exports and of what the command does, and the notes in each. */
    async function exports(secondFolder: string | null) {
      const anchors = createAnchorFiles(path.join(dataFolder, 'anchors'), secondFolder)
      await anchors.second.read(logIdIn(dataFolder), 1_500)
      const house = createAuditHouse({ dataFolder, anchors })
      const here = writeBundle(path.join(home, 'by-program'), house.ledger.bundle())
      await house.close()
      const log = openLogReader(dataFolder, { anchorFolder: secondFolder })
      await log.readSecond(1_500)
      const there = writeBundle(path.join(home, 'by-command'), bundleFiles(log))
      log.close()
      return [here, there].map((bundle) => ({
        codes: [
          verifyBundle(bundle).code,
          spawnSync(PYTHON, [path.join(bundle, 'verify.py')]).status,
        ],
        notes: notesIn(bundle),
        method: readFileSync(path.join(bundle, 'METHOD.txt'), 'utf8'),
      }))
    }

    function logIdIn(folder: string): string {
      const log = openLogReader(folder)
      log.close()
      return log.logId
    }

    /** Many checkpoints, two of them handed in as a drawing does; the own folder then loses its lines. */
    async function makeNotes(): Promise<{ all: string[]; handedIn: string[] }> {
      const house = createAuditHouse({ dataFolder, secondFolder: share })
      const all = Array.from({ length: 150 }, () => {
        house.add(1)
        return house.ledger.checkpoint('request').note
      })
      const handedIn = [all[0]!, all[99]!]
      for (const note of handedIn) expect(house.ledger.learn(note)).toBe(true)
      await house.close()
      return { all, handedIn }
    }

    test('say the same of an export with every line of the own folder, also the old ones', async () => {
      const { all, handedIn } = await makeNotes()
      for (const { codes, notes, method } of await exports(null)) {
        expect(codes).toEqual([0, 0])
        expect([...notes].sort()).toEqual([...all].sort())
        expect(notes.slice(0, 2)).toEqual(handedIn)
        expect(method).toContain('at most 10000')
        expect(method).toContain('0 older notes were left out')
      }
    })

    test('say the same of notes that only a drawing or only the share kept', async () => {
      const { all, handedIn } = await makeNotes()
      rmSync(path.join(dataFolder, 'anchors'), { recursive: true })
      const stranger = createSigner(
        all[0]!.split('\n')[0]!,
        Buffer.from(systemIds.secret(32), 'base64').subarray(0, 32),
      )
      const text = checkpointText({ origin: stranger.name, size: 9, root: 'x'.repeat(32) })
      const forged = { at: 1, note: signNote(text, stranger), vkey: stranger.vkey }
      const altered = { at: 1, note: all[4]!.replace('\n5\n', '\n6\n'), vkey: '' }
      const [name] = readdirSync(share)
      altered.vkey = JSON.parse(readFileSync(path.join(share, name!), 'utf8').split('\n')[0]!).vkey
      appendFileSync(
        path.join(share, name!),
        `${JSON.stringify(forged)}\n${JSON.stringify(altered)}\n`,
      )
      for (const { codes, notes } of await exports(null)) {
        expect(codes).toEqual([0, 0])
        expect(notes).toEqual(handedIn)
      }
      for (const { codes, notes, method } of await exports(share)) {
        expect(codes).toEqual([0, 0])
        expect([...notes].sort()).toEqual([...all].sort())
        expect(method).toContain('by keys that this log never had are left out')
      }
      rmSync(share, { recursive: true })
      writeFileSync(share, '')
      for (const { method } of await exports(share)) expect(method).toContain('could not be read')
    })

    test('both tell a rollback by a note that only the share kept', async () => {
      await makeNotes()
      const copy = path.join(home, 'copy')
      cpSync(dataFolder, copy, { recursive: true })
      const house = createAuditHouse({ dataFolder, secondFolder: share })
      house.add(5)
      house.ledger.checkpoint('request')
      await house.close()
      rmSync(dataFolder, { recursive: true })
      cpSync(copy, dataFolder, { recursive: true })
      // The command alone, before the program has begun a new epoch.
      const log = openLogReader(dataFolder, { anchorFolder: share })
      await log.readSecond(1_500)
      const bundle = writeBundle(path.join(home, 'bundle'), bundleFiles(log))
      log.close()
      expect(verifyBundle(bundle).code).toBe(3)
      expect(spawnSync(PYTHON, [path.join(bundle, 'verify.py')]).status).toBe(3)
      for (const { codes } of await exports(share)) expect(codes).toEqual([3, 3])
    })
  },
)

describeWithJudge('python3', [PYTHON, '-c', '0'], 'both verifiers', () => {
  let home: string
  let logId: string
  let signed: string
  beforeAll(async () => {
    home = mkdtempSync(path.join(tmpdir(), 'sisrua-verifiers-'))
    const dataFolder = path.join(home, 'data')
    const house = createAuditHouse({ dataFolder })
    house.add(20)
    house.ledger.rotate()
    house.add(5)
    signed = house.ledger.checkpoint('request').note
    logId = house.recorder.logId
    await house.close()
    const log = openLogReader(dataFolder)
    const bundle = path.join(home, 'bundle')
    mkdirSync(bundle)
    for (const { name, chunks } of bundleFiles(log)) {
      writeFileSync(path.join(bundle, name), Buffer.concat([...chunks]))
    }
    log.close()
  })
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  /** Code of each for the bundle with one more kept note. */
  function codes(note: string): unknown[] {
    const folder = path.join(home, 'altered')
    rmSync(folder, { recursive: true, force: true })
    cpSync(path.join(home, 'bundle'), folder, { recursive: true })
    appendFileSync(path.join(folder, 'anchors.ndjson'), `${JSON.stringify(note)}\n`)
    const ours = verifyBundle(folder).code
    return [ours, spawnSync(PYTHON, [path.join(folder, 'verify.py')]).status]
  }

  test.each<[string, string, number]>([
    ['a name with nothing odd', 'e9', 0],
    ['an epoch that is no number', 'eX', 0],
    ['a no-break space', 'e9\u00a0', 2],
    ['a byte order mark, a space to JavaScript only', 'e9\ufeff', 2],
    ['a file separator, a space to Python only', 'e9\u001c', 2],
    ['a next line, a space to Python only', 'e9\u0085', 2],
  ])('read the name of an unknown key: %s', (_, name, code) => {
    expect(codes(`sisrua.local/audit/${logId}/${name}\n5\n${ROOT}\n`)).toEqual([code, code])
  })

  test.each([
    ['123456789012345', 0],
    ['1234567890123456', 2],
    ['05', 2],
  ])('read a size of %s', (size, code) => {
    expect(codes(`sisrua.local/audit/${logId}/e9\n${size}\n${ROOT}\n`)).toEqual([code, code])
  })

  test.each([
    ['x', 0],
    ['x\u001c', 2],
    ['x\ufeff', 2],
  ])('read a line of another signer: %j', (name, code) => {
    expect(codes(signed.replace('\n\n', `\n\n— ${name} AAAA\n`))).toEqual([code, code])
  })
})
