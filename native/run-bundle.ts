// Runs one of our CommonJS bundles, with the code that was compiled from it when the executable was built, where there is any.
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { Script } from 'node:vm'

const HEAD = '(function (exports, require, module, __filename, __dirname) {'
const TAIL = '\n})'

/** The bundle as a function. Bundles are ASCII (scripts/bundle.ts), so a byte is a character, and V8 keeps it so. */
function wrapped(file: string): string {
  const handle = fs.openSync(file, 'r')
  try {
    const { size } = fs.fstatSync(handle)
    const bytes = Buffer.allocUnsafe(HEAD.length + size + TAIL.length)
    bytes.latin1Write(HEAD)
    const count = fs.readSync(handle, bytes, HEAD.length, size, 0)
    return bytes.latin1Slice(0, HEAD.length + count + bytes.latin1Write(TAIL, HEAD.length + count))
  } finally {
    fs.closeSync(handle)
  }
}

/**
 * The bundle as a script that answers the usual function of a CommonJS module. `compiled` is V8's code cache of just this text; V8 looks
 * at its own version, its settings and the length of the text, and compiles the text itself when one of them is another.
 */
export function scriptOf(file: string, compiled: Uint8Array | null): Script {
  return new Script(wrapped(file), {
    filename: file,
    ...(compiled !== null && { cachedData: compiled }),
  })
}

/** Runs the script as the CommonJS module that `file` is; answers its exports. */
export function runScript(script: Script, file: string): unknown {
  const module = { exports: {}, filename: file }
  const body = script.runInThisContext()
  body.call(module.exports, module.exports, createRequire(file), module, file, path.dirname(file))
  return module.exports
}

/** Name of a bundle's compiled code, beside it. */
export const compiledName = (file: string): string => file.replace(/\.cjs$/, '.cache')

/** Runs a bundle with the compiled code beside it; as it is when there is none, or it was made for another runtime. */
export function runBundle(file: string): unknown {
  let compiled: Uint8Array | null = null
  try {
    compiled = fs.readFileSync(compiledName(file))
  } catch {
    // Built for another system than the one it was built on: there is none.
  }
  return runScript(scriptOf(file, compiled), file)
}
