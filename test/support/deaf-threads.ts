// Preloaded with --import: the program is the real one, only its threads get the entry of deaf-worker.ts.
import { registerHooks } from 'node:module'

const entry = new URL('./deaf-worker.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier.endsWith('/src/workers/worker.ts')
      ? { url: entry, shortCircuit: true }
      : next(specifier, context),
})
