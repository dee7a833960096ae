// The audit log tells at once, and once, that the database is not the one that the program left.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { tellRestored } from '../../src/jobs/storage-restored.ts'
import { createAuditHouse } from '../support/audit-house.ts'

let dataFolder: string
const database = (): string => path.join(dataFolder, 'sisrua.db')
beforeEach(() => {
  dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-restored-'))
})
afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

async function withHouse<T>(work: (house: ReturnType<typeof createAuditHouse>) => T | Promise<T>) {
  const house = createAuditHouse({ dataFolder })
  try {
    return await work(house)
  } finally {
    await house.close()
  }
}
const entries = (house: ReturnType<typeof createAuditHouse>) =>
  house.audit.list({ eventType: 'storage.restored' })

it('tells nothing of a sound storage', async () => {
  await withHouse((house) => {
    expect(tellRestored(house.store.recovery, house.recorder)).toBe(false)
    expect(entries(house)).toEqual([])
  })
})

it('names the backup that took the place of a damaged file, and where that lies', async () => {
  const file = await withHouse(async (house) => {
    house.add(20)
    return (await house.store.backup('manual')).file
  })
  truncateSync(database(), 40_960)
  writeFileSync(`${database()}-wal`, '')
  await withHouse((house) => {
    expect(tellRestored(house.store.recovery, house.recorder)).toBe(true)
    expect(entries(house)).toMatchObject([
      {
        entityId: file,
        userId: 'system',
        data: {
          storage: 'restored',
          backup: { file, audit_size: expect.any(Number) },
          quarantine: path.basename(house.store.recovery.quarantine!),
        },
      },
    ])
  })
  await withHouse((house) => {
    expect(tellRestored(house.store.recovery, house.recorder)).toBe(false)
    expect(entries(house)).toHaveLength(1)
    expect(house.store.check()).toBe('ok')
  })
})
