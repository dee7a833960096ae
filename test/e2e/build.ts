// Before the e2e lane: the executable as it is now. Built anew unless it is younger than everything it is made of.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '../..')

function newest(folder: string): number {
  return Math.max(
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(path.join(entry.parentPath, entry.name)).mtimeMs),
  )
}

export function setup(): void {
  if (process.platform === 'win32') return
  const executable = path.join(root, 'dist', 'sisrua')
  const made = Math.max(
    ...['src', 'bin', 'native'].map((folder) => newest(path.join(root, folder))),
    statSync(path.join(root, 'package-lock.json')).mtimeMs,
  )
  if (existsSync(executable) && statSync(executable).mtimeMs > made) return
  execFileSync('npm', ['run', '-s', 'build:exe'], { cwd: root, stdio: 'inherit', timeout: 300_000 })
}
