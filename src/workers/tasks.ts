// The table of CPU work: plain functions, no thread API. `inline.ts` calls it here, `worker.ts` in a thread.
import {
  type PrepareRequest,
  splitPrepareRequest,
  splitRunRequest,
} from '../kernel/formats/prepare-request.ts'
import type { ElevationPoint, ElevationPointInput } from '../kernel/pipelines/elevation-point.v1.ts'
import { elevationPoint } from '../kernel/pipelines/elevation-point.v1.ts'
import type {
  ElevationProfile,
  ElevationProfileInput,
} from '../kernel/pipelines/elevation-profile.v1.ts'
import { elevationProfile } from '../kernel/pipelines/elevation-profile.v1.ts'
import { geojsonBox } from '../kernel/pipelines/geojson-site.v1.ts'
import { type MergeOutput, type MergeTask, mergeFeatures } from './merge-task.ts'
import { runPipeline } from './pipeline-task.ts'
import type { PipelineOutput, PipelineTask, TaskContext } from './task.ts'
import { type BoxContoursTask, runBoxContours } from './terrain-task.ts'

export type {
  OutputName,
  PipelineOutput,
  PipelineTask,
  TaskContext,
} from './task.ts'

export interface Tasks {
  /** Runs one drawing pipeline and writes what was asked for. */
  pipeline(input: PipelineTask, context: TaskContext): Promise<PipelineOutput>
  /** Splits a prepare request too large to be parsed in the main thread. Throws REQUEST_INVALID, GEOJSON_INVALID. */
  readRequest(body: Uint8Array, context: TaskContext): PrepareRequest
  /** The same of a run's body. */
  readRunRequest(body: Uint8Array, context: TaskContext): PrepareRequest
  /** Contours of a box as the wire's JSON. Throws CONTOURS_TOO_MANY. */
  boxContours(input: BoxContoursTask, context: TaskContext): Promise<Uint8Array>
  /** Where a GeoJSON document lies: west, south, east, north in degrees; null when nothing in it can be drawn. Throws GEOJSON_INVALID. */
  geojsonBox(document: Uint8Array, context: TaskContext): [number, number, number, number] | null
  /** KML text to GeoJSON text. Throws KML_INVALID. */
  convertKml(kml: Uint8Array, context: TaskContext): Promise<Uint8Array>
  /** Height of one place. Throws DEM_UNREADABLE. */
  elevationPoint(input: ElevationPointInput, context: TaskContext): Promise<ElevationPoint>
  /** Heights along a line. Throws DEM_UNREADABLE, PARAMS_INVALID. */
  elevationProfile(input: ElevationProfileInput, context: TaskContext): Promise<ElevationProfile>
  /** The features of a project and what comes in, as a new set. Throws REQUEST_INVALID. */
  mergeFeatures(input: MergeTask, context: TaskContext): MergeOutput
}

export const tasks: Tasks = {
  pipeline: runPipeline,
  readRequest: splitPrepareRequest,
  readRunRequest: splitRunRequest,
  boxContours: runBoxContours,
  geojsonBox: (document) => geojsonBox(document),
  // The XML parser is loaded by those who need it.
  convertKml: async (kml) => (await import('./kml-task.ts')).convertKml(kml),
  elevationPoint: (input, { codecs }) => elevationPoint(input, codecs),
  elevationProfile: (input, { codecs }) => elevationProfile(input, codecs),
  mergeFeatures,
}
