// Words that many schemas share. Swaps the wire's latitude, longitude into our order nowhere: each route does that once.
import { z } from '@hono/zod-openapi'

export const latitude = z
  .number()
  .min(-90)
  .max(90)
  .openapi({ description: 'Degrees, WGS 84 / SIRGAS 2000.', example: -21.7634 })
export const longitude = z
  .number()
  .min(-180)
  .max(180)
  .openapi({ description: 'Degrees, WGS 84 / SIRGAS 2000.', example: -41.3235 })
export const radius = z
  .number()
  .gt(0)
  .max(5000)
  .openapi({ description: 'Metres on the ground.', example: 500 })

export const Ok = z.object({ status: z.literal('ok') }).openapi('Ok')

/** RFC 9457, with `detail` in the original's words. */
const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string(),
    request_id: z.string(),
    retryable: z.boolean(),
    reason: z.string().optional(),
    errors: z
      .array(
        z.object({
          loc: z.array(z.union([z.string(), z.number()])),
          msg: z.string(),
          type: z.string(),
          pointer: z.string(),
        }),
      )
      .optional(),
  })
  .openapi('Problem')

/** A parameter in the path, described for the OpenAPI document. */
export function pathParameter<K extends string>(
  name: K,
  description: string,
  schema: z.ZodType<string, string> = z.string().min(1).max(128),
) {
  return z.object({
    [name]: schema.openapi({ param: { name, in: 'path' }, description }),
  } as Record<K, typeof schema>)
}

const json = <T extends z.ZodType>(schema: T) => ({ 'application/json': { schema } })
const problem = { 'application/problem+json': { schema: Problem } }

/** A JSON answer of a route, with the problems any protected route may give. */
export function answers<T extends z.ZodType>(schema: T, description: string) {
  return {
    200: { description, content: json(schema) },
    default: {
      description: 'Problem (RFC 9457); detail says what, why and what to do.',
      content: problem,
    },
  } as const
}

/** A JSON request body. */
export function jsonBody<T extends z.ZodType>(schema: T) {
  return { body: { required: true, content: json(schema) } } as const
}

/** Unix seconds with fractions, as the original gives times. */
export const unixSeconds = (milliseconds: number): number => milliseconds / 1000
