// `sisrua audit` where something is in the way: a damaged or foreign database, a folder that cannot be written, a long log elsewhere.
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuditHouse } from '../support/audit-house.ts'
import { startDaemon, TOKEN } from '../support/daemon.ts'
import { runProgram } from '../support/program.ts'

let home: string
let sound: string
beforeAll(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'sisrua-áudit '))
  sound = path.join(home, 'sound')
  const house = createAuditHouse({ dataFolder: sound })
  house.add(1000)
  house.ledger.checkpoint('request')
  await house.close()
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const audit = (folder: string, ...args: string[]) =>
  runProgram(['audit', ...args, '--data-dir', folder], home)

describe('a database that cannot be read', () => {
  const whole = () => readFileSync(path.join(sound, 'sisrua.db'))
  const withPages = (from: number, to: number, bytes = whole()) => bytes.fill(0, from, to)

  it.each<[string, () => Buffer, string, number]>([
    ['cut short', () => whole().subarray(0, 9000), 'The database is damaged', 74],
    ['zeros in its middle', () => withPages(160_000, 400_000), 'The database is damaged', 74],
    ['no database', () => Buffer.from('hello'), 'The database is damaged', 74],
    ['nothing in it', () => Buffer.alloc(0), 'holds no audit log yet', 3],
  ])('%s: is told as that', async (_, bytes, sentence, code) => {
    const folder = mkdtempSync(path.join(home, 'd-'))
    writeFileSync(path.join(folder, 'sisrua.db'), bytes())
    const output = path.join(folder, 'bundle')
    for (const args of [['verify'], ['verify', '--quick'], ['export', '-o', output]]) {
      const { stderr, ...answer } = await audit(folder, ...args)
      expect([args[0], answer.code, answer.stdout]).toEqual([args[0], code, ''])
      expect(stderr).toContain(sentence)
    }
    // No half of a bundle is left behind.
    expect(existsSync(output) ? readdirSync(output) : []).toEqual([])
  })

  it('another program’s is refused', async () => {
    const folder = mkdtempSync(path.join(home, 'd-'))
    const file = new Database(path.join(folder, 'sisrua.db'))
    file.exec('CREATE TABLE t (a)')
    file.close()
    const { code, stderr } = await audit(folder, 'verify')
    expect([code, stderr]).toEqual([78, expect.stringContaining('belongs to another program')])
  })
})

describe('a quick check', () => {
  const ONLY = {
    en: /only the entries were checked\. Data and columns .* may have been altered/,
    'pt-BR': /só as entradas foram conferidas\. Dados e colunas .* podem ter sido alterados/,
  }

  it.each(['en', 'pt-BR'] as const)(
    'says in its answer and its help what it leaves out (%s)',
    async (lang) => {
      const quick = await audit(sound, 'verify', '--quick', '--lang', lang)
      expect([quick.code, quick.stdout]).toEqual([0, expect.stringMatching(ONLY[lang])])
      const whole = await audit(sound, 'verify', '--lang', lang)
      expect([whole.code, whole.stdout]).toEqual([0, expect.not.stringMatching(ONLY[lang])])
      const { stdout } = await audit(sound, 'verify', '--help', '--lang', lang)
      const help = stdout.replace(/\s+/g, ' ')
      expect(help).toMatch(lang === 'en' ? /neither the erasable data/ : /nem os dados apagáveis/)
    },
  )

  it('tells a program so too, and is right about it: an altered column shows without it', async () => {
    const folder = mkdtempSync(path.join(home, 'd-'))
    writeFileSync(path.join(folder, 'sisrua.db'), readFileSync(path.join(sound, 'sisrua.db')))
    const file = new Database(path.join(folder, 'sisrua.db'))
    file.exec(
      `DROP TRIGGER audit_only_erase; UPDATE audit_log SET entity_id = 'other' WHERE seq = 20`,
    )
    file.close()
    const scope = async (...args: string[]) => {
      const { code, stdout } = await audit(folder, 'verify', '--json', ...args)
      return [code, JSON.parse(stdout).scope]
    }
    expect(await scope('--quick')).toEqual([0, ['entries']])
    expect(await scope()).toEqual([12, ['entries', 'data', 'columns']])
  })
})

