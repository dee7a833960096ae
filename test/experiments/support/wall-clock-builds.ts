// Programs for A10: one that is busy with what looks at the clock, and with one term at a time counted by the clock on the wall.
import type { Alteration } from './altered-build.ts'

/**
 * No protection less: housekeeping and the look for lost leases come every second instead of every hour and half minute, and the
 * thread computes for long, or fails once in a way that is tried again, when a document asks for it.
 */
export const BUSY: Alteration[] = [
  {
    file: 'src/workers/pipeline-task.ts',
    find: `import { writeOutputs } from './outputs.ts'`,
    replace: `import { AppError } from '../base/errors.ts'
import { writeOutputs } from './outputs.ts'`,
  },
  {
    file: 'src/workers/pipeline-task.ts',
    find: 'const params = parseParams(pipeline, task.params)',
    replace: `const params = parseParams(pipeline, task.params)
  const text = Object.values(task.inputs as unknown as Record<string, unknown>)
    .map((one) => (one instanceof Uint8Array ? Buffer.from(one).toString('latin1') : ''))
    .join()
  const wish = /a10-(long|flaky)[0-9]+/.exec(text)
  const end = performance.now() + 10_000
  if (wish?.[1] === 'long') while (performance.now() < end) report('computing', 0.1)
  if (wish?.[1] === 'flaky') {
    const fs = process.getBuiltinModule('node:fs')
    const isFirst = !fs.existsSync(process.env.HOME + '/' + wish[0])
    fs.writeFileSync(process.env.HOME + '/' + wish[0], '')
    if (isFirst) throw new AppError('OVERPASS_UNAVAILABLE')
  }`,
  },
  {
    file: 'src/jobs/policy.ts',
    find: 'const computeSlots = Math.max(1, availableParallelism() - 1)',
    replace: 'const computeSlots = availableParallelism() > 0 ? 4 : 0',
  },
  {
    file: 'src/jobs/runner.ts',
    find: 'const MAINTENANCE_MS = 30_000',
    replace: 'const MAINTENANCE_MS = 1_000',
  },
  {
    file: 'src/jobs/upkeep.ts',
    find: 'const RETENTION_MS = 60 * MINUTE_MS',
    replace: 'const RETENTION_MS = 0 * MINUTE_MS',
  },
]

export const SESSIONS_BY_THE_WALL: Alteration[] = [
  ...BUSY,
  {
    file: 'src/http/sessions.ts',
    find: 'const now = clock.monotonic()\n      if (!alive(session, now))',
    replace: 'const now = clock.now()\n      if (!alive(session, now))',
  },
  {
    file: 'src/http/sessions.ts',
    find: 'const now = clock.monotonic()\n      for (const [digest, session]',
    replace: 'const now = clock.now()\n      for (const [digest, session]',
  },
]
export const LIMITS_BY_THE_WALL: Alteration[] = [
  ...BUSY,
  {
    file: 'src/jobs/runner.ts',
    find: 'const one = newRunning(row, clock.monotonic())',
    replace: 'const one = newRunning(row, clock.now())',
  },
  {
    file: 'src/jobs/runner.ts',
    find: 'const now = clock.monotonic()\n    beat(now)',
    replace: 'const now = clock.now()\n    beat(now)',
  },
]

export const KEYS_BY_THE_WALL: Alteration[] = [
  ...BUSY,
  {
    file: 'src/base/clock.ts',
    find: 'earliest: () => Math.min(clock.now(), steady())',
    replace: 'earliest: () => clock.now()',
  },
]
