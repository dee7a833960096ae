// `--dry-run`: what a command would fetch and write, without doing it.
import type { Config } from '../config.ts'
import type { Inputs, Need } from '../kernel/pipelines/pipeline.ts'
import type { OpenedSources } from '../sources/open.ts'
import type { Artefact } from './artefacts.ts'
import type { Terminal } from './terminal.ts'
import { cliText } from './texts.ts'

interface PlanInput {
  terminal: Terminal
  config: Config
  world: Pick<OpenedSources, 'dem' | 'library'>
  needs: readonly Need[]
  artefacts: readonly Artefact[]
  given: Inputs
}

/** One JSON document with --json, else lines; both on standard output, since the plan is the result. */
export async function sayPlan(input: PlanInput): Promise<void> {
  const { terminal, config, world, needs, artefacts, given } = input
  const text = (key: Parameters<typeof cliText>[1]): string => cliText(terminal.language, key)
  let osm: Record<string, unknown> = { from: given.osm?.source ?? null, kind: 'file' }
  let windows = 0
  for (const need of needs) {
    if (need.kind === 'dem') windows = (await world.dem.windows(need.bbox)).length
    else {
      const local = await world.library?.covering(need.bbox)
      const server = config.overpassUrls[0]
      osm = local
        ? { from: local, kind: 'library' }
        : {
            from: server === undefined ? null : new URL(server).host,
            kind: 'network',
            query: need.query,
          }
    }
  }
  const files = artefacts.map(({ target }) => target)
  if (terminal.json) {
    await terminal.result(`${JSON.stringify({ dem_windows: windows, files, osm })}\n`)
    return
  }
  const from = osm.from ?? text('offline')
  await terminal.result(
    [
      `${text('planOsm')}: ${osm.kind === 'network' && osm.from !== null ? `${text('fromNetwork')} ` : ''}${from}`,
      `${text('planDem')}: ${windows} ${text('tiles')}`,
      `${text('planFiles')}: ${files.join(', ')}`,
      '',
    ].join('\n'),
  )
}
