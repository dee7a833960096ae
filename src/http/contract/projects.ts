// Projects on the wire.
import { z } from '@hono/zod-openapi'
import type { ProjectVersion, Project as Stored } from '../../projects/projects.ts'
import { unixSeconds } from './common.ts'

const crs = z
  .string()
  .regex(/^EPSG:\d{4,6}$/, 'Write EPSG: and a code, e.g. EPSG:31984')
  .openapi({ example: 'EPSG:31984' })
const name = z.string().trim().min(1).max(255)

export const ProjectCreate = z
  .object({
    project_id: z.string().min(1).max(128).optional(),
    project_name: name,
    crs_out: crs.nullish(),
  })
  .openapi('ProjectCreate')

export const ProjectUpdate = z
  .object({ version: z.number().int(), project_name: name.nullish(), crs_out: crs.nullish() })
  .openapi('ProjectUpdate')

export const Project = z
  .object({
    project_id: z.string(),
    project_name: z.string(),
    crs_out: z.string().nullable(),
    version: z.number().int(),
    creation_date: z.string(),
    updated_at: z.number(),
    feature_count: z.number().int(),
  })
  .openapi('Project')

export const ProjectList = z
  .object({ count: z.number().int(), projects: z.array(Project) })
  .openapi('ProjectList')

export const ProjectHistory = z
  .object({
    project_id: z.string(),
    versions: z.array(
      z.object({
        version: z.number().int(),
        at: z.number(),
        by: z.string(),
        change: z.string(),
        project_name: z.string(),
        crs_out: z.string().nullable(),
        feature_count: z.number().int(),
      }),
    ),
  })
  .openapi('ProjectHistory')

export function projectBody(project: Stored) {
  return {
    project_id: project.id,
    project_name: project.name,
    crs_out: project.crsOut,
    version: project.version,
    creation_date: new Date(project.createdAt).toISOString(),
    updated_at: unixSeconds(project.updatedAt),
    feature_count: project.featureCount,
  }
}

export function versionBody(one: ProjectVersion) {
  return {
    version: one.version,
    at: unixSeconds(one.at),
    by: one.by,
    change: one.change,
    project_name: one.name,
    crs_out: one.crsOut,
    feature_count: one.featureCount,
  }
}
