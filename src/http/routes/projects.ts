// Projects: create, read, change with version check, remove. The ETag is the version.
import { createRoute, z } from '@hono/zod-openapi'
import { type App, actorOf } from '../context.ts'
import { answers, jsonBody, pathParameter } from '../contract/common.ts'
import {
  PluginImportReport,
  PluginImportRequest,
  Project,
  ProjectCreate,
  ProjectHistory,
  ProjectList,
  ProjectUpdate,
  pluginImportBody,
  projectBody,
  versionBody,
} from '../contract/projects.ts'
import { isKnown, versionMissing, whileMatching } from '../preconditions.ts'
import type { Rooms } from '../rooms.ts'

const tags = ['projects']
const params = pathParameter('project_id', 'The project’s id.')
const path = '/api/v1/projects/{project_id}' as const

export function mountProjects(app: App, { projects, pluginImport }: Rooms): void {
  const versionOf = (id: string) => () => projects.get(id).version
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/projects',
      tags,
      summary: 'Projects, newest change first, or page by page in an order that no change disturbs',
      request: {
        query: z
          .object({
            limit: z.coerce.number().int().min(1).max(1000).default(100),
            offset: z.coerce.number().int().min(0).optional(),
            order: z.enum(['changed', 'created']).optional().openapi({
              description:
                '`created`: newest first as they were stored here, with `next` for the following page: each project comes once, whatever is changed or removed meanwhile. `changed` (default): newest change first; pages by `offset` may repeat or miss what changes between them.',
            }),
            cursor: z
              .string()
              .regex(/^\d{1,15}$/)
              .optional()
              .openapi({ description: '`next` of the page before; implies `order=created`.' }),
          })
          .refine(
            ({ offset, order, cursor }) =>
              offset === undefined || (order !== 'created' && cursor === undefined),
            'Give `offset` or `cursor`: an offset belongs to `order=changed`.',
          )
          .refine(
            ({ order, cursor }) => order !== 'changed' || cursor === undefined,
            'A cursor belongs to `order=created`.',
          ),
      },
      responses: answers(ProjectList, 'Projects'),
    }),
    (c) => {
      const { limit, offset = 0, order, cursor } = c.req.valid('query')
      if (order !== 'created' && cursor === undefined) {
        const list = projects.list({ limit, offset }).map(projectBody)
        return c.json({ count: list.length, projects: list }, 200)
      }
      const after = cursor === undefined ? {} : { cursor: Number(cursor) }
      const { projects: found, next } = projects.page({ limit, ...after })
      const list = found.map(projectBody)
      return c.json({ count: list.length, projects: list, next: next?.toString() ?? null }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/projects',
      tags,
      summary: 'Create a project',
      request: jsonBody(ProjectCreate),
      responses: {
        ...answers(Project, 'Not used'),
        201: { description: 'Created', content: { 'application/json': { schema: Project } } },
      },
    }),
    async (c) => {
      const { project_id, project_name, crs_out } = c.req.valid('json')
      const input = {
        name: project_name,
        crsOut: crs_out ?? null,
        ...(project_id === undefined ? {} : { id: project_id }),
      }
      const project = await projects.create(input, actorOf(c))
      return c.json(projectBody(project), 201, { ETag: `"${project.version}"` })
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/projects/import',
      tags,
      summary: 'Take projects over from the AutoCAD plugin’s projects.db, which is only read',
      request: jsonBody(PluginImportRequest),
      responses: answers(PluginImportReport, 'What was taken over now, and what had been before'),
    }),
    async (c) => {
      const report = await pluginImport.run(c.req.valid('json').path ?? null, actorOf(c))
      return c.json(pluginImportBody(report), 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path,
      tags,
      summary: 'A project',
      request: { params },
      responses: {
        ...answers(Project, 'The project'),
        304: { description: 'The client has this version already (If-None-Match)' },
      },
    }),
    (c) => {
      const project = projects.get(c.req.valid('param').project_id)
      const headers = { ETag: `"${project.version}"` }
      if (isKnown(c.req.header('If-None-Match'), headers.ETag)) return c.body(null, 304, headers)
      return c.json(projectBody(project), 200, headers)
    },
  )
  app.openapi(
    createRoute({
      method: 'put',
      path,
      tags,
      summary: 'Change a project; `version` or If-Match is the one the client saw',
      request: { params, ...jsonBody(ProjectUpdate) },
      responses: answers(Project, 'The changed project'),
    }),
    async (c) => {
      const { version: said, project_name, crs_out } = c.req.valid('json')
      const id = c.req.valid('param').project_id
      const project = await whileMatching(c, versionOf(id), (seen) => {
        const version = said ?? seen
        if (version === null) throw versionMissing()
        const change = {
          version,
          ...(project_name == null ? {} : { name: project_name }),
          ...(crs_out == null ? {} : { crsOut: crs_out }),
        }
        return projects.update(id, change, actorOf(c))
      })
      return c.json(projectBody(project), 200, { ETag: `"${project.version}"` })
    },
  )
  app.openapi(
    createRoute({
      method: 'delete',
      path,
      tags,
      summary: 'Remove a project (If-Match: only this version); history and audit stay',
      request: { params },
      responses: { 204: { description: 'Removed' } },
    }),
    async (c) => {
      const id = c.req.valid('param').project_id
      await whileMatching(c, versionOf(id), (seen) =>
        projects.remove(id, actorOf(c), seen ?? undefined),
      )
      return c.body(null, 204)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/projects/{project_id}/history',
      tags,
      summary: 'What was changed, by whom',
      request: { params },
      responses: answers(ProjectHistory, 'Versions'),
    }),
    (c) => {
      const { project_id } = c.req.valid('param')
      return c.json({ project_id, versions: projects.history(project_id).map(versionBody) }, 200)
    },
  )
}
