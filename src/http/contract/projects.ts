// Projects on the wire.
import { z } from '@hono/zod-openapi'
import type {
  LegacyReport,
  ChangeSet as Merged,
  ProjectVersion,
  Project as Stored,
} from '../../projects/projects.ts'
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
  .object({
    version: z.number().int().optional().openapi({ description: 'Or the header If-Match.' }),
    project_name: name.nullish(),
    crs_out: crs.nullish(),
  })
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
  .object({
    count: z.number().int(),
    projects: z.array(Project),
    next: z.string().nullable().optional().openapi({
      description:
        'With `order=created` or `cursor`: the `cursor` of the next page; null: this was the last one.',
    }),
  })
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

const feature = z.record(z.string(), z.unknown())

export const ProjectFeatures = z
  .looseObject({
    project_id: z.string(),
    version: z.number().int(),
    crs_out: z.string().nullable(),
    features: z.array(feature).openapi({
      description:
        'CadFeatures with `feature_id`. It is kept when the same list comes back, so send it along.',
    }),
  })
  .openapi('ProjectFeatures')

export const FeaturesReplace = z
  .looseObject({
    version: z.number().int().optional().openapi({ description: 'Or the header If-Match.' }),
    features: z.array(feature),
  })
  .openapi('FeaturesReplace')

export const FeaturesPatch = z
  .object({
    version: z.number().int().optional().openapi({ description: 'Or the header If-Match.' }),
    set: z.array(feature).max(5000).default([]).openapi({
      description:
        'With `feature_id`: in the place of that feature, also of one that was taken away; without: a new one.',
    }),
    remove: z.array(z.string().max(300)).max(5000).default([]),
  })
  .openapi('FeaturesPatch')

export const ReimportRequest = z
  .looseObject({
    job_id: z
      .string()
      .max(128)
      .optional()
      .openapi({ description: 'A finished job whose result is the new state of the source.' }),
    features: z
      .array(feature)
      .optional()
      .openapi({ description: 'Or the features themselves, as in a job’s result.' }),
    crs_out: crs.nullish(),
    version: z.number().int().optional().openapi({ description: 'Or the header If-Match.' }),
    dry_run: z
      .boolean()
      .default(true)
      .openapi({ description: 'True: only tell what would change. Nothing is stored.' }),
  })
  .openapi('ReimportRequest')

/** The same for a body that names a job; here every field is checked by the door. */
export const ReimportJob = z.strictObject({
  job_id: z.string().min(1).max(128),
  version: z.number().int().nullish(),
  dry_run: z.boolean().default(true),
})

export const ChangeSet = z
  .object({
    project: Project,
    applied: z.boolean(),
    counts: z.object({
      added: z.number().int(),
      changed: z.number().int(),
      removed: z.number().int(),
      untouched: z.number().int(),
      edited: z.number().int().openapi({ description: 'Kept as the drafter left them.' }),
    }),
    changes: z
      .array(
        z.object({
          id: z.string().openapi({ example: 'osm:way/123' }),
          outcome: z.enum(['added', 'changed', 'removed', 'untouched', 'edited']),
          source: z
            .enum(['same', 'changed', 'gone'])
            .optional()
            .openapi({ description: 'For kept ones: what became of the source meanwhile.' }),
          deleted: z
            .literal(true)
            .optional()
            .openapi({ description: 'The drafter took it away, and it stays away.' }),
        }),
      )
      .openapi({ description: 'All but the untouched, at most 5,000.' }),
    truncated: z.boolean(),
  })
  .openapi('ChangeSet')

export const PluginImportRequest = z
  .strictObject({
    path: z.string().min(1).max(4096).optional().openapi({
      description:
        'Full path on a disk of this computer; absent: `projects.db` in the data folder, where the plugin keeps it.',
    }),
  })
  .openapi('PluginImportRequest')

export const PluginImportReport = z
  .object({
    imported: z.array(
      z.object({
        project_id: z.string(),
        project_name: z.string(),
        feature_count: z.number().int(),
        unreadable: z
          .number()
          .int()
          .openapi({ description: 'Values of the file that were left out.' }),
      }),
    ),
    known: z
      .array(z.object({ project_id: z.string(), changed: z.boolean() }))
      .openapi({ description: 'Taken over before; `changed`: the file has changed since.' }),
  })
  .openapi('PluginImportReport')

export function pluginImportBody({ imported, known }: LegacyReport) {
  return {
    imported: imported.map(({ id, name, features, unreadable }) => ({
      project_id: id,
      project_name: name,
      feature_count: features,
      unreadable,
    })),
    known: known.map(({ id, changed }) => ({ project_id: id, changed })),
  }
}

export function changeSetBody({ project, applied, counts, changes, truncated }: Merged) {
  return { project: projectBody(project), applied, counts, changes, truncated }
}

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
