// `npm run build:exe [-- --target win32-x64]`: bundles + runtime + addon → one executable under dist/, which is then
// started once (when this machine can run it). The injection is done by pkg in its SEA mode.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { parseArgs } from 'node:util'
import {
  ASSETS,
  BUNDLES,
  NODE_VERSION,
  RUNTIME_FLAGS,
  TARGETS,
  type Target,
} from '../build.config.ts'
import { bundleInto } from './bundle.ts'
import { writeCompiledCode } from './code-cache.ts'
import { nodeBinary } from './fetch-node.ts'
import { writeNotices } from './notices.ts'
import { brandWindowsRuntime } from './windows-resources.ts'

const root = path.resolve(import.meta.dirname, '..')
const host = `${process.platform}-${process.arch}` as Target
const { values } = parseArgs({ options: { target: { type: 'string', default: host } } })

const sha256 = (file: string): string =>
  createHash('sha256').update(fs.readFileSync(file)).digest('hex')

function assertTarget(name: string): asserts name is Target {
  if (!(name in TARGETS)) {
    throw new Error(`unknown target ${name}; known: ${Object.keys(TARGETS).join(', ')}`)
  }
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
    }).trim()
  } catch {
    return 'unknown'
  }
}

/** A private copy of the runtime; without its symbol table where binutils are at hand (16 MiB less). */
function stagedRuntime(target: Target, stage: string, version: string): string {
  const copy = path.join(stage, path.basename(TARGETS[target].runtime.binary))
  fs.copyFileSync(nodeBinary(target), copy)
  fs.chmodSync(copy, 0o755)
  if (target === 'linux-x64') {
    try {
      execFileSync('strip', ['--strip-unneeded', copy], { stdio: 'ignore' })
    } catch {
      console.error('strip is not installed: the executable will be 16 MiB larger')
    }
  } else brandWindowsRuntime(copy, version)
  return copy
}

/** Lays runtimes where pkg's SEA mode looks for downloaded ones, so that it needs no network. */
function seedPkgCache(home: string, target: Target, binary: string): void {
  const cache = path.join(home, '.pkg-cache', 'sea')
  const { platform, arch } = TARGETS[target].pkg
  const name = `node-v${NODE_VERSION}-${platform}-${arch}`
  const archive = path.join(cache, `${name}.${platform === 'win' ? 'zip' : 'tar.gz'}`)
  const extracted =
    platform === 'win' ? path.join(cache, `${name}.exe`) : path.join(cache, name, 'bin', 'node')
  fs.mkdirSync(path.dirname(extracted), { recursive: true })
  fs.copyFileSync(binary, extracted)
  fs.chmodSync(extracted, 0o755)
  for (const file of [archive, `${archive}.ok`, `${extracted}.ok`]) fs.writeFileSync(file, '')
}

async function main(): Promise<void> {
  const target = values.target
  assertTarget(target)
  const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    version: string
  }
  if (process.versions.node !== NODE_VERSION) {
    throw new Error(
      `run this on Node ${NODE_VERSION} (npm run build:exe does), not ${process.versions.node}`,
    )
  }
  const stage = path.join(root, '.build', target)
  fs.rmSync(stage, { recursive: true, force: true })
  fs.mkdirSync(stage, { recursive: true })

  const packages = await bundleInto(stage, {
    version,
    commit: commit(),
    target,
    node: NODE_VERSION,
  })
  for (const [name, source] of Object.entries(ASSETS)) {
    fs.copyFileSync(path.join(root, source.replace('{target}', target)), path.join(stage, name))
  }
  writeNotices(stage, packages, version)
  const runtime = stagedRuntime(target, stage, version)
  const files = [
    ...BUNDLES.map(({ output }) => output),
    // Only the runtime itself can make it, so an executable for another system goes without.
    ...(target === host ? writeCompiledCode(runtime, stage) : []),
    ...Object.keys(ASSETS),
    'THIRD-PARTY-NOTICES.txt',
    'sbom.cdx.json',
  ]
  const manifest = {
    version,
    files: Object.fromEntries(files.map((name) => [name, sha256(path.join(stage, name))])),
  }
  fs.writeFileSync(path.join(stage, 'manifest.json'), JSON.stringify(manifest))

  const home = path.join(root, '.build', 'pkg-home')
  seedPkgCache(home, target, runtime)
  process.env.HOME = home
  process.env.USERPROFILE = home
  // pkg's command line forwards no SEA settings (assets, NODE_OPTIONS refused), its SEA function does.
  const { default: sea } = createRequire(import.meta.url)('pkg/lib-es5/sea.js') as {
    default: (entry: string, options: unknown) => Promise<void>
  }
  const dist = path.join(root, 'dist')
  fs.mkdirSync(dist, { recursive: true })
  const [first, ...copies] = TARGETS[target].outputs.map((name) => path.join(dist, name)) as [
    string,
    ...string[],
  ]
  await sea(path.join(stage, 'loader.cjs'), {
    signature: false,
    targets: [{ nodeRange: `node${NODE_VERSION}`, ...TARGETS[target].pkg, output: first }],
    seaConfig: {
      execArgv: RUNTIME_FLAGS,
      execArgvExtension: 'none',
      useCodeCache: target === host,
      assets: Object.fromEntries(
        ['manifest.json', ...files].map((name) => [name, path.join(stage, name)]),
      ),
    },
  })
  for (const copy of copies) fs.copyFileSync(first, copy)
  for (const name of ['THIRD-PARTY-NOTICES.txt', 'sbom.cdx.json']) {
    fs.copyFileSync(path.join(stage, name), path.join(dist, name))
  }
  writeBundleFolder(dist, target, first)
  writeSums(dist)
  const size = (fs.statSync(first).size / 2 ** 20).toFixed(1)
  console.log(`${path.relative(root, first)}  ${size} MiB  sha256 ${sha256(first)}`)
  if (target === host) {
    console.log(execFileSync(first, ['--version'], { encoding: 'utf8' }).trim())
  }
}

/** The folder an installer copies: the name and place in which the stock plugin looks for its backend. */
function writeBundleFolder(dist: string, target: Target, executable: string): void {
  const backend = path.join(dist, 'sisRUA.bundle', 'Contents', 'backend')
  fs.mkdirSync(backend, { recursive: true })
  const name = target === 'win32-x64' ? 'sisrua_backend.exe' : 'sisrua_backend'
  fs.copyFileSync(executable, path.join(backend, name))
  fs.copyFileSync(
    path.join(dist, 'THIRD-PARTY-NOTICES.txt'),
    path.join(backend, 'THIRD-PARTY-NOTICES.txt'),
  )
  fs.copyFileSync(path.join(root, 'LICENSE'), path.join(backend, 'LICENSE.txt'))
}

function writeSums(dist: string): void {
  const names = fs.readdirSync(dist).filter((name) => {
    return name !== 'SHA256SUMS' && fs.statSync(path.join(dist, name)).isFile()
  })
  const lines = names.sort().map((name) => `${sha256(path.join(dist, name))}  ${name}\n`)
  fs.writeFileSync(path.join(dist, 'SHA256SUMS'), lines.join(''))
}

await main()
