// Contours of a box from elevation windows, for an answer that belongs to no drawing.
import type { DemWindow } from '../kernel/formats/dem-file.ts'
import type { Bbox } from '../kernel/geo/bbox.ts'
import { createProjector } from '../kernel/geo/projector.ts'
import { contoursV1 } from '../kernel/pipelines/contours.v1.ts'
import { parseParams } from '../kernel/pipelines/params.ts'
import type { TaskContext } from './task.ts'

export interface BoxContoursTask {
  bbox: Bbox
  intervalMeters: number
  dem: DemWindow[]
}

/** UTF-8 JSON as the wire wants it; vertices are [latitude, longitude] with 7 decimals, about a centimetre. */
export async function runBoxContours(
  { bbox, intervalMeters, dem }: BoxContoursTask,
  { codecs, report }: TaskContext,
): Promise<Uint8Array> {
  const params = parseParams(contoursV1, { ...bbox, intervalMeters, labels: false })
  const { drawing } = await contoursV1.compute(params, { dem }, codecs, report)
  const { paths, features, epsg, verticalDatum } = drawing
  const lonLat = createProjector(epsg).inverse(paths.coords)
  const contours = features
    .filter(({ kind }) => kind === 'line' || kind === 'ring')
    .map(({ path, elevation }) => ({
      elevation,
      geometry: latLonOf(lonLat, paths.offsets[path]!, paths.offsets[path + 1]!),
    }))
  const body = {
    contours,
    interval: intervalMeters,
    count: contours.length,
    vertical_datum: verticalDatum,
  }
  return new Uint8Array(Buffer.from(JSON.stringify(body)))
}

function latLonOf(lonLat: Float64Array, start: number, end: number): number[][] {
  const round = (degrees: number): number => Math.round(degrees * 1e7) / 1e7
  const vertices: number[][] = []
  for (let v = start; v < end; v++) {
    vertices.push([round(lonLat[2 * v + 1]!), round(lonLat[2 * v]!)])
  }
  return vertices
}
