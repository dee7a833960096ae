// A small program around the real store, to be killed: `backup <folder>` makes a backup, `open <folder>` only opens, `migrate <folder>` takes a second
// schema step, `migrate-torn <folder>` the same step with its transaction cut in two (the control), `lock <folder>` takes
// the instance lock and keeps it, `pid-file <folder>` does the same as many programs do (the control). With STATEMENT_COUNT, a file, the
// number of statements on the database is written there at the end; with STATEMENT_KILL_AT=n as well it is killed before the n-th.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { systemClock } from '../../../src/base/clock.ts'
import { takeInstanceLock } from '../../../src/store/lock.ts'
import { MIGRATIONS } from '../../../src/store/sql/migrations.ts'
import { openStore } from '../../../src/store/store.ts'
import { FIRST, LATER, SECOND, step } from './later-step.ts'
import { killAtStatement } from './statements.ts'

const [mode, dataFolder = ''] = process.argv.slice(2)
function stay(won: boolean): void {
  process.stdout.write(won ? 'won\n' : 'lost\n')
  if (won) setInterval(() => {}, 60_000)
}

const { STATEMENT_COUNT: counter, STATEMENT_KILL_AT: killAt = '0' } = process.env
const statements = counter === undefined ? null : killAtStatement('sisrua.db', Number(killAt))

if (mode === 'backup') {
  const store = openStore({ dataFolder, clock: systemClock })
  await store.backup('manual')
  await store.close()
} else if (mode === 'open') {
  await openStore({ dataFolder, clock: systemClock }).close()
} else if (mode === 'migrate') {
  await openStore({ dataFolder, clock: systemClock, migrations: [...MIGRATIONS, LATER] }).close()
} else if (mode === 'migrate-torn') {
  const migrations = [...MIGRATIONS, step(`${FIRST} COMMIT; BEGIN IMMEDIATE; ${SECOND}`)]
  await openStore({ dataFolder, clock: systemClock, migrations }).close()
} else if (mode === 'lock') {
  mkdirSync(dataFolder, { recursive: true })
  try {
    takeInstanceLock(path.join(dataFolder, 'instance.lock'))
    stay(true)
  } catch {
    stay(false)
  }
} else {
  const file = path.join(dataFolder, 'program.pid')
  const taken = existsSync(file)
  if (!taken) writeFileSync(file, String(process.pid))
  stay(!taken)
}
if (counter !== undefined) writeFileSync(counter, String(statements?.count()))
