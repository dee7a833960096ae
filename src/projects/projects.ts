// What the doors can ask of projects. The body is built by `project-service.ts`.

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
  /** Given by the client (1…128 printable characters) or made here. */
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

/** One line of a project's history. */
export interface ProjectVersion {
  version: number
  at: number
  by: string
  change: 'created' | 'updated' | 'features' | 'deleted' | 'imported'
  name: string
  crsOut: string | null
  featureCount: number
}

/** A feature in the shape of the wire's CadFeature (snake_case); kept as it came. */
export type ProjectFeature = Record<string, unknown>

/** Every method that names a project throws PROJECT_NOT_FOUND when there is none. */
export interface Projects {
  /** Throws REQUEST_INVALID when the id is taken. */
  create(input: ProjectInput, actor: { id: string; role: string }): Promise<Project>
  get(id: string): Project
  /** Newest change first. */
  list(options?: { limit?: number; offset?: number }): Project[]
  /** Throws VERSION_CONFLICT with the original's text `Version mismatch. Expected x, but found y.` */
  update(id: string, change: ProjectChange, actor: { id: string; role: string }): Promise<Project>
  /** Marks the project as deleted and drops its features; history and audit stay. */
  remove(id: string, actor: { id: string; role: string }): Promise<void>
  /** Replaces all features at once (readers see the old or the new set, never a mixture). */
  replaceFeatures(
    id: string,
    version: number,
    features: Iterable<ProjectFeature>,
    actor: { id: string; role: string },
  ): Promise<Project>
  /** Features in stored order, chunk by chunk. */
  features(id: string): Iterable<ProjectFeature[]>
  history(id: string): ProjectVersion[]
}
