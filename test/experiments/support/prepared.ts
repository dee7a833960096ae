// A data folder with finished jobs, stored files and audit entries, made by the real program and left in order.

import { sleep } from './experiment.ts'
import { createLoad } from './load.ts'
import { call, drain, startProgram } from './program.ts'

/** Makes at least this many jobs; answers key → ids. Every third document is a file beside the database. */
export async function prepareHouse(
  main: string,
  dataFolder: string,
  jobs: number,
  prefix = 'h',
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const load = createLoad(prefix)
  const program = await startProgram({ main, dataFolder })
  let n = 0
  const stop = load.run(program.port, 4, () => (n++ % 3 === 0 ? 70_000 : 0))
  while (load.acknowledged.size < jobs) await sleep(5)
  await stop()
  await drain(program.port)
  await call(program.port, 'POST', '/api/v1/management/shutdown')
  await program.ended
  return load.acknowledged
}

/** Starts the program on a folder, asks how the storage came up, lets it end in order. */
export async function reopen(main: string, dataFolder: string) {
  const program = await startProgram({ main, dataFolder })
  const { storage, audit } = program.ready
  await call(program.port, 'POST', '/api/v1/management/shutdown')
  await program.ended
  return { storage, audit: audit.state }
}
