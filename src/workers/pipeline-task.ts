// One drawing pipeline from parameters and inputs to finished bytes.

import { summarize } from '../kernel/formats/summary.ts'
import { findPipeline } from '../kernel/pipelines/catalog.ts'
import { parseParams } from '../kernel/pipelines/params.ts'
import { writeOutputs } from './outputs.ts'
import type { PipelineOutput, PipelineTask, TaskContext } from './task.ts'

/** Share of the progress bar that belongs to the computation; the rest is writing. */
const COMPUTE_SHARE = 0.8

/** Validates, computes, writes. Throws PARAMS_INVALID and whatever the pipeline throws. */
export async function runPipeline(
  task: PipelineTask,
  { codecs, report }: TaskContext,
): Promise<PipelineOutput> {
  const pipeline = findPipeline(task.pipeline)
  const params = parseParams(pipeline, task.params)
  const result = await pipeline.compute(params, task.inputs, codecs, (step, fraction) =>
    report(step, fraction * COMPUTE_SHARE),
  )
  // Text features go to the plugin only when the request asked for them.
  const labels = (params as { labels?: unknown }).labels === true
  const options = { ...task.options, labels }
  const outputs = writeOutputs(result, task.outputs, options, report, COMPUTE_SHARE)
  const summary = options.figures === true ? summarize(result.drawing) : null
  return { outputs, notes: result.notes, summary }
}
