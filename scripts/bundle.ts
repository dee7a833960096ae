// esbuild: the program and its worker entries as CommonJS bundles that lie side by side.
import fs from 'node:fs'
import path from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { BUNDLES, LOADER, NODE_VERSION, type Target } from '../build.config.ts'

const root = path.resolve(import.meta.dirname, '..')

/** What `sisrua --version` tells; read by base/version.ts. */
export interface BuildFacts {
  version: string
  commit: string
  target: Target
  node: string
}

// geotiff starts its decoder threads through `web-worker`, which breaks inside a Piscina thread; its pool is never used here.
// @napi-rs/nice is piscina's optional addon; it must stay a failing lazy require.
const leaveOut: Plugin = {
  name: 'leave-out',
  setup(builder) {
    builder.onResolve({ filter: /^(web-worker|@napi-rs\/nice)$/ }, (args) => ({
      path: args.path,
      namespace: 'left-out',
    }))
    builder.onLoad({ filter: /.*/, namespace: 'left-out' }, (args) => ({
      contents: `throw Object.assign(new Error('${args.path} is not part of this build'), { code: 'MODULE_NOT_FOUND' })`,
      loader: 'js',
    }))
  },
}

/**
 * Writes all bundles to `folder` and answers the npm packages whose code went into them.
 * `import.meta` is spelled in CommonJS words, since the files are CommonJS. `plugins`: the experiments build programs
 * with a protection taken out, to see that its loss shows.
 */
export async function bundleInto(
  folder: string,
  facts: BuildFacts,
  plugins: Plugin[] = [],
): Promise<Set<string>> {
  const packages = new Set<string>()
  const entries = [...BUNDLES, { entry: LOADER, output: 'loader.cjs' }]
  for (const { entry, output } of entries) {
    const result = await build({
      absWorkingDir: root,
      entryPoints: [entry],
      outfile: path.join(folder, output),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: `node${NODE_VERSION}`,
      minifyWhitespace: true,
      minifySyntax: true,
      legalComments: 'none',
      sourcemap: false,
      metafile: true,
      logLevel: 'warning',
      logOverride: { 'empty-import-meta': 'silent', 'unsupported-require-call': 'silent' },
      plugins: [leaveOut, ...plugins],
      banner: {
        js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;",
      },
      define: {
        'import.meta.url': '__moduleUrl',
        'import.meta.dirname': '__dirname',
        'import.meta.filename': '__filename',
        __SISRUA_BUILD__: JSON.stringify(facts),
      },
    })
    assertNoImport(result.metafile, output)
    finish(path.join(folder, output))
    for (const input of Object.keys(result.metafile.inputs)) {
      const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(input)
      if (found) packages.add(found[1]!)
    }
  }
  return packages
}

/** A bundle that is run as a script (native/run-bundle.ts) can `require` what stays outside, not `import()` it. */
function assertNoImport({ outputs }: Metafile, name: string): void {
  const left = Object.values(outputs).flatMap(({ imports }) => imports)
  const bad = left.find(({ kind }) => kind === 'dynamic-import')
  if (bad !== undefined) throw new Error(`${name} imports ${bad.path} at run time`)
}

/**
 * Takes the first line for shells away, which only a file that is started may have, and makes the text ASCII: one letter beyond it would
 * make V8 keep the whole program in two bytes a character. esbuild leaves such letters only in regular expressions and in `String.raw`;
 * all of ours of the second kind become regular expressions, where an escape means the same.
 */
function finish(file: string): void {
  const text = fs.readFileSync(file, 'utf8')
  fs.writeFileSync(file, text.replace(/^#!.*\n/, '').replace(/[^\0-\x7f]/g, escaped))
}

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
