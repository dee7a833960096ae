// Drawing → bytes of each output that was asked for, hashed where they were made.
import { createHash } from 'node:crypto'
import { AppError } from '../base/errors.ts'
import { writeDxf } from '../kernel/formats/dxf.ts'
import { writeGeojson } from '../kernel/formats/geojson-write.ts'
import { writePrepareResponse } from '../kernel/formats/prepare-response.ts'
import { writeSvg } from '../kernel/formats/svg.ts'
import type { PipelineResult, Report } from '../kernel/pipelines/pipeline.ts'
import { writeForeignSymbols } from './foreign-symbols.ts'
import type { OutputBytes, OutputName, PipelineTask } from './task.ts'

type WriterOptions = PipelineTask['options'] & {
  /** Text features in the result too. */
  labels: boolean
}

type Writer = (result: PipelineResult, options: WriterOptions) => Uint8Array

/** One writer per output. */
const WRITERS: Partial<Record<OutputName, Writer>> = {
  result({ drawing, notes }, { numericFeatureType, blocksFolder, labels }) {
    if (blocksFolder !== null) writeForeignSymbols(drawing, blocksFolder)
    return writePrepareResponse(drawing, notes, { numericFeatureType, blocksFolder, labels })
  },
  dxf: ({ drawing }, { retrievedAt }) => writeDxf(drawing, { retrievedAt }),
  geojson: ({ drawing }, { retrievedAt }) => writeGeojson(drawing, { retrievedAt }),
  svg: ({ drawing }, { retrievedAt }) => writeSvg(drawing, { retrievedAt }),
}

/** Writes the outputs in the order asked for; progress goes from `from` to 1. */
export function writeOutputs(
  result: PipelineResult,
  names: readonly OutputName[],
  options: WriterOptions,
  report: Report,
  from: number,
): Partial<Record<OutputName, OutputBytes>> {
  const outputs: Partial<Record<OutputName, OutputBytes>> = {}
  names.forEach((name, i) => {
    report('writing', from + ((1 - from) * i) / names.length)
    const write = WRITERS[name]
    if (write === undefined) {
      throw new AppError('PARAMS_INVALID', `This pipeline has no output called ${name}.`)
    }
    const bytes = write(result, options)
    outputs[name] = { bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
  })
  return outputs
}
