// What the doors can ask of projects. The body is built by `project-service.ts`.
import type { ChangeLine, Outcome } from '../kernel/formats/change-set.ts'
import type { ProjectVersion } from '../store/projects.ts'

export type { ProjectVersion }

export interface Project {
  id: string
  name: string
  /** `EPSG:31984`; null when not known. */
  crsOut: string | null
  /** Counts from 1; every change adds one. */
  version: number
  featureCount: number
  createdAt: number
  updatedAt: number
}

interface ProjectInput {
  /** Given by the client (1…128 printable characters that can stand in an address) or made here. */
  id?: string
  name: string
  crsOut?: string | null
}

interface ProjectChange {
  /** The version the client saw; another one is a VERSION_CONFLICT. */
  version: number
  name?: string
  crsOut?: string | null
}

export interface ProjectPage {
  projects: Project[]
  /** Cursor of the next page; null: this was the last one. */
  next: number | null
}

/** A feature in the shape of the wire's CadFeature (snake_case); kept as it came. */
export type ProjectFeature = Record<string, unknown>

export interface FeaturePatch {
  /** With `feature_id`: in the place of the one of this id; without: a new one. */
  set: readonly ProjectFeature[]
  /** Ids to take away. */
  remove: readonly string[]
}

export interface Reimport {
  /** The version the client saw; null: what the document says under `version`, else whatever is there. */
  version: number | null
  /** Only look: nothing is stored. Null: unless the document says `"dry_run": false`. */
  dryRun: boolean | null
  /** JSON object with the list `features`, as a job's result. Moved into a worker, so it is gone afterwards. */
  document: Uint8Array
  /** Where it is from, for the audit entry: a job's id. */
  jobId: string | null
}

/** What a second import of an area meant. */
export interface ChangeSet {
  /** As it is after the import; as it was for a dry run. */
  project: Project
  applied: boolean
  counts: Record<Outcome, number>
  /** All but the untouched, up to a limit. */
  changes: ChangeLine[]
  truncated: boolean
}

/** A project of the plugin's own database. */
export interface LegacyProject {
  id: string
  name: string
  crsOut: string | null
  createdAt: number | null
  /** JSON object with the list `features`. */
  document: Uint8Array
  /** Values of the file that were left out, because they could not be read. */
  unreadable: number
}

type Who = { id: string; role: string }

/** Every method that names a project throws PROJECT_NOT_FOUND when there is none. */
export interface Projects {
  /** Throws REQUEST_INVALID when the id is taken. */
  create(input: ProjectInput, actor: Who): Promise<Project>
  get(id: string): Project
  /** Newest change first. */
  list(options?: { limit?: number; offset?: number }): Project[]
  /** In the order in which they were stored, newest first: each one once, however they are changed between two pages. */
  page(options?: { limit?: number; cursor?: number }): ProjectPage
  /** Throws VERSION_CONFLICT with the original's text `Version mismatch. Expected x, but found y.` */
  update(id: string, change: ProjectChange, actor: Who): Promise<Project>
  /** Marks the project as deleted and drops its features; history and audit stay. `version`: only when it is this one. */
  remove(id: string, actor: Who, version?: number): Promise<void>
  /**
   * Replaces all features at once (readers see the old or the new set, never a mixture) by those of a JSON object with the list
   * `features`. What differs from what was imported counts as edited. `version` null: the document says it under `version`.
   * Throws VERSION_CONFLICT, REQUEST_INVALID, PARAMS_INVALID.
   */
  replaceFeatures(
    id: string,
    version: number | null,
    document: Uint8Array,
    actor: Who,
  ): Promise<Project>
  /** Sets and removes single features. Throws VERSION_CONFLICT, PARAMS_INVALID for an unknown feature. */
  patchFeatures(id: string, version: number, patch: FeaturePatch, actor: Who): Promise<Project>
  /** A further import of the same area. Throws VERSION_CONFLICT, REQUEST_INVALID, CRS_REFUSED. */
  reimport(id: string, request: Reimport, actor: Who): Promise<ChangeSet>
  /** Features in stored order, chunk by chunk, each with its `feature_id`. */
  features(id: string): Iterable<ProjectFeature[]>
  /** Takes projects over from a database of the plugin; those that are there already are left as they are. */
  importLegacy(origin: string, projects: Iterable<LegacyProject>, actor: Who): Promise<LegacyReport>
  history(id: string): ProjectVersion[]
}

export interface LegacyReport {
  imported: { id: string; name: string; features: number; unreadable: number }[]
  /** Taken over before, and unchanged or changed since in the plugin's file. */
  known: { id: string; changed: boolean }[]
}
