// One drawing pipeline for a person: collect, compute, write files whole. All in this thread: one more would cost a tenth of a second
// and its own copy of the program, and a single drawing has nothing to do beside it.
import { findPipeline } from '../kernel/pipelines/catalog.ts'
import { parseParams } from '../kernel/pipelines/params.ts'
import type { Inputs } from '../kernel/pipelines/pipeline.ts'
import { createInlineCompute } from '../workers/inline.ts'
import type { PipelineOutput } from '../workers/tasks.ts'
import { type ArtefactOptions, deliver, planArtefacts } from './artefacts.ts'
import type { CliContext } from './context.ts'
import { sayFigures } from './figures.ts'
import { tunedForOneRun } from './one-run.ts'
import { sayPlan } from './plan.ts'
import { type DemOptions, openWorld } from './world.ts'
import { PiecedFile } from './write-file.ts'

export interface DrawOptions extends ArtefactOptions, DemOptions {
  dryRun?: true
}

/** Collects what is not given, computes, writes, and tells. */
export async function drawPipeline(
  name: string,
  rawParams: Record<string, unknown>,
  given: Inputs,
  options: DrawOptions,
  { config, terminal }: CliContext,
): Promise<void> {
  const begin = performance.now()
  const artefacts = planArtefacts(options)
  const pipeline = findPipeline(name)
  const params = parseParams(pipeline, rawParams)
  const needs = pipeline
    .needs(params)
    .filter(({ kind }) => kind !== 'osm' || given.osm === undefined)
  const world = openWorld(config, options)
  if (options.dryRun) {
    await sayPlan({ terminal, config, world, needs, artefacts, given })
    return
  }
  const collected = await world.sources.collect(needs, terminal.signal, (fraction) =>
    terminal.progress('collecting', fraction * 0.3),
  )
  // A drawing without the terrain that its person named a folder for should say why.
  const missed = options.demDir !== undefined && collected.dem?.length === 0
  const compute = createInlineCompute()
  // The largest output goes to its file while it is written: a town's takes more memory than all the rest.
  const dxf = artefacts.find(({ output, target }) => output === 'dxf' && target !== '-')
  const drawn = dxf === undefined ? null : new PiecedFile(dxf.target)
  let output: PipelineOutput
  try {
    const run = () =>
      compute.run(
        'pipeline',
        {
          pipeline: name,
          params,
          inputs: { ...collected, ...given },
          outputs: artefacts.map((artefact) => artefact.output),
          options: {
            numericFeatureType: config.numericFeatureType,
            blocksFolder: null,
            retrievedAt: new Date().toISOString().slice(0, 10),
            hashes: false,
            figures: !terminal.quiet,
            ...(drawn !== null && { dxfSink: drawn.append }),
          },
        },
        {
          signal: terminal.signal,
          onProgress: (step, fraction) => terminal.progress(step, 0.3 + fraction * 0.7),
        },
      )
    output = await terminal.holding(() => tunedForOneRun(run))
    terminal.clearProgress()
    await deliver(artefacts, output, terminal, drawn)
  } finally {
    drawn?.discard()
  }
  sayFigures(terminal, output, (performance.now() - begin) / 1_000)
  if (missed) terminal.say(`* ${(await world.dem.notCovered()).message}`)
}
