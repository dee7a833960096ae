// `npm run smoke:wine`: the Windows executable under Wine (apt-get install wine64), driven from outside as the plugin
// would. Wine's first start makes its profile; the Windows version must read 10 or Node refuses.
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '..')
const executable = path.join(root, 'dist', 'sisrua.exe')

if (spawnSync('wine', ['--version']).status !== 0) {
  console.error('wine is not installed: apt-get install wine64')
  process.exit(2)
}
if (!fs.existsSync(executable)) {
  console.error('dist/sisrua.exe is missing: npm run build:exe -- --target win32-x64')
  process.exit(2)
}
const prefix = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua-wine-'))
const env = { ...process.env, WINEPREFIX: prefix, WINEDEBUG: '-all' }
try {
  const key = ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f']
  execFileSync('wine', key, { env, stdio: 'ignore', timeout: 120_000 })
  const words = [path.join(import.meta.dirname, 'smoke-exe.ts'), executable, '--through', 'wine']
  const { status } = spawnSync(process.execPath, words, { env, stdio: 'inherit', timeout: 300_000 })
  process.exitCode = status ?? 1
} finally {
  spawnSync('wineserver', ['-k'], { env })
  fs.rmSync(prefix, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 })
}
