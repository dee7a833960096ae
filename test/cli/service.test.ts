// `sisrua service` as a person calls it: the real program beside a real server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EXIT } from '../../src/base/exit-codes.ts'
import { startDaemon, type TestDaemon, TOKEN } from '../support/daemon.ts'
import { runProgram } from '../support/program.ts'

let house: TestDaemon
let home: string
let id: string
beforeAll(async () => {
  house = await startDaemon()
  home = mkdtempSync(path.join(tmpdir(), 'sisrua-service-'))
  id = (await house.call('POST', '/api/v1/services', { name: 'Limpeza\u2028do desenho' })).json
    .service_id
  await house.call('POST', `/api/v1/services/${id}/versions`, {
    ...{ semver: '1.0.0', kind: 'geojson', params: { snap_tolerance: 0.01 } },
  })
})
afterAll(async () => {
  await house.stop()
  rmSync(home, { recursive: true, force: true })
})

const service = (...args: string[]) => {
  const daemon = ['--url', `http://127.0.0.1:${house.port}`, '--token-stdin']
  return runProgram(['service', ...args, ...daemon], home, { input: TOKEN })
}

test('a draft is published, activated and run; what cannot be says why and with which code', async () => {
  const early = await service('run', id, '--lang', 'en')
  expect(early).toMatchObject({ code: EXIT.conflict, stdout: '' })
  expect(early.stderr).toContain('No version of this service is active')
  expect((await service('publish', id, '1.0.0')).stdout).toMatch(/^1\.0\.0\tpublished\tgeojson\t/)
  const active = await service('activate', id, '1.0.0', '--json')
  expect(JSON.parse(active.stdout)).toMatchObject({ state: 'active', semver: '1.0.0' })
  expect((await service('list')).stdout).toMatch(
    new RegExp(`^${id}\\tLimpeza do desenho\\t1\\.0\\.0\\t\\d{4}-.*Z\\n$`),
  )

  const file = path.join(home, 'rua.geojson')
  const coordinates = [
    [-41.3, -21.7],
    [-41.299, -21.7],
  ]
  const geometry = { type: 'LineString', coordinates }
  writeFileSync(file, JSON.stringify({ type: 'Feature', properties: {}, geometry }))
  const begun = await service('run', id, '--document', file, '--input', 'labels=true', '--json')
  const { job_id, semver } = JSON.parse(begun.stdout)
  expect(semver).toBe('1.0.0')
  expect((await house.finished(job_id)).json.status).toBe('completed')
  const run = await house.call('GET', `/api/v1/runs/${job_id}`)
  expect(run.json).toMatchObject({ service_id: id, semver: '1.0.0' })

  const fixed = await service('run', id, '--document', file, '--input', 'snap_tolerance=1')
  expect(fixed.code).toBe(EXIT.usage)
  const wrong = await service('run', id, '--input', 'labels')
  expect(wrong.code).toBe(EXIT.usage)
  const none = await service('activate', id, '9.0.0')
  expect(none.code).toBe(EXIT.notFound)
})
