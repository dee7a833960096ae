// The data folder lies on a disk of this computer: network drives are refused at the start, with nothing written to them.
import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EXIT } from '../../src/base/exit-codes.ts'
import { fuseNetwork, isUncPath } from '../../src/store/local-folder.ts'
import { openStore } from '../../src/store/store.ts'
import { createStillClock } from '../support/job-house.ts'
import { PROGRAM } from '../support/program.ts'

let home: string
let drive: string
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'sisrua-test-'))
  drive = path.join(home, 'drive')
  mkdirSync(drive)
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** The real program, in a world in which `drive` is a network drive. */
function run(args: string[], language: 'en' | 'pt-BR', network = drive) {
  const preload = ['--import', path.resolve(import.meta.dirname, '../support/network-drive.ts')]
  const { status, stdout, stderr } = spawnSync(process.execPath, [...preload, PROGRAM, ...args], {
    env: {
      PATH: '',
      HOME: home,
      SISRUA_LANG: language,
      SISRUA_OVERPASS_URLS: ',',
      NETWORK_FOLDER: network,
    },
    encoding: 'utf8',
    timeout: 30_000,
  })
  return { status, stdout, stderr }
}

describe.skipIf(process.platform !== 'linux')(
  'a data folder on a network drive (as Linux tells it)',
  () => {
    it.each([
      [
        'en',
        /lies on a network drive \(NFS\).*lose or spoil.*Name a folder on a disk of this computer with --data-dir/,
      ],
      [
        'pt-BR',
        /está em uma unidade de rede \(NFS\).*perder ou estragar.*Indique com --data-dir uma pasta em um disco deste computador/,
      ],
    ] as const)('is refused in %s, and nothing is made there', (language, text) => {
      const folder = path.join(drive, 'new', 'data')
      const found = run(['serve', '--port', '0', '--data-dir', folder], language)
      expect(found.status).toBe(EXIT.storageUnsafe)
      expect(JSON.parse(found.stdout)).toEqual({ v: 1, ready: false, reason: 'store_on_network' })
      expect(found.stderr).toMatch(text)
      expect(found.stderr).not.toContain(drive)
      expect(readdirSync(drive)).toEqual([])
    })

    it('is found behind a link of the folder, and of the database alone', () => {
      symlinkSync(drive, path.join(home, 'data'))
      const linked = run(['serve', '--port', '0', '--data-dir', path.join(home, 'data')], 'en')
      expect(linked.status).toBe(EXIT.storageUnsafe)
      const own = path.join(home, 'own')
      mkdirSync(own)
      writeFileSync(path.join(drive, 'real.db'), '')
      symlinkSync(path.join(drive, 'real.db'), path.join(own, 'sisrua.db'))
      const inside = run(['serve', '--port', '0', '--data-dir', own], 'en')
      expect(inside.status).toBe(EXIT.storageUnsafe)
      expect(statSync(path.join(drive, 'real.db')).size).toBe(0)
    })

    it('is no place for a restore either; a look at it goes on', async () => {
      const store = openStore({
        dataFolder: drive,
        clock: createStillClock(),
        freeBytes: () => 1e8,
      })
      await store.backup('manual')
      await store.close()
      const before = readFileSync(path.join(drive, 'sisrua.db'))
      const restored = run(['db', 'restore', '--yes', '--data-dir', drive], 'en')
      expect([restored.status, restored.stderr]).toEqual([
        EXIT.storageUnsafe,
        expect.stringContaining('[STORE_ON_NETWORK]'),
      ])
      expect(readFileSync(path.join(drive, 'sisrua.db')).equals(before)).toBe(true)
      expect(readdirSync(path.join(drive, 'quarantine'))).toEqual([])
      expect(run(['db', 'check', '--data-dir', drive], 'en').status).toBe(0)
    })
  },
)

describe('what stands for a network drive', () => {
  it.each([
    ['\\\\server\\share\\sisRUA', true],
    ['//server/share', true],
    ['\\\\?\\UNC\\server\\share', true],
    ['\\\\?\\unc\\server\\share', true],
    ['\\\\wsl.localhost\\Ubuntu\\home', true],
    ['C:\\Users\\ana\\AppData\\Local\\sisRUA', false],
    ['\\\\?\\C:\\Users\\ana', false],
    ['\\\\?\\Volume{b75e2c83-0000-0000-0000-602f00000000}\\sisRUA', false],
    ['\\\\.\\D:\\sisRUA', false],
    ['\\sisRUA', false],
  ])('on Windows %s: %s', (place, expected) => {
    expect(isUncPath(place)).toBe(expected)
  })

  // Lines of /proc/self/mountinfo (proc_pid_mountinfo(5)); 0:52 is 52 as a device, 8:1 is 2049.
  const mount = (device: string, type: string, source: string): string =>
    `36 35 ${device} / /mnt/x rw,noatime shared:1 - ${type} ${source} rw,user_id=1000,group_id=1000`
  it.each([
    ['fuse.sshfs', 'ana@server:/home/ana', 'fuse.sshfs'],
    ['fuse.rclone', 'drive:', 'fuse.rclone'],
    ['fuse.s3fs', 's3fs', 'fuse.s3fs'],
    ['fuse', 'https://cloud.example/dav/', 'fuse'],
    ['fuse.something', 'server:/volume', 'fuse.something'],
    ['fuse.gocryptfs', '/home/ana/.cipher', null],
    ['fuse.encfs', 'encfs', null],
    ['fuseblk', '/dev/sda1', null],
    ['virtiofs', 'share', null],
    ['ext4', '/dev/vda1', null],
  ])('a mount %s of %s: %s', (type, source, expected) => {
    const mounts = [
      mount('0:51', 'fuse.sshfs', 'ana@other:/'),
      mount('0:52', type, source),
      '',
    ].join('\n')
    expect(fuseNetwork(mounts, 52)).toBe(expected)
    expect(fuseNetwork(mounts, 53)).toBeNull()
  })

  it('is found by device numbers of any size', () => {
    expect(fuseNetwork(mount('8:1', 'fuse.sshfs', 'a:/'), 2049)).toBe('fuse.sshfs')
    // glibc's makedev(0, 300).
    expect(fuseNetwork(mount('0:300', 'fuse.sshfs', 'a:/'), 0x10002c)).toBe('fuse.sshfs')
  })
})
