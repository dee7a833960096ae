// A small sample town with its terrain on disk, and the settings of a daemon that draws it without the network.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { writeSample } from '../../scripts/make-sample.ts'
import { SAMPLE } from '../../scripts/sample/town.ts'

/** `flags` name the folders; `remove` deletes them. */
export function createSample(radiusMeters = 400) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-sample-'))
  writeSample(folder, { ...SAMPLE, radiusMeters })
  return {
    flags: { osmLibrary: path.join(folder, 'osm'), demLibrary: path.join(folder, 'dem') },
    remove: (): void => rmSync(folder, { recursive: true, force: true }),
  }
}
