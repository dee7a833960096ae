// Compiled code for the bundles: each is run as people run it, then what V8 compiled on the way is kept beside it (native/run-bundle.ts).
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { RUNTIME_FLAGS } from '../build.config.ts'
import { compiledName } from '../native/run-bundle.ts'
import { writeSample } from './make-sample.ts'
import { SAMPLE } from './sample/town.ts'

/** Large enough that every step of a drawing has something to do. */
const TOWN = { ...SAMPLE, radiusMeters: 500 }

/** Bundles that get compiled code. */
const COMPILED = ['main.cjs', 'tasks.cjs']

/**
 * Writes the compiled code of the bundles in `stage`, which holds the addon too, with the runtime and the settings that the executable
 * will have, for V8 takes it under no others. Answers the names.
 */
export function writeCompiledCode(runtime: string, stage: string): string[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua-code-'))
  try {
    writeSample(folder, TOWN)
    return COMPILED.map((name) => {
      const file = path.join(stage, name)
      const words = [path.join(import.meta.dirname, 'code-cache-run.ts'), file, folder]
      execFileSync(runtime, [...RUNTIME_FLAGS, ...words], {
        env: { SISRUA_DATA_DIR: path.join(folder, 'data'), SISRUA_OVERPASS_URLS: ',' },
        stdio: ['ignore', 'ignore', 'inherit'],
        timeout: 120_000,
      })
      return path.basename(compiledName(file))
    })
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}
