// Who besides its owner may use the data folder: what the program makes is private, and what is not is told.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSilentLog } from '../../src/base/log.ts'
import { openToOthers } from '../../src/store/folder-rights.ts'
import { storeFolders } from '../../src/store/folders.ts'
import { strangersIn, textOf, userIn } from '../../src/store/windows-rights.ts'
import { startDaemon } from '../support/daemon.ts'
import { runProgram } from '../support/program.ts'

const onPosix = process.platform !== 'win32'
let home: string
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** Starts the program on this folder and stops it; answers what it warned of. */
async function start(dataDir: string): Promise<unknown[]> {
  const told: unknown[] = []
  const log = { ...createSilentLog(), warn: (_text: string, fields?: object) => told.push(fields) }
  const house = await startDaemon({ dataDir }, { log: log as never })
  await new Promise((resolve) => setImmediate(resolve))
  await house.stop()
  return told
}

describe.skipIf(!onPosix)(`rights of others${onPosix ? '' : ' (Windows has no modes)'}`, () => {
  it('are given to nothing that the program makes, whichever command makes the folder', async () => {
    const data = path.join(home, 'data')
    await runProgram(['doctor', '--offline', '--data-dir', data], home)
    expect(await start(data)).toEqual([])
    const open = ['', ...readdirSync(data, { recursive: true, encoding: 'utf8' })].filter(
      (name) => (statSync(path.join(data, name)).mode & 0o077) !== 0,
    )
    expect(open).toEqual([])
  })

  it('to a folder that a person made are told at the start and by doctor, with all that they open; nothing is changed', async () => {
    const data = path.join(home, 'data')
    await start(data)
    chmodSync(data, 0o755)
    chmodSync(path.join(data, 'sisrua.db'), 0o640)
    chmodSync(path.join(data, 'keys'), 0o711)
    const copy = path.join(data, 'backups', 'copy.db')
    writeFileSync(copy, '')
    chmodSync(copy, 0o604)
    const places = [
      { place: '.', to: '755' },
      { place: 'keys', to: '711' },
      // SQLite gives its logs the rights of the database.
      ...['sisrua.db', 'sisrua.db-wal', 'sisrua.db-shm'].map((place) => ({ place, to: '640' })),
      { place: 'backups/copy.db', to: '604' },
    ]
    expect(await start(data)).toEqual([{ places }])
    expect(statSync(data).mode & 0o777).toBe(0o755)
    const { stdout } = await runProgram(['doctor', '--offline', '--data-dir', data], home)
    expect(stdout).toMatch(
      /warning +rights +others may use.*\. \(755\).*backups\/copy.db \(604\).*chmod -R go=/,
    )
  })

  it('to what lies in a folder that they cannot enter are none', async () => {
    const folders = storeFolders(home)
    mkdirSync(path.join(home, 'keys'), { mode: 0o777 })
    chmodSync(path.join(home, 'keys'), 0o777)
    expect(await openToOthers(folders)).toEqual([])
    chmodSync(home, 0o710)
    expect(await openToOthers(folders)).toEqual([
      { place: '.', to: '710' },
      { place: 'keys', to: '777' },
    ])
  })
})

// Lists as Windows writes them. The first is that of LOCALAPPDATA, the second one of a folder at the root of a disk (C:\projects of a
// build server, published with its log), the others are what icacls /grant makes of the first.
const ANA = 'S-1-5-21-1004336348-1177238915-682003330-1001'
const OWN = `(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;FA;;;${ANA})`
const saved = (list: string): Buffer => Buffer.from(`sisRUA\r\n${list}\r\n`, 'utf16le')

describe('rights as icacls saves them (recorded lists; Windows itself was not there)', () => {
  it.each([
    ['LOCALAPPDATA', `D:AI${OWN}`, []],
    [
      'a folder of a disk',
      'D:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;0x1200a9;;;BU)(A;CIID;LC;;;BU)(A;CIID;DC;;;BU)(A;OICIIOID;GA;;;CO)',
      ['BU'],
    ],
    ['everyone by name', `D:AI(A;OICI;FR;;;WD)${OWN}`, ['WD']],
    [
      'another user',
      `D:AI(A;;FA;;;${ANA.replace('1001', '1002')})${OWN}`,
      [ANA.replace('1001', '1002')],
    ],
    [
      'the list of its own, as doctor advises',
      `D:PAI(A;OICI;FA;;;${ANA})(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)`,
      [],
    ],
    ['somebody denied', `D:AI(D;OICI;FA;;;BU)${OWN}`, []],
    ['a condition', `D:AI(XA;;FA;;;AU;(@User.Title=="PM"))${OWN}`, ['AU']],
    [
      'boxed-in programs',
      `D:AI(A;OICI;0x1200a9;;;AC)(A;OICI;FR;;;S-1-15-3-4214768333-1334)${OWN}`,
      [],
    ],
    ['an audit list behind it', `D:AI${OWN}S:AI(AU;OICISAFA;FA;;;WD)`, []],
    ['no list at all', 'D:NO_ACCESS_CONTROL', ['everyone']],
    ['an empty list', 'D:P', []],
  ])('%s', (_what, list, expected) => {
    expect(strangersIn(textOf(saved(list)), ANA)).toEqual(expected)
    expect(strangersIn(textOf(Buffer.from(`sisRUA\r\n${list}\r\n`)), ANA)).toEqual(expected)
  })

  it('is not guessed where there is no list', () => {
    expect(strangersIn(textOf(saved('')), ANA)).toBeNull()
  })

  it('knows the user by the line of whoami, in any language', () => {
    expect(userIn(`"desktop-a1\\ana","${ANA}"\r\n`)).toBe(ANA)
    expect(userIn('"autoridade nt\\sistema","S-1-5-18"\r\n')).toBe('S-1-5-18')
    expect(userIn('"User Name","SID"\r\n')).toBeNull()
  })
})
