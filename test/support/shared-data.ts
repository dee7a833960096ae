// Real data that lies beside the project (../shared/data). Tests read it when it is there and say so when it is not.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe } from 'vitest'

const root = path.resolve(import.meta.dirname, '../../../shared/data')

/** Absolute path of a file under ../shared/data, or null when that folder is absent (a failure with CI=true). */
export function sharedData(relative: string): string | null {
  const file = path.join(root, relative)
  if (existsSync(file)) return file
  if (process.env.CI === 'true')
    throw new Error(`CI needs ../shared/data/${relative}, which is missing`)
  return null
}

/** `describe`, skipped with the reason in its name when ../shared/data is absent. */
export function describeWithSharedData(name: string, body: () => void): void {
  if (sharedData('SHA256SUMS') !== null) describe(name, body)
  else describe.skip(`${name} (skipped: ../shared/data is not here)`, body)
}
