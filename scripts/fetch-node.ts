// The pinned Node runtime of a target, out of its npm package, with the digest that package-lock.json states.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { NODE_VERSION, TARGETS, type Target } from '../build.config.ts'

const root = path.resolve(import.meta.dirname, '..')

interface LockFile {
  packages: Record<string, { version: string; integrity: string }>
}

/**
 * Path of the runtime binary for `target`. The host's lies in node_modules already; another one is packed from the
 * registry into `.build/` and compared with the lock file's integrity before anything is taken out of it.
 */
export function nodeBinary(target: Target): string {
  const { package: name, binary } = TARGETS[target].runtime
  const installed = path.join(root, 'node_modules', name, binary)
  if (fs.existsSync(installed)) return installed
  const folder = path.join(root, '.build', 'runtime', target)
  const extracted = path.join(folder, 'package', binary)
  const stamp = path.join(folder, `${NODE_VERSION}.ok`)
  if (fs.existsSync(stamp) && fs.existsSync(extracted)) return extracted
  fs.rmSync(folder, { recursive: true, force: true })
  fs.mkdirSync(folder, { recursive: true })
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const packed = execFileSync(npm, ['pack', `${name}@${NODE_VERSION}`, '--silent'], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  }).trim()
  const archive = path.join(folder, packed.split('\n').at(-1)!)
  assertIntegrity(archive, name)
  execFileSync('tar', ['-xzf', archive, `package/${binary}`], { cwd: folder })
  fs.rmSync(archive)
  fs.writeFileSync(stamp, '')
  return extracted
}

function assertIntegrity(archive: string, name: string): void {
  const lock = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as LockFile
  const entry = lock.packages[`node_modules/${name}`]
  if (!entry || entry.version !== NODE_VERSION) {
    throw new Error(`package-lock.json does not pin ${name} to ${NODE_VERSION}`)
  }
  const [algorithm, expected] = entry.integrity.split(/-(.*)/s) as [string, string]
  const actual = createHash(algorithm).update(fs.readFileSync(archive)).digest('base64')
  if (actual !== expected) throw new Error(`${name}: the archive does not match package-lock.json`)
}
