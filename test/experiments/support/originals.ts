// Whether what was put aside is what was there: the bytes of each damaged file, by their hash, and what the manifest says of them.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { hashFile } from '../../../src/store/hash-file.ts'

/** Hash of each of these files that is there. */
export function hashesOf(files: readonly string[]): Map<string, string> {
  return new Map(
    files.filter((file) => existsSync(file)).map((file) => [path.basename(file), hashFile(file)]),
  )
}

/** What is wrong with the quarantine of a data folder: originals that it lacks, manifests that say otherwise; null = nothing. */
export function missingOriginals(
  dataFolder: string,
  originals: ReadonlyMap<string, string>,
): string | null {
  const quarantine = path.join(dataFolder, 'quarantine')
  const names = existsSync(quarantine)
    ? readdirSync(quarantine, { recursive: true, encoding: 'utf8' })
    : []
  const kept = new Set<string>()
  for (const name of names) {
    const file = path.join(quarantine, name)
    if (!statSync(file).isFile()) continue
    kept.add(hashFile(file))
    if (path.basename(file) !== 'manifest.json') continue
    const { files } = JSON.parse(readFileSync(file, 'utf8')) as { files: Record<string, string> }
    for (const [known, hash] of Object.entries(files)) {
      const beside = path.join(path.dirname(file), known)
      if (!existsSync(beside) || hashFile(beside) !== hash) return `${known} is not as its manifest`
    }
  }
  const lost = [...originals].filter(([, hash]) => !kept.has(hash)).map(([name]) => name)
  return lost.length === 0 ? null : `not kept: ${lost.join(', ')}`
}
