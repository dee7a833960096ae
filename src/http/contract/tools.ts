// Elevation, geocoding, KML, chat, sync and blocks on the wire.
import { z } from '@hono/zod-openapi'
import { latitude, longitude, radius } from './common.ts'

const method = z
  .enum(['nearest', 'bilinear', 'bicubic'])
  .default('bilinear')
  .openapi({ description: 'How heights between the posts are found.' })

export const Point = z.object({ latitude, longitude, method }).openapi('Point')

export const Elevation = z
  .object({
    latitude: z.number(),
    longitude: z.number(),
    elevation: z.number().openapi({ description: 'Metres in the stated vertical datum.' }),
    vertical_datum: z.string().nullable(),
    source: z.string().nullable().openapi({ description: 'File the height comes from.' }),
    method,
  })
  .openapi('Elevation')

export const ProfileRequest = z
  .object({
    path: z
      .array(z.tuple([latitude, longitude]))
      .min(1)
      .max(20_000),
    method,
  })
  .openapi('ProfileRequest')

export const Profile = z
  .object({
    elevations: z
      .array(z.number().nullable())
      .openapi({ description: 'One per point; null where no source covers it.' }),
    vertical_datum: z.string().nullable(),
    sources: z.array(z.string()),
    method,
    chainage_m: z
      .array(z.number())
      .openapi({ description: 'True metres from the start, one per point.' }),
    min_elevation: z.number().nullable(),
    max_elevation: z.number().nullable(),
    mean_slope_percent: z.number().nullable(),
    max_slope_percent: z.number().nullable(),
    climb_m: z.number(),
    descent_m: z.number(),
  })
  .openapi('Profile')

export const ContoursRequest = z
  .object({
    min_lat: latitude,
    min_lon: longitude,
    max_lat: latitude,
    max_lon: longitude,
    interval: z.number().gt(0).max(1000).default(10),
  })
  .refine((box) => box.max_lat > box.min_lat && box.max_lon > box.min_lon, {
    message: 'max_lat and max_lon must be greater than min_lat and min_lon',
    path: ['max_lat'],
  })
  .openapi('ContoursRequest')

export const Contours = z
  .object({
    contours: z.array(z.object({ elevation: z.number(), geometry: z.array(z.array(z.number())) })),
    interval: z.number(),
    count: z.number().int(),
    vertical_datum: z.string().nullable(),
  })
  .openapi('Contours')

export const GeocodeQuery = z.object({
  query: z.string().trim().min(1).max(200),
  zone: z.coerce
    .number()
    .int()
    .min(1)
    .max(60)
    .optional()
    .openapi({ description: 'UTM zone of coordinates that leave it out, e.g. the project’s.' }),
  hemisphere: z.enum(['N', 'S']).optional(),
})

export const Place = z
  .object({
    latitude: z.number(),
    longitude: z.number(),
    source: z.string(),
    display_name: z.string().optional(),
    epsg: z.number().int().optional(),
  })
  .openapi('Place')

export const KmlRequest = z.object({ content: z.string().min(1) }).openapi('KmlRequest')

export const FeatureCollection = z
  .looseObject({ type: z.literal('FeatureCollection'), features: z.array(z.looseObject({})) })
  .openapi('FeatureCollection')

export const ChatRequest = z
  .object({
    message: z.string().min(1).max(8_000),
    context: z.record(z.string(), z.unknown()).nullish(),
    job_id: z.string().max(64).nullish(),
  })
  .openapi('ChatRequest')

export const ChatAnswer = z.object({ response: z.string() }).openapi('ChatAnswer')

export const SyncAnswer = z
  .object({
    status: z.string(),
    synced_features: z.number().int(),
    cloud_node: z.string().nullable(),
    timestamp: z.number(),
    message: z.string(),
  })
  .openapi('SyncAnswer')

export const BlockList = z
  .object({ total: z.number().int(), blocks: z.array(z.object({ name: z.string() })) })
  .openapi('BlockList')

export const PrepareOsmRequest = z
  .object({ latitude, longitude, radius })
  .openapi('PrepareOsmRequest')
