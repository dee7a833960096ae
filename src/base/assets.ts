// Finds files that the program carries: in a checkout inside node_modules, in the executable beside the bundle.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

/**
 * Bytes of a carried file, or null when it is nowhere.
 * `name` is what it is called beside the bundle (build.config.ts, ASSETS), `module` where npm puts it.
 */
export function readAsset(name: string, module: string): Uint8Array | null {
  const beside = path.join(import.meta.dirname, name)
  if (existsSync(beside)) return readFileSync(beside)
  try {
    return readFileSync(createRequire(import.meta.url).resolve(module))
  } catch {
    return null
  }
}

/** Path of SQLite's addon beside the bundle, for better-sqlite3's `nativeBinding`; undefined in a checkout. */
export function sqliteAddon(): string | undefined {
  const beside = path.join(import.meta.dirname, 'better_sqlite3.node')
  return existsSync(beside) ? beside : undefined
}
