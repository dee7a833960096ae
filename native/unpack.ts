// Puts the files that the executable carries into a folder named by their digests, atomically, and checks them at
// every start: a half-written or altered file is replaced, twenty simultaneous first starts do not disturb each other.
import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** What the executable carries: version and SHA-256 (hex) of each file. */
export interface Manifest {
  version: string
  files: Record<string, string>
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Folders to try, best first: asked for, the user's cache, the temporary folder. */
export function candidateRoots(env: NodeJS.ProcessEnv = process.env): string[] {
  const asked = env.SISRUA_RUNTIME_DIR
  if (asked) return [asked]
  const home = os.homedir()
  const cache =
    process.platform === 'win32'
      ? path.join(env.LOCALAPPDATA || path.join(home, 'AppData', 'Local'), 'sisRUA')
      : path.join(env.XDG_CACHE_HOME || path.join(home, '.cache'), 'sisrua')
  const user = process.platform === 'win32' ? os.userInfo().username : String(os.userInfo().uid)
  return [path.join(cache, 'runtime'), path.join(os.tmpdir(), `sisrua-runtime-${user}`)]
}

/**
 * Makes every file of the manifest stand in `root`/<version>-<digest> with the right content; answers that folder.
 * Throws when the folder cannot be written and does not already hold the right files.
 */
export function unpackInto(
  root: string,
  manifest: Manifest,
  read: (name: string) => Uint8Array,
): string {
  const digest = sha256(Buffer.from(JSON.stringify(manifest))).slice(0, 16)
  const folder = path.join(root, `${manifest.version}-${digest}`)
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  assertOwnFolder(folder)
  for (const [name, expected] of Object.entries(manifest.files)) {
    const file = path.join(folder, name)
    if (digestOf(file) === expected) continue
    const bytes = read(name)
    if (sha256(bytes) !== expected) throw new Error(`the executable is damaged: ${name}`)
    writeAtomically(file, bytes, expected)
  }
  return folder
}

/** Room for one piece of a file: pages that are used again need not be cleared by the system. */
const piece = new Uint8Array(1 << 18)

function digestOf(file: string): string | null {
  try {
    const handle = fs.openSync(file, 'r')
    try {
      const digest = createHash('sha256')
      for (;;) {
        const count = fs.readSync(handle, piece)
        if (count === 0) return digest.digest('hex')
        digest.update(piece.subarray(0, count))
      }
    } finally {
      fs.closeSync(handle)
    }
  } catch {
    return null
  }
}

/** Nobody else may own or write the folder that code is loaded from (Windows: the profile's ACL does that). */
function assertOwnFolder(folder: string): void {
  if (process.platform === 'win32') return
  const status = fs.lstatSync(folder)
  const foreign = status.uid !== process.getuid?.()
  if (!status.isDirectory() || foreign || (status.mode & 0o022) !== 0) {
    throw new Error(`${folder} belongs to, or can be written by, somebody else`)
  }
}

function writeAtomically(file: string, bytes: Uint8Array, expected: string): void {
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  const handle = fs.openSync(temporary, 'wx', 0o700)
  try {
    fs.writeSync(handle, bytes)
    fs.fsyncSync(handle)
  } finally {
    fs.closeSync(handle)
  }
  try {
    fs.renameSync(temporary, file)
  } catch (error) {
    // Windows refuses to replace a file that a twin has already loaded; then the twin's copy must be right.
    fs.rmSync(temporary, { force: true })
    if (digestOf(file) !== expected) throw error
  }
}
