// Drawing → bytes of each output that was asked for, hashed where they were made.
import { createHash } from 'node:crypto'
import { writeDxf } from '../kernel/formats/dxf.ts'
import type { PipelineResult, Report } from '../kernel/pipelines/pipeline.ts'
import type { OutputBytes, OutputName, PipelineTask } from './tasks.ts'

type Writer = (result: PipelineResult, options: PipelineTask['options']) => Uint8Array

/** One writer per output. */
const WRITERS: Partial<Record<OutputName, Writer>> = {
  dxf: ({ drawing }, { retrievedAt }) => writeDxf(drawing, { retrievedAt }),
}

/** Writes the outputs in the order asked for; progress goes from `from` to 1. */
export function writeOutputs(
  result: PipelineResult,
  names: readonly OutputName[],
  options: PipelineTask['options'],
  report: Report,
  from: number,
): Partial<Record<OutputName, OutputBytes>> {
  const outputs: Partial<Record<OutputName, OutputBytes>> = {}
  names.forEach((name, i) => {
    report('writing', from + ((1 - from) * i) / names.length)
    const write = WRITERS[name]
    if (write === undefined) throw new Error(`no writer for ${name}`)
    const bytes = write(result, options)
    outputs[name] = { bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
  })
  return outputs
}
