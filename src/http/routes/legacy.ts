// The original's synchronous paths: the same work as a job, awaited, nothing stored.
import { createRoute, z } from '@hono/zod-openapi'
import { AppError } from '../../base/errors.ts'
import type { SubmitRequest } from '../../jobs/jobs.ts'
import type { AnyContext, App } from '../context.ts'
import { answers, jsonBody } from '../contract/common.ts'
import { PrepareResponse } from '../contract/jobs.ts'
import { PrepareOsmRequest } from '../contract/tools.ts'
import { readParts, withLayers } from '../prepare.ts'
import type { Rooms } from '../rooms.ts'

const tags = ['prepare']

export function mountLegacy(app: App, rooms: Rooms): void {
  async function run(c: AnyContext, request: SubmitRequest): Promise<Response> {
    const output = await rooms.jobs.runNow(request, ['result'], { signal: c.req.raw.signal })
    const result = output.outputs.result
    if (result === undefined) throw new AppError('INTERNAL')
    return c.body(result.bytes as Uint8Array<ArrayBuffer>, 200, {
      'Content-Type': 'application/json',
    })
  }

  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/prepare/osm',
      tags,
      summary: 'OpenStreetMap data of a place as CAD features, at once',
      request: jsonBody(PrepareOsmRequest),
      responses: answers(PrepareResponse, 'Features'),
    }),
    async (c) =>
      (await run(c, {
        kind: 'osm',
        params: withLayers('osm', c.req.valid('json'), rooms),
      })) as never,
  )
  const geojson = createRoute({
    method: 'post',
    path: '/api/v1/prepare/geojson',
    tags,
    summary: 'GeoJSON as CAD features, at once',
    request: jsonBody(z.object({ geojson: z.unknown() }).openapi('PrepareGeojsonRequest')),
    responses: answers(PrepareResponse, 'Features'),
  })
  app.openAPIRegistry.registerPath(geojson)
  app.post(geojson.path, async (c) => {
    const parts = await readParts(c, rooms)
    if (parts.geojson === null) {
      throw new AppError(
        'GEOJSON_INVALID',
        'There is no GeoJSON in the request. Send it in the field geojson.',
      )
    }
    return run(c, {
      kind: 'geojson',
      params: withLayers('geojson', {}, rooms),
      geojson: parts.geojson,
    })
  })
}
