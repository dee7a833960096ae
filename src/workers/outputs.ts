// Drawing → bytes of each output that was asked for, hashed where they were made.
import { createHash } from 'node:crypto'
import { AppError } from '../base/errors.ts'
import { writeDxf } from '../kernel/formats/dxf.ts'
import { writeGeojson } from '../kernel/formats/geojson-write.ts'
import { writeLandxml } from '../kernel/formats/landxml.ts'
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

/** Name of the mesh in survey programs; Portuguese, as layer names are. */
const SURFACE_NAME = 'Terreno'

/** One writer per output. */
const WRITERS: Record<OutputName, Writer> = {
  result({ drawing, notes }, { numericFeatureType, blocksFolder, labels }) {
    if (blocksFolder !== null) writeForeignSymbols(drawing, blocksFolder)
    return writePrepareResponse(drawing, notes, { numericFeatureType, blocksFolder, labels })
  },
  dxf: ({ drawing, tin }, { retrievedAt, dxfSink }) =>
    writeDxf(drawing, { retrievedAt, tin: tin ?? null, sink: dxfSink ?? null }),
  geojson: ({ drawing }, { retrievedAt }) => writeGeojson(drawing, { retrievedAt }),
  svg: ({ drawing }, { retrievedAt }) => writeSvg(drawing, { retrievedAt }),
  landxml({ drawing, tin }, { retrievedAt }) {
    if (tin === undefined) {
      throw new AppError(
        'PARAMS_INVALID',
        'This drawing has no terrain mesh, so there is no surface for LandXML. Ask for another output.',
      )
    }
    const { epsg, verticalDatum } = drawing
    return writeLandxml(tin, { name: SURFACE_NAME, epsg, verticalDatum, retrievedAt })
  },
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
    const bytes = WRITERS[name](result, options)
    const hashed = options.hashes !== false
    const sha256 = hashed ? createHash('sha256').update(bytes).digest('hex') : ''
    outputs[name] = { bytes, sha256 }
  })
  return outputs
}
