// The block symbols as files, because the stock plugin inserts blocks from files and wants absolute paths that exist.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { makeFolder } from '../base/make-folder.ts'
import { BLOCKS } from '../kernel/cad/blocks.ts'
import { blockFileName, writeBlockDxf } from '../kernel/formats/block-file.ts'

/** Writes every symbol that is missing or differs into `folder`. */
export function writeSymbolFiles(folder: string): void {
  makeFolder(folder, 0o700)
  for (const name of Object.keys(BLOCKS)) {
    const file = path.join(folder, blockFileName(name))
    const bytes = writeBlockDxf(name)
    if (!holds(file, bytes)) writeFileSync(file, bytes, { mode: 0o600 })
  }
}

function holds(file: string, bytes: Uint8Array): boolean {
  try {
    return readFileSync(file).equals(bytes)
  } catch {
    return false
  }
}
