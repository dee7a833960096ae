// Makes a folder and what is missing above it. Node's own recursive mkdir is not used: where the system answers ENOENT although
// the parent is there, as /proc does, it tries for ever, and every other refusal that it does not know becomes ENOENT.
import { mkdirSync, statSync } from 'node:fs'
import path from 'node:path'

/**
 * Answers the topmost folder that was made, undefined when all of them were there. `mode` is that of every new one.
 * Throws the system's error at the first refusal; what was made above it stays.
 */
export function makeFolder(folder: string, mode = 0o777): string | undefined {
  const missing: string[] = []
  let at = path.resolve(folder)
  // The root is its own parent.
  for (; kindOf(at) === null && at !== path.dirname(at); at = path.dirname(at)) missing.push(at)
  // A file in the way: asked for itself it is EEXIST everywhere, what is below it is ENOENT on Windows.
  if (kindOf(at) !== 'folder') missing.push(at)
  let first: string | undefined
  for (const one of missing.reverse()) if (makeOne(one, mode)) first ??= one
  return first
}

/** False: somebody else made it meanwhile. */
function makeOne(folder: string, mode: number): boolean {
  try {
    mkdirSync(folder, { mode })
    return true
  } catch (error) {
    if (kindOf(folder) === 'folder') return false
    throw error
  }
}

/** Null when nothing is there. */
function kindOf(place: string): 'folder' | 'other' | null {
  const found = statSync(place, { throwIfNoEntry: false })
  return found === undefined ? null : found.isDirectory() ? 'folder' : 'other'
}
