// Places and symbols: a text into coordinates, KML into GeoJSON, the list of blocks.
import { createRoute } from '@hono/zod-openapi'
import { AppError } from '../../base/errors.ts'
import { BLOCKS } from '../../kernel/cad/blocks.ts'
import { parseCoordinates } from '../../kernel/geo/coordinates-text.ts'
import { jsonText, PARSE_HERE_BYTES, readBody } from '../body.ts'
import { type App, admissionOf } from '../context.ts'
import { answers, jsonBody } from '../contract/common.ts'
import { BlockList, FeatureCollection, GeocodeQuery, KmlRequest, Place } from '../contract/tools.ts'
import { fieldErrors } from '../problem.ts'
import type { Rooms } from '../rooms.ts'

const tags = ['tools']

export function mountPlaces(app: App, rooms: Rooms): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/tools/geocode',
      tags,
      summary:
        'A place from coordinates as people write them, or from a name when a geocoder is configured',
      request: { query: GeocodeQuery },
      responses: answers(Place, 'The place'),
    }),
    async (c) => {
      const { query, zone, hemisphere } = c.req.valid('query')
      // A text without two numbers is a name.
      if ((query.match(/\d+/g) ?? []).length >= 2) {
        const place = parseCoordinates(query, {
          ...(zone === undefined ? {} : { zone }),
          ...(hemisphere === undefined ? {} : { hemisphere }),
        })
        return c.json(
          {
            latitude: place.lat,
            longitude: place.lon,
            source: 'coordinates',
            ...(place.utm === null ? {} : { epsg: place.utm.epsg }),
          },
          200,
        )
      }
      if (rooms.geocoder === null) {
        throw new AppError(
          'UPSTREAM_UNAVAILABLE',
          'Place names need a geocoder, and none is configured. Write coordinates, or set SISRUA_GEOCODER_URL.',
        )
      }
      const found = await rooms.geocoder.find(query)
      if (found === null)
        throw new AppError('NOT_FOUND', 'No place with this name was found. Write coordinates.')
      const { latitude, longitude, source, displayName } = found
      return c.json({ latitude, longitude, source, display_name: displayName }, 200)
    },
  )

  const kml = createRoute({
    method: 'post',
    path: '/api/v1/gis/convert/kml',
    tags,
    summary: 'KML text as a GeoJSON FeatureCollection',
    request: jsonBody(KmlRequest),
    responses: answers(FeatureCollection, 'GeoJSON'),
  })
  app.openAPIRegistry.registerPath(kml)
  app.post(kml.path, async (c) => {
    const body = await readBody(c.env.incoming, admissionOf(c).access.bodyBytes)
    const text = body.length <= PARSE_HERE_BYTES ? jsonText(body) : null
    const fields =
      text === null
        ? (await rooms.converters.readRequest(new Uint8Array(body))).fields
        : parseObject(text)
    const parsed = KmlRequest.safeParse(fields)
    if (!parsed.success) throw fieldErrors('body', parsed.error.issues)
    const bytes = await rooms.converters.kmlToGeojson(
      new Uint8Array(Buffer.from(parsed.data.content)),
    )
    return c.body(bytes as Uint8Array<ArrayBuffer>, 200, { 'Content-Type': 'application/json' })
  })

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/blocks',
      tags,
      summary: 'Block symbols that drawings may use',
      responses: answers(BlockList, 'Blocks'),
    }),
    (c) => {
      const blocks = Object.keys(BLOCKS).map((name) => ({ name }))
      return c.json({ total: blocks.length, blocks }, 200)
    },
  )
}

function parseObject(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new AppError(
      'REQUEST_INVALID',
      'The body is not valid JSON. Send {"content": "<kml …>"}.',
    )
  }
}
