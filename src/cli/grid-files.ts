// NTv2 grid files of a folder, by the names IBGE gives them.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../base/errors.ts'
import type { GridFile } from '../kernel/pipelines/pipeline.ts'

/** The folder's .gsb files whose name (without regard to case) is among `names`; none without a folder. */
export async function readGridFiles(
  folder: string | undefined,
  names: readonly string[],
): Promise<GridFile[]> {
  if (folder === undefined) return []
  let files: string[]
  try {
    files = await readdir(folder)
  } catch (cause) {
    throw new AppError(
      'FILE_UNREADABLE',
      'The folder given with --grids cannot be read; check that it exists.',
      { cause },
    )
  }
  const grids: GridFile[] = []
  for (const file of files.sort()) {
    const name = file.replace(/\.gsb$/i, '').toUpperCase()
    if (name === file.toUpperCase() || !names.includes(name)) continue
    grids.push({ name: file, bytes: new Uint8Array(await readFile(path.join(folder, file))) })
  }
  return grids
}
