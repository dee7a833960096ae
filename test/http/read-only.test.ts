// The last room on the disk is for what ends or frees: reading, deleting, cancelling and stopping go on, storing does not.
import { afterEach, expect, it } from 'vitest'
import { startDaemon } from '../support/daemon.ts'

const MIB = 1024 * 1024
let house: Awaited<ReturnType<typeof startDaemon>>
afterEach(() => house.stop())

const note = () => house.call('POST', '/api/v1/audit', { event_type: 'x', entity_type: 'y' })

it('below 50 MiB nothing is stored, but read, deleted and stopped', async () => {
  house = await startDaemon({}, { freeBytes: () => 49 * MIB })
  expect(await note()).toMatchObject({ status: 507, json: { code: 'DISK_LOW' } })
  expect((await house.call('POST', '/api/v1/projects', { project_name: 'p' })).status).toBe(507)
  expect((await house.call('GET', '/api/v1/projects')).status).toBe(200)
  expect((await house.call('DELETE', '/api/v1/projects/none')).status).toBe(404)
  expect((await house.call('DELETE', '/api/v1/jobs/none')).status).toBe(404)
  expect((await house.call('POST', '/api/v1/auth/session', {})).status).toBe(200)
  expect((await house.call('POST', '/api/v1/management/shutdown')).status).toBe(200)
})

it('control: with 51 MiB small things are stored', async () => {
  house = await startDaemon({}, { freeBytes: () => 51 * MIB })
  expect((await note()).status).toBe(201)
})
