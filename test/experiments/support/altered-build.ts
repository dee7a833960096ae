// Builds the real program, whole or with one protection taken out of its source: the negative control of an experiment.
// The change is made in memory while bundling; there is no switch in the product. A change that no longer fits throws.
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Plugin } from 'esbuild'
import { bundleInto } from '../../../scripts/bundle.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')

export interface Alteration {
  /** Path from the root of the repository. */
  file: string
  find: string
  replace: string
}

/** Power loss may take commits that were acknowledged. */
export const SYNC_NORMAL: Alteration[] = [
  {
    file: 'src/store/sqlite.ts',
    find: "['synchronous', 'FULL', 2]",
    replace: "['synchronous', 'NORMAL', 1]",
  },
]

/** Acknowledges a group of writes although its commit only comes a quarter of a second later. */
export const LATE_COMMIT: Alteration[] = [
  {
    file: 'src/store/transactions.ts',
    find: "const begin = connection.prepare('BEGIN IMMEDIATE')",
    replace:
      "const realBegin = connection.prepare('BEGIN IMMEDIATE'); const begin = { run: () => { if (!connection.inTransaction) realBegin.run() } }",
  },
  {
    file: 'src/store/transactions.ts',
    find: "const commit = connection.prepare('COMMIT')",
    replace:
      "const realCommit = connection.prepare('COMMIT'); const commit = { run: () => {} }; setInterval(() => { if (connection.open && connection.inTransaction) realCommit.run() }, 250).unref()",
  },
  {
    file: 'src/store/transactions.ts',
    find: '(connection.inTransaction ? runInside(write) : runAlone(write))',
    replace: 'runAlone(write)',
  },
]

/** A commit that fails is taken for one that worked. */
export const DEAF_TO_ERRORS: Alteration[] = [
  {
    file: 'src/store/transactions.ts',
    find: "const commit = connection.prepare('COMMIT')",
    replace:
      "const realCommit = connection.prepare('COMMIT'); const commit = { run: () => { try { realCommit.run() } catch { if (connection.inTransaction) connection.exec('ROLLBACK') } } }",
  },
]

/** New folders are not made durable in their parents. */
export const NO_FOLDER_SYNC: Alteration[] = [
  {
    file: 'src/store/folders.ts',
    find: '    at = path.dirname(at)\n    syncFolder(at)',
    replace: '    at = path.dirname(at)',
  },
]

/** No protection less: the log is moved after 30 pages already, so that the thread that does it is at work whenever it is killed. */
export const SHORT_LOG: Alteration[] = [
  {
    file: 'src/store/sqlite.ts',
    find: 'const LOG_PAGES = 4000',
    replace: 'const LOG_PAGES = 40',
  },
  {
    file: 'src/store/checkpoints.ts',
    find: 'const CALL_EVERY_MS = 10',
    replace: 'const CALL_EVERY_MS = 0',
  },
]

/**
 * Work takes some 100 ms, but leases end after 50, and who looks for lost jobs believes the lease alone: a job is started again while
 * the first attempt still works on it. The protection is all there: the first one to come back changes nothing any more.
 */
export const SHORT_LEASES: Alteration[] = [
  { file: 'src/jobs/policy.ts', find: 'leaseMs: 60_000', replace: 'leaseMs: 50' },
  { file: 'src/jobs/policy.ts', find: 'geojson: computeSlots', replace: 'geojson: 4' },
  { file: 'src/jobs/policy.ts', find: 'maxCrashes: 3', replace: 'maxCrashes: 20' },
  { file: 'src/jobs/runner.ts', find: 'const TICK_MS = 1000', replace: 'const TICK_MS = 20' },
  {
    file: 'src/jobs/runner.ts',
    find: 'const MAINTENANCE_MS = 30_000',
    replace: 'const MAINTENANCE_MS = 20',
  },
  { file: 'src/jobs/runner.ts', find: '(id) => running.has(id)', replace: '() => false' },
  {
    file: 'src/jobs/runner.ts',
    find: 'const prepared = await saveOutputs(store.blobs, output, held)',
    replace:
      'const prepared = await saveOutputs(store.blobs, output, held); await setTimeout(200 * Math.random())',
  },
]

