// Symbol files for block names that only a request knows: the stock plugin draws a point from a file that defines its very name,
// or not at all. Written where the drawing is, so that the main thread need not wait for the disk.
import { readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { threadId } from 'node:worker_threads'
import { makeFolder } from '../base/make-folder.ts'
import type { Drawing } from '../kernel/cad/drawing.ts'
import { blockFilesOf, isOurs, writeBlockDxf } from '../kernel/formats/block-file.ts'

/** Foreign files kept, about eleven kilobytes each; the ones used longest ago go first. */
const MAX_FILES = 2_000

/** Makes sure that `folder` has a file for every foreign block name of the drawing. */
export function writeForeignSymbols(drawing: Drawing, folder: string): void {
  const wanted = [...blockFilesOf(drawing).values()].filter(({ name }) => !isOurs(name))
  if (wanted.length === 0) return
  makeFolder(folder, 0o700)
  const now = new Date()
  for (const { name, file } of wanted) {
    const target = path.join(folder, file)
    try {
      // There already: its age says when it was last of use.
      utimesSync(target, now, now)
    } catch {
      // Whole or not at all, for the plugin may be reading.
      const draft = `${target}.${process.pid}-${threadId}.tmp`
      writeFileSync(draft, writeBlockDxf(name), { mode: 0o600 })
      renameSync(draft, target)
    }
  }
  removeOldest(folder, new Set(wanted.map(({ file }) => file)))
}

function removeOldest(folder: string, spared: ReadonlySet<string>): void {
  const foreign = readdirSync(folder).filter((file) => /-[0-9a-f]{16}\.dxf$/.test(file))
  if (foreign.length <= MAX_FILES) return
  const ages = foreign
    .filter((file) => !spared.has(file))
    .map((file) => ({
      file,
      usedAt: statSync(path.join(folder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0,
    }))
    .sort((a, b) => a.usedAt - b.usedAt)
  for (const { file } of ages.slice(0, foreign.length - MAX_FILES)) {
    rmSync(path.join(folder, file), { force: true })
  }
}
