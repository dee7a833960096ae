// The audit log through its doors: HTTP and command line, with Python as the third party.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyBundle } from '../../src/audit/bundle-verify.ts'
import { leafDigest, verifyConsistency, verifyInclusion } from '../../src/audit/merkle.ts'
import { openNote, parseCheckpoint } from '../../src/audit/note.ts'
import { startDaemon, type TestDaemon, TOKEN } from '../support/daemon.ts'
import { describeWithJudge } from '../support/judge.ts'
import { runProgram } from '../support/program.ts'

const PYTHON = '/usr/bin/python3'

describeWithJudge('python3', [PYTHON, '-c', '0'], 'the audit log from outside', () => {
  let daemon: TestDaemon
  let folder: string
  const digest = (base64: string): string => Buffer.from(base64, 'base64').toString('latin1')

  beforeAll(async () => {
    daemon = await startDaemon()
    folder = mkdtempSync(path.join(tmpdir(), 'sisrua-doors-'))
    for (let i = 0; i < 40; i++) {
      await daemon.call('POST', '/api/audit', {
        event_type: 'test.made',
        entity_type: 'thing',
        entity_id: `t${i}`,
        user_id: '=cmd|calc',
        data: { name: `Maria da Silva ${i}` },
      })
    }
  })
  afterAll(async () => {
    await daemon.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  function download(target: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      http
        .get(
          {
            host: '127.0.0.1',
            port: daemon.port,
            path: target,
            headers: { 'X-SisRua-Token': TOKEN },
          },
          (response) => {
            const chunks: Buffer[] = []
            response.on('data', (chunk) => chunks.push(chunk))
            response.on('end', () => resolve(Buffer.concat(chunks)))
            response.on('error', reject)
          },
        )
        .on('error', reject)
    })
  }

  async function exported(name: string): Promise<string> {
    const file = path.join(folder, `${name}.zip`)
    const target = path.join(folder, name)
    writeFileSync(file, await download('/api/v1/audit/export'))
    execFileSync(PYTHON, ['-m', 'zipfile', '-e', file, target])
    return target
  }

  test('a checkpoint is given out, kept elsewhere, and compared again', async () => {
    const note = (await daemon.call('GET', '/api/v1/audit/checkpoint')).text
    const key = (await daemon.call('GET', '/api/v1/audit/key')).json
    expect(parseCheckpoint(openNote(note, [key.vkey]))).toMatchObject({ size: 40 })
    const again = (await daemon.call('POST', '/api/audit/checkpoint', { note })).json
    expect(again).toMatchObject({ size: 40, note, vkey: key.vkey, state: 'ok', known_ok: true })
    expect(again.short_code).toMatch(/^40-[A-Z2-7]{10}$/)
    const bad = await daemon.call('POST', '/api/audit/checkpoint', {
      note: note.replace('40', '41'),
    })
    expect(bad.status).toBe(400)
  })

  test('an entry is proved, as text and as JSON; two trees are shown to be one log', async () => {
    const text = (await daemon.call('GET', '/api/v1/audit/7/proof')).text
    expect(text).toMatch(/^c2sp\.org\/tlog-proof@v1\nindex 6\n/)
    const json = (
      await daemon.call('GET', '/api/v1/audit/7/proof', undefined, {
        headers: { Accept: 'application/json' },
      })
    ).json
    const { root, size } = parseCheckpoint(json.checkpoint)
    const leaf = leafDigest(json.entry)
    expect(verifyInclusion(leaf, 6, size, json.hashes.map(digest), root)).toBe(true)
    expect(verifyInclusion(leaf, 7, size, json.hashes.map(digest), root)).toBe(false)
    const two = (await daemon.call('GET', '/api/v1/audit/consistency?from=17&to=40')).json
    const proof = two.hashes.map(digest)
    expect(verifyConsistency(17, 40, digest(two.from_root), digest(two.to_root), proof)).toBe(true)
    expect((await daemon.call('GET', '/api/v1/audit/consistency?from=9&to=41')).status).toBe(422)
    expect(await download('/api/v1/audit/tile/0/000.p/40')).toHaveLength(40 * 32)
    expect((await daemon.call('GET', '/api/v1/audit/tile/0/000')).status).toBe(404)
    expect((await daemon.call('GET', '/api/v1/audit/9999/proof')).status).toBe(404)
  })

  test('the original’s questions still have their answers', async () => {
    expect((await daemon.call('GET', '/api/audit/7/verify')).json).toEqual({
      audit_id: 7,
      valid: true,
      is_valid: true,
      message: 'Signature valid',
    })
    expect((await daemon.call('POST', '/api/audit/verify-all', {})).json).toEqual({
      total: 40,
      valid: 40,
      invalid: 0,
      integrity: 1,
      chain_ok: true,
      root_ok: true,
      anchors_ok: true,
      first_bad: null,
      unchecked: 0,
      state: 'ok',
      rollbacks: 0,
      anchor_folder: 'none',
    })
    const rows = (await daemon.call('GET', '/api/audit/export/compliance')).text.split('\r\n')
    expect(rows[0]).toBe(
      'audit_id,timestamp,event_type,entity_type,entity_id,user_id,signature,leaf,chain,checkpoint_size',
    )
    expect(rows[1]).toMatch(
      /^40,\d{4}-.*Z,test\.made,thing,t39,'=cmd\|calc,[0-9a-f]{64},[0-9a-f]{64},[0-9a-f]{64},40$/,
    )
    expect(rows).toHaveLength(42)
  })

  test('the export is checked by both verifiers', async () => {
    const bundle = await exported('whole')
    expect(verifyBundle(bundle)).toMatchObject({ code: 0, size: 40, signedSize: 40 })
    expect(spawnSync(PYTHON, [path.join(bundle, 'verify.py')]).status).toBe(0)
    writeFileSync(path.join(bundle, 'leaves.bin'), Buffer.alloc(40 * 32))
    expect(verifyBundle(bundle)).toMatchObject({ code: 2, firstBad: 0 })
    expect(spawnSync(PYTHON, [path.join(bundle, 'verify.py')]).status).toBe(2)
  })

  test('a key is changed by the owner only, and personal data goes for good', async () => {
    const rotated = (await daemon.call('POST', '/api/v1/audit/key/rotate', {})).json
    expect(rotated.keys).toHaveLength(2)
    const erased = await daemon.call('POST', '/api/v1/audit/erase', {
      audit_ids: [3, 4, 5],
      reason: 'request 12',
    })
    expect(erased.json).toMatchObject({ erased: 3, backups: 0 })
    expect((await daemon.call('GET', '/api/v1/audit/4')).json).toMatchObject({
      erased: true,
      data: null,
    })
    expect((await daemon.call('POST', '/api/v1/audit/verify-all', {})).json).toMatchObject({
      invalid: 0,
      root_ok: true,
    })
    const log = await daemon.call('POST', '/api/v1/audit/erase', { audit_ids: [41], reason: 'x' })
    expect(log.status).toBe(422)
    expect(verifyBundle(await exported('erased'))).toMatchObject({ code: 0 })
  })

  test('the command line checks a folder, an export and a daemon', async () => {
    const data = daemon.config.folders.data
    const run = (...args: string[]) => runProgram(['audit', ...args, '--data-dir', data], folder)
    const good = await run('verify', '--json')
    expect(JSON.parse(good.stdout)).toMatchObject({ code: 0, first_bad: null })
    expect(good.code).toBe(0)
    expect((await run('verify', '--quick')).code).toBe(0)
    expect((await run('prove', '2')).stdout).toContain('tlog-proof@v1\nindex 1\n')
    const bundle = path.join(folder, 'by-cli')
    expect((await run('export', '-o', bundle)).code).toBe(0)
    expect((await run('verify', '--bundle', bundle)).code).toBe(0)
    const stranger = 'sisrua.local/audit/other/e1+00000000+AAAA'
    expect((await run('verify', '--bundle', bundle, '--vkey', stranger)).code).toBe(14)
    const url = `http://127.0.0.1:${daemon.port}`
    const there = await runProgram(['audit', 'verify', '--url', url], folder, {
      env: { SISRUA_AUTH_TOKEN: TOKEN },
    })
    expect(there.code).toBe(0)
    const signed = await runProgram(['audit', 'checkpoint', '--url', url], folder, {
      env: { SISRUA_AUTH_TOKEN: TOKEN },
    })
    expect(signed.stdout).toContain('\n— sisrua.local/audit/')

    const file = new Database(path.join(data, 'sisrua.db'))
    file.exec('DROP TRIGGER audit_only_erase')
    file.exec(`UPDATE audit_log SET entry = replace(entry, 't20', 't21') WHERE seq = 20`)
    file.close()
    const bad = await run('verify', '--json')
    expect(JSON.parse(bad.stdout)).toMatchObject({ code: 2, first_bad: 20 })
    expect(bad.code).toBe(12)
    expect((await run('verify', '--quick')).code).toBe(12)
  })
})
