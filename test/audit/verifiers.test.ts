// Two verifiers, one answer: where JavaScript and Python read the same text differently, the bundle's patterns leave them no choice.
import { spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleFiles } from '../../src/audit/bundle.ts'
import { verifyBundle } from '../../src/audit/bundle-verify.ts'
import { openLogReader } from '../../src/audit/log-reader.ts'
import { createAuditHouse } from '../support/audit-house.ts'
import { describeWithJudge } from '../support/judge.ts'

const PYTHON = '/usr/bin/python3'
const ROOT = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='

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
