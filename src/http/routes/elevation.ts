// Heights of a point, along a path, and contours of a box. Unknown is a 503 for one point and null along a path, never 0.
import { createRoute } from '@hono/zod-openapi'
import { AppError } from '../../base/errors.ts'
import type { App } from '../context.ts'
import { answers, jsonBody } from '../contract/common.ts'
import {
  Contours,
  ContoursRequest,
  Elevation,
  Point,
  Profile,
  ProfileRequest,
} from '../contract/tools.ts'
import type { Rooms } from '../rooms.ts'

const tags = ['elevation']

export function mountElevation(app: App, { terrain }: Rooms): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/tools/elevation/query',
      tags,
      summary: 'Height of a point',
      request: jsonBody(Point),
      responses: answers(Elevation, 'Height'),
    }),
    async (c) => {
      const { latitude, longitude } = c.req.valid('json')
      const { heights, verticalDatum } = await terrain.heights(
        Float64Array.of(longitude, latitude),
        c.req.raw.signal,
      )
      const elevation = heights[0]!
      if (Number.isNaN(elevation)) {
        throw new AppError(
          'DEM_NOT_COVERED',
          'No elevation source covers this point. Put a tile that does into the SISRUA_DEM_LIBRARY folder.',
        )
      }
      return c.json({ latitude, longitude, elevation, vertical_datum: verticalDatum }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/tools/elevation/profile',
      tags,
      summary: 'Heights along a path of [latitude, longitude]',
      request: jsonBody(ProfileRequest),
      responses: answers(Profile, 'Heights'),
    }),
    async (c) => {
      const { path } = c.req.valid('json')
      const lonLat = new Float64Array(path.length * 2)
      path.forEach(([lat, lon], i) => {
        lonLat[2 * i] = lon
        lonLat[2 * i + 1] = lat
      })
      const { heights, verticalDatum } = await terrain.heights(lonLat, c.req.raw.signal)
      const elevations = Array.from(heights, (height) => (Number.isNaN(height) ? null : height))
      if (elevations.every((height) => height === null)) {
        throw new AppError(
          'DEM_NOT_COVERED',
          'No elevation source covers this path. Put a tile that does into the SISRUA_DEM_LIBRARY folder.',
        )
      }
      return c.json({ elevations, vertical_datum: verticalDatum }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/tools/elevation/contours',
      tags,
      summary: 'Contours of a box as lines of [latitude, longitude]',
      request: jsonBody(ContoursRequest),
      responses: answers(Contours, 'Contours'),
    }),
    async (c) => {
      const { min_lat, min_lon, max_lat, max_lon, interval } = c.req.valid('json')
      const bytes = await terrain.contours(
        { west: min_lon, south: min_lat, east: max_lon, north: max_lat },
        interval,
        c.req.raw.signal,
      )
      return c.body(bytes as Uint8Array<ArrayBuffer>, 200, {
        'Content-Type': 'application/json',
      }) as never
    },
  )
}
