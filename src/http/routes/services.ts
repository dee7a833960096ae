// Services: an office fixes the parameters of a kind of job once, in versions that are drafted, published and activated.
import { createRoute, z } from '@hono/zod-openapi'
import type { VersionLine } from '../../services/services.ts'
import { type App, actorOf } from '../context.ts'
import { answers, jsonBody, pathParameter } from '../contract/common.ts'
import {
  ServiceBody,
  ServiceCreate,
  ServiceDraft,
  ServiceList,
  ServiceRedraft,
  ServiceVersionBody,
  ServiceWithVersions,
  serviceBody,
  serviceVersionBody,
  versionLine,
} from '../contract/services.ts'
import { isKnown, whileMatching } from '../preconditions.ts'
import type { Rooms } from '../rooms.ts'

const tags = ['services']
const ROOT = '/api/v1/services'
const SERVICE = `${ROOT}/{service_id}` as const
const VERSION = `${SERVICE}/versions/{semver}` as const
const params = pathParameter('service_id', 'The service’s id.')
const versionParams = params.extend(pathParameter('semver', 'The version, e.g. 1.0.0.').shape)
const content = (schema: z.ZodType) => ({ 'application/json': { schema } })

const etagOf = ({ tag }: VersionLine) => ({ ETag: `"${tag}"` })

export function mountServices(app: App, { services }: Rooms): void {
  const tagOf = (id: string, semver: string) => () => services.tagOf(id, semver)
  app.openapi(
    createRoute({
      method: 'get',
      path: ROOT,
      tags,
      summary: 'Services by name',
      request: {
        query: z.object({
          limit: z.coerce.number().int().min(1).max(1000).default(100),
          cursor: z
            .string()
            .max(200)
            .optional()
            .openapi({ description: '`next` of the page before.' }),
        }),
      },
      responses: answers(ServiceList, 'Services'),
    }),
    (c) => {
      const { limit, cursor = '' } = c.req.valid('query')
      const { services: found, next } = services.list({ limit, after: cursor })
      return c.json({ count: found.length, services: found.map(serviceBody), next }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: ROOT,
      tags,
      summary: 'A new service, without a version yet',
      request: jsonBody(ServiceCreate),
      responses: {
        ...answers(ServiceBody, 'Not used'),
        201: { description: 'Created', content: content(ServiceBody) },
      },
    }),
    async (c) => {
      const { name } = c.req.valid('json')
      return c.json(serviceBody(await services.create(name, actorOf(c))), 201)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: SERVICE,
      tags,
      summary: 'A service and its versions, oldest first',
      request: { params },
      responses: answers(ServiceWithVersions, 'The service'),
    }),
    (c) => {
      const { service_id } = c.req.valid('param')
      const versions = services.versions(service_id).map(versionLine)
      return c.json({ ...serviceBody(services.get(service_id)), versions }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${SERVICE}/versions`,
      tags,
      summary: 'Draft a version: a built-in kind of job with the parameters that are fixed',
      request: { params, ...jsonBody(ServiceDraft) },
      responses: {
        ...answers(ServiceVersionBody, 'Not used'),
        201: { description: 'Drafted', content: content(ServiceVersionBody) },
      },
    }),
    async (c) => {
      const { semver, kind, params, form_schema } = c.req.valid('json')
      const drafted = { kind, params, formSchema: form_schema ?? null }
      const { service_id } = c.req.valid('param')
      const version = await services.draft(service_id, semver, drafted, actorOf(c))
      return c.json(serviceVersionBody(version), 201, etagOf(version))
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: VERSION,
      tags,
      summary: 'A version with what it fixes',
      request: { params: versionParams },
      responses: {
        ...answers(ServiceVersionBody, 'The version'),
        304: { description: 'The client has this version already (If-None-Match)' },
      },
    }),
    (c) => {
      const { service_id, semver } = c.req.valid('param')
      const version = services.version(service_id, semver)
      const headers = etagOf(version)
      if (isKnown(c.req.header('If-None-Match'), headers.ETag)) return c.body(null, 304, headers)
      return c.json(serviceVersionBody(version), 200, headers)
    },
  )
  app.openapi(
    createRoute({
      method: 'put',
      path: VERSION,
      tags,
      summary:
        'Another content for a draft (If-Match: only this one); what was published never changes',
      request: { params: versionParams, ...jsonBody(ServiceRedraft) },
      responses: answers(ServiceVersionBody, 'The changed draft'),
    }),
    async (c) => {
      const { kind, params, form_schema } = c.req.valid('json')
      const drafted = { kind, params, formSchema: form_schema ?? null }
      const { service_id, semver } = c.req.valid('param')
      const version = await whileMatching(c, tagOf(service_id, semver), (seen) =>
        services.redraft(service_id, semver, drafted, actorOf(c), seen),
      )
      return c.json(serviceVersionBody(version), 200, etagOf(version))
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${VERSION}/publish`,
      tags,
      summary: 'Freeze a draft with its hash; again: nothing more happens',
      request: { params: versionParams },
      responses: answers(ServiceVersionBody, 'The published version'),
    }),
    async (c) => {
      const { service_id, semver } = c.req.valid('param')
      const version = await whileMatching(c, tagOf(service_id, semver), (seen) =>
        services.publish(service_id, semver, actorOf(c), seen),
      )
      return c.json(serviceVersionBody(version), 200, etagOf(version))
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${VERSION}/activate`,
      tags,
      summary: 'Let runs use this published version; the one before is retired',
      request: { params: versionParams },
      responses: answers(ServiceVersionBody, 'The active version'),
    }),
    async (c) => {
      const { service_id, semver } = c.req.valid('param')
      const version = await whileMatching(c, tagOf(service_id, semver), (seen) =>
        services.activate(service_id, semver, actorOf(c), seen),
      )
      return c.json(serviceVersionBody(version), 200, etagOf(version))
    },
  )
}
