// Main of the single executable: unpack what it carries (once per content), check it, hand over to main.cjs.
import fs from 'node:fs'
import { createRequire, enableCompileCache } from 'node:module'
import path from 'node:path'
import { getAsset, getRawAsset } from 'node:sea'
import { compiledName, runBundle } from './run-bundle.ts'
import { candidateRoots, type Manifest, unpackInto } from './unpack.ts'

function unpack(): string {
  const manifest = JSON.parse(getAsset('manifest.json', 'utf8')) as Manifest
  const reasons: string[] = []
  for (const root of candidateRoots()) {
    try {
      return unpackInto(root, manifest, (name) => new Uint8Array(getRawAsset(name) as ArrayBuffer))
    } catch (error) {
      reasons.push(`${root}: ${(error as Error).message}`)
    }
  }
  process.stderr.write(
    `sisrua: cannot unpack its runtime files; free disk space or set SISRUA_RUNTIME_DIR to a folder you own (${reasons.join('; ')})\n`,
  )
  process.exit(74)
}

const folder = unpack()
const main = path.join(folder, 'main.cjs')
if (fs.existsSync(compiledName(main))) runBundle(main)
else {
  // Built on another system, so no compiled code came along: what this runtime compiles is kept beside the files for later starts.
  enableCompileCache(path.join(folder, 'compile-cache'))
  createRequire(main)(main)
}
