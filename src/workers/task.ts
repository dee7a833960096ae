// The shapes that tasks take and give. Apart from the table (tasks.ts), so that a task's own file can name them.
import type { Note } from '../kernel/cad/drawing.ts'
import type { ByteSink } from '../kernel/formats/byte-writer.ts'
import type { DrawingSummary } from '../kernel/formats/summary.ts'
import type { Codecs, Inputs, Report } from '../kernel/pipelines/pipeline.ts'

/** What every task is handed besides its input. */
export interface TaskContext {
  codecs: Codecs
  report: Report
}

/** Files a drawing pipeline can be turned into. `result` is the wire's PrepareResponse as JSON text. */
export type OutputName = 'result' | 'dxf' | 'geojson' | 'svg' | 'landxml'

export interface PipelineTask {
  /** `osm-site@1`. */
  pipeline: string
  /** Raw or validated parameters; validated again by the pipeline's schema. */
  params: unknown
  inputs: Inputs
  outputs: OutputName[]
  options: {
    /** Emit `feature_type` as 0/1/2 for the stock plugin DLL. */
    numericFeatureType: boolean
    /** Absolute folder that holds the symbol files, for `block_filepath`; null leaves it null. */
    blocksFolder: string | null
    /** What goes into the drawing's credit line, e.g. a retrieval date; the kernel has no clock. */
    retrievedAt: string | null
    /** False: nobody will look the outputs up by their hashes, so none are made. */
    hashes?: boolean
    /** True: somebody reads the figures; `summary` is null otherwise. */
    figures?: boolean
    /** Takes the DXF in pieces while it is written, and its output is empty then. Only inline: a function crosses to no thread. */
    dxfSink?: ByteSink
  }
}

/** Bytes of one output with their hash, ready to be stored or sent as they are. */
export interface OutputBytes {
  bytes: Uint8Array
  /** Hex SHA-256 of `bytes`; empty when the task wanted none. */
  sha256: string
}

export interface PipelineOutput {
  outputs: Partial<Record<OutputName, OutputBytes>>
  notes: Note[]
  summary: DrawingSummary | null
}