it('an export goes where it can be written, whole, or says why not', async () => {
  const bundle = path.join(home, 'feito à mão')
  expect((await audit(sound, 'export', '-o', bundle)).code).toBe(0)
  expect(readdirSync(bundle)).toHaveLength(9)
  expect((await audit(sound, 'verify', '--bundle', bundle)).code).toBe(0)
  const quick = await audit(sound, 'verify', '--bundle', bundle, '--quick')
  expect([quick.code, quick.stdout]).toEqual([2, ''])
  const inFile = await audit(sound, 'export', '-o', path.join(sound, 'sisrua.db', 'x'))
  expect([inFile.code, inFile.stderr]).toEqual([5, expect.stringContaining('cannot be written')])
})

describe('a daemon elsewhere', () => {
  it('is asked about every entry, also those before the newest thousand', async () => {
    const daemon = await startDaemon()
    const url = `http://127.0.0.1:${daemon.port}`
    const verify = (...args: string[]) =>
      runProgram(['audit', 'verify', '--url', url, ...args], home, {
        env: { SISRUA_AUTH_TOKEN: TOKEN },
      })
    try {
      const entry = { event_type: 'thing.seen', entity_type: 'thing' }
      const entries = Array.from({ length: 1100 }, () => daemon.call('POST', '/api/audit', entry))
      await Promise.all(entries)
      expect((await verify()).stdout).toBe('1100 / 1100 (1)\n')
      const file = new Database(path.join(daemon.config.folders.data, 'sisrua.db'))
      file.exec(`DROP TRIGGER audit_only_erase;
        UPDATE audit_log SET entry = replace(entry, 'thing.seen', 'thing.lost') WHERE seq = 20`)
      file.close()
      expect((await verify()).code).toBe(12)
      // What only the check of a folder heeds is not passed over in silence.
      for (const more of [['--quick'], ['--vkey', 'x'], ['--bundle', home]]) {
        expect((await verify(...more)).code).toBe(2)
      }
    } finally {
      await daemon.stop()
    }
  })

  it('tells a rollback as the check of its folder does, also when it was taken note of', async () => {
    const folder = path.join(home, 'put back')
    const file = path.join(folder, 'sisrua.db')
    for (const size of [300, 400]) {
      const house = createAuditHouse({ dataFolder: folder })
      house.add(size - house.recorder.tree.size())
      await house.close()
      if (size === 300) copyFileSync(file, `${file}.copy`)
    }
    for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true })
    copyFileSync(`${file}.copy`, file)
    const daemon = await startDaemon({
      dataDir: folder,
      anchorFolder: path.join(home, 'gone', 'x'),
    })
    const url = `http://127.0.0.1:${daemon.port}`
    const there = (...args: string[]) =>
      runProgram(['audit', 'verify', '--url', url, ...args], home, {
        env: { SISRUA_AUTH_TOKEN: TOKEN },
      })
    try {
      const report = async () => (await daemon.call('POST', '/api/audit/verify-all', {})).json
      expect(await report()).toMatchObject({ anchors_ok: false, state: 'rolled_back' })
      expect(await report()).toMatchObject({ rollbacks: 1, anchor_folder: 'unread', invalid: 0 })
      expect((await audit(folder, 'verify')).code).toBe(13)
      const told = await there()
      expect([told.code, told.stdout]).toEqual([
        13,
        expect.stringMatching(/was rolled back.*could not be read/s),
      ])
      expect((await there('--lang', 'pt-BR')).stdout).toMatch(/foi revertido.*não pôde ser lida/s)
      await daemon.call('POST', '/api/v1/audit/key/rotate', {})
      expect(await report()).toMatchObject({ anchors_ok: true, state: 'ok', rollbacks: 1 })
      expect([(await audit(folder, 'verify')).code, (await there()).code]).toEqual([13, 13])
      const health = (await daemon.call('GET', '/api/v1/health/detailed')).text
      expect(health).toContain('second anchor folder could not be read')
    } finally {
      await daemon.stop()
    }
  })
})