/** The same without the fence: a completion names the job alone, neither its lease nor its state, and nothing else stops it. */
export const UNFENCED: Alteration[] = [
  ...SHORT_LEASES,
  {
    file: 'src/store/jobs.ts',
    find: "const row = held(change, 'running')\n      if (row === undefined) return undefined\n      const { resultSha256, resultSize, now } = change",
    replace:
      'flush()\n      const row = find(change.id)\n      if (row === undefined) return undefined\n      const { resultSha256, resultSize, now } = change',
  },
  {
    file: 'src/store/jobs.ts',
    find: "updated_at = ?, seal = ?\n     WHERE n = ? AND lease_token = +? AND state = 'running'`,\n  )\n  const endWaiting",
    replace:
      'updated_at = ?, seal = ?\n     WHERE n = ? AND (TRUE OR ?)`,\n  )\n  const endWaiting',
  },
  {
    file: 'src/store/store.ts',
    find: 'rememberList(writing)\n',
    replace: "rememberList(writing)\n    writing.exec('DROP TRIGGER jobs_terminal_is_final')\n",
  },
]

/** No reserve file is kept for the day the disk is full. */
export const NO_RESERVE: Alteration[] = [
  {
    file: 'src/store/disk.ts',
    find: 'if (!keepReserve ||',
    replace: 'if (keepReserve || !keepReserve ||',
  },
]

/** What is damaged is thrown away instead of being put aside. */
export const NO_QUARANTINE: Alteration[] = [
  {
    file: 'src/store/quarantine.ts',
    find: "import { existsSync, renameSync } from 'node:fs'",
    replace: "import { existsSync, rmSync } from 'node:fs'",
  },
  {
    file: 'src/store/quarantine.ts',
    find: 'renameSync(file, path.join(folder, path.basename(file)))',
    replace: 'rmSync(file)',
  },
]

const built = new Map<string, Promise<string>>()

/** Path of the bundled program's main file; each set of alterations is built once a run. */
export function buildProgram(
  name: string,
  alterations: readonly Alteration[] = [],
): Promise<string> {
  const known = built.get(name) ?? build(name, alterations)
  built.set(name, known)
  return known
}

async function build(name: string, alterations: readonly Alteration[]): Promise<string> {
  const folder = path.join(tmpdir(), `sisrua-experiments-${process.pid}`, name)
  mkdirSync(folder, { recursive: true })
  const applied = new Set<Alteration>()
  await bundleInto(
    folder,
    { version: '0', commit: name, target: 'linux-x64', node: process.versions.node },
    [alter(alterations, applied)],
  )
  for (const one of alterations) {
    if (!applied.has(one)) throw new Error(`the alteration of ${one.file} does not fit any more`)
  }
  copyFileSync(
    path.join(
      ROOT,
      'node_modules/better-sqlite3/prebuilds',
      `${process.platform}-${process.arch}.node`,
    ),
    path.join(folder, 'better_sqlite3.node'),
  )
  return path.join(folder, 'main.cjs')
}

function alter(alterations: readonly Alteration[], applied: Set<Alteration>): Plugin {
  const files = new Set(alterations.map((one) => path.join(ROOT, one.file)))
  return {
    name: 'alter',
    setup(builder) {
      if (files.size === 0) return
      builder.onLoad({ filter: /\.ts$/ }, (args) => {
        if (!files.has(args.path)) return undefined
        let text = readFileSync(args.path, 'utf8')
        for (const one of alterations) {
          if (path.join(ROOT, one.file) !== args.path || !text.includes(one.find)) continue
          text = text.replace(one.find, () => one.replace)
          applied.add(one)
        }
        return { contents: text, loader: 'ts' }
      })
    },
  }
}
