// What the doors can ask of services: named, versioned sets of parameters that an office fixes once. Built by `service-registry.ts`.
import type { Drafted, Manifest } from './manifest.ts'

/** Who asks. */
export interface Actor {
  id: string
  role: string
}

export interface Service {
  /** UUID v4. */
  id: string
  name: string
  createdAt: number
  /** The version that runs use; null while none is active. */
  active: string | null
}

/** A draft may be changed; what was published never is. One version of a service is active at most. */
export type VersionState = 'draft' | 'published' | 'active' | 'retired'

/** A version without what it fixes. */
export interface VersionLine {
  id: string
  serviceId: string
  semver: string
  state: VersionState
  /** Hex, of the manifest; frozen once it is published. */
  sha256: string
  createdAt: number
  /** Another one whenever content or state is: its ETag. */
  tag: string
}

export interface ServiceVersion extends VersionLine, Drafted {
  /** Parameters that a run may set. */
  open: string[]
}

interface ServicePage {
  services: Service[]
  /** Name to go on after; null: this was the last page. */
  next: string | null
}

/** What a run is: parameters for a job, and the version they come from. */
export interface Run extends Manifest {
  version: VersionLine
}

/**
 * Methods that name a service or a version throw NOT_FOUND when there is none, those that read a version RESULT_CORRUPT when it
 * does not fit its hash. Every change is one transaction with an entry in the audit log.
 */
export interface Services {
  /** Throws VERSION_CONFLICT when the name is taken, PARAMS_INVALID. */
  create(name: string, actor: Actor): Promise<Service>
  /** By name; 1…1000, default 100. */
  list(page?: { limit?: number; after?: string }): ServicePage
  get(id: string): Service
  /** Oldest first. */
  versions(id: string): VersionLine[]
  version(id: string, semver: string): ServiceVersion
  /** A new version. Throws VERSION_CONFLICT when there is one of this number, PARAMS_INVALID. */
  draft(id: string, semver: string, drafted: Drafted, actor: Actor): Promise<ServiceVersion>
  /** A version's `tag`, also where its content does not fit its hash. */
  tagOf(id: string, semver: string): string
  /** Another content for a draft. Throws VERSION_CONFLICT for what was published, and as all three when `seen` is not its tag; PARAMS_INVALID. */
  redraft(
    id: string,
    semver: string,
    drafted: Drafted,
    actor: Actor,
    seen?: string | null,
  ): Promise<ServiceVersion>
  /** Freezes a draft; what was published before is left as it is. */
  publish(id: string, semver: string, actor: Actor, seen?: string | null): Promise<ServiceVersion>
  /** Makes a published or retired version the one that runs use, and retires the one before. Throws VERSION_CONFLICT for a draft. */
  activate(id: string, semver: string, actor: Actor, seen?: string | null): Promise<ServiceVersion>
  /**
   * What to run: the active version, or the one of this number. Throws VERSION_CONFLICT when none is active or it is a draft,
   * PARAMS_INVALID when an input sets what is not left open, or is not as the form says.
   */
  run(
    id: string,
    semver: string | null,
    inputs: Record<string, unknown>,
    hasDocument: boolean,
  ): Promise<Run>
  /** Which service and version a job's `serviceVersionId` names; null when it is stored no more. */
  origin(versionId: string): { service: Service; semver: string } | null
}
