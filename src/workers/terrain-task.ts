// Heights of places and contours of a box from elevation windows, for answers that belong to no drawing.
import type { DemWindow } from '../kernel/formats/dem.ts'
import { decodeDemWindows } from '../kernel/formats/dem.ts'
import type { Bbox } from '../kernel/geo/bbox.ts'
import { createProjector } from '../kernel/geo/projector.ts'
import { Ground } from '../kernel/pipelines/ground.ts'
import type { TaskContext } from './tasks.ts'

/** Places are degrees, WGS 84 = SIRGAS 2000. */
const DEGREES = 4326

async function groundOf(dem: readonly DemWindow[], context: TaskContext): Promise<Ground> {
  const site = { epsg: DEGREES, projector: createProjector(DEGREES), notes: [] }
  return new Ground(await decodeDemWindows(dem, context.codecs), site)
}

export interface HeightsTask {
  /** Interleaved lon, lat. */
  lonLat: Float64Array
  dem: DemWindow[]
}

export interface Heights {
  /** Metres, one per place; NaN where nothing is known. */
  heights: Float64Array
  verticalDatum: string | null
}

export async function runHeights(task: HeightsTask, context: TaskContext): Promise<Heights> {
  const ground = await groundOf(task.dem, context)
  const heights =
    ground.heights(task.lonLat) ?? new Float64Array(task.lonLat.length / 2).fill(Number.NaN)
  return { heights, verticalDatum: ground.verticalDatum }
}

export interface BoxContoursTask {
  bbox: Bbox
  intervalMeters: number
  dem: DemWindow[]
}

/** UTF-8 JSON as the wire wants it; vertices are [latitude, longitude] with 7 decimals, about a centimetre. */
export async function runBoxContours(
  { bbox, intervalMeters, dem }: BoxContoursTask,
  context: TaskContext,
): Promise<Uint8Array> {
  const ground = await groundOf(dem, context)
  const layer = { name: '', aci: 7, lineweight: -3, linetype: 'Continuous' }
  const { paths, features } = ground.contours(
    intervalMeters,
    { kind: 'box', bbox },
    () => ({ layer, number: 0 }),
    (fraction) => context.report('contours', fraction),
  )
  const round = (degrees: number): number => Math.round(degrees * 1e7) / 1e7
  const contours = features.map((feature, i) => {
    const geometry: number[][] = []
    for (let v = paths.offsets[i]!; v < paths.offsets[i + 1]!; v++) {
      geometry.push([round(paths.coords[2 * v + 1]!), round(paths.coords[2 * v]!)])
    }
    return { elevation: feature.elevation, geometry }
  })
  const body = {
    contours,
    interval: intervalMeters,
    count: contours.length,
    vertical_datum: ground.verticalDatum,
  }
  return new Uint8Array(Buffer.from(JSON.stringify(body)))
}
