// The table of CPU work: plain functions, no thread API. `inline.ts` calls it here, `worker.ts` in a thread.
import type { Note } from '../kernel/cad/drawing.ts'
import { type PrepareRequest, splitPrepareRequest } from '../kernel/formats/prepare-request.ts'
import type { ElevationPoint, ElevationPointInput } from '../kernel/pipelines/elevation-point.v1.ts'
import { elevationPoint } from '../kernel/pipelines/elevation-point.v1.ts'
import type {
  ElevationProfile,
  ElevationProfileInput,
} from '../kernel/pipelines/elevation-profile.v1.ts'
import { elevationProfile } from '../kernel/pipelines/elevation-profile.v1.ts'
import type { Codecs, Inputs, Report } from '../kernel/pipelines/pipeline.ts'
import { convertKml } from './kml-task.ts'
import { runPipeline } from './pipeline-task.ts'
import {
  type BoxContoursTask,
  type Heights,
  type HeightsTask,
  runBoxContours,
  runHeights,
} from './terrain-task.ts'

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
  }
}

/** Bytes of one output with their hash, ready to be stored or sent as they are. */
export interface OutputBytes {
  bytes: Uint8Array
  /** Hex SHA-256 of `bytes`. */
  sha256: string
}

/** Figures for tables and notes. */
export interface DrawingSummary {
  epsg: number
  verticalDatum: string | null
  features: number
  /** Feature count per layer name, in drawing order. */
  layers: { name: string; aci: number; features: number }[]
  minElevation: number | null
  maxElevation: number | null
  /** Metres in the CRS: west, south, east, north; null when empty. */
  extent: [number, number, number, number] | null
}

export interface PipelineOutput {
  outputs: Partial<Record<OutputName, OutputBytes>>
  notes: Note[]
  summary: DrawingSummary
}

export interface Tasks {
  /** Runs one drawing pipeline and writes what was asked for. */
  pipeline(input: PipelineTask, context: TaskContext): Promise<PipelineOutput>
  /** Splits a prepare request too large to be parsed in the main thread. Throws REQUEST_INVALID, GEOJSON_INVALID. */
  readRequest(body: Uint8Array, context: TaskContext): PrepareRequest
  /** Heights of places from elevation windows. */
  heights(input: HeightsTask, context: TaskContext): Promise<Heights>
  /** Contours of a box as the wire's JSON. Throws CONTOURS_TOO_MANY. */
  boxContours(input: BoxContoursTask, context: TaskContext): Promise<Uint8Array>
  /** KML text to GeoJSON text. Throws KML_INVALID. */
  convertKml(kml: Uint8Array, context: TaskContext): Uint8Array
  /** Height of one place. Throws DEM_UNREADABLE. */
  elevationPoint(input: ElevationPointInput, context: TaskContext): Promise<ElevationPoint>
  /** Heights along a line. Throws DEM_UNREADABLE, PARAMS_INVALID. */
  elevationProfile(input: ElevationProfileInput, context: TaskContext): Promise<ElevationProfile>
}

export const tasks: Tasks = {
  pipeline: runPipeline,
  readRequest: splitPrepareRequest,
  heights: runHeights,
  boxContours: runBoxContours,
  convertKml,
  elevationPoint: (input, { codecs }) => elevationPoint(input, codecs),
  elevationProfile: (input, { codecs }) => elevationProfile(input, codecs),
}
