// Heights of a point, along a path, and contours of a box. Unknown is a 503 for one point and null along a path, never 0.
import { createRoute } from '@hono/zod-openapi'
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
      const { latitude, longitude, method } = c.req.valid('json')
      const found = await terrain.point(longitude, latitude, method, c.req.raw.signal)
      return c.json(
        {
          latitude,
          longitude,
          elevation: found.elevation!,
          vertical_datum: found.verticalDatum,
          source: found.source,
          method,
        },
        200,
      )
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
      const { path, method } = c.req.valid('json')
      const lonLat = new Float64Array(path.length * 2)
      path.forEach(([lat, lon], i) => {
        lonLat[2 * i] = lon
        lonLat[2 * i + 1] = lat
      })
      const found = await terrain.profile(lonLat, method, c.req.raw.signal)
      return c.json(
        {
          elevations: found.elevations,
          vertical_datum: found.verticalDatum,
          sources: found.sources,
          method,
          chainage_m: found.chainageMeters,
          min_elevation: found.minElevation,
          max_elevation: found.maxElevation,
          mean_slope_percent: found.meanSlopePercent,
          max_slope_percent: found.maxSlopePercent,
          climb_m: found.climbMeters,
          descent_m: found.descentMeters,
        },
        200,
      )
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
