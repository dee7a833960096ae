// Who may call what: every route has its role, its rate bucket and its body limit in this one table.
// The gate denies what is not here; a test compares it with the routes that are really mounted.

/** Lowest first; each role may do what those before it may. */
export const ROLES = ['public', 'viewer', 'operator', 'maintainer', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Who asks. */
export interface Principal {
  /** `owner`, `client-…` or `session-…`. */
  id: string
  role: Role
}

/**
 * `create` is counted by the route itself, since a replay must not count (contract.md 1.1); `failed` counts wrong tokens of
 * everybody together, because all share one address.
 */
export type Bucket = 'none' | 'read' | 'write' | 'create' | 'session' | 'heavy' | 'failed'

export interface Access {
  role: Role
  bucket: Bucket
  /** Most bytes of a body; 0 = a body is read away and ignored. */
  bodyBytes: number
  /** The route reads the body itself, byte for byte. */
  raw?: true
  /** An Idempotency-Key is honoured for a day: the answer is kept, or, where it holds a `secret`, only that it was given. */
  keyed?: 'answer' | 'secret'
}

const KIB = 1024
const MIB = 1024 * KIB

const open = (): Access => ({ role: 'public', bucket: 'none', bodyBytes: 0 })
const read = (bucket: Bucket = 'read', bodyBytes = 0): Access => ({
  role: 'viewer',
  bucket,
  bodyBytes,
})
const write = (bodyBytes = MIB, bucket: Bucket = 'write'): Access => ({
  role: 'operator',
  bucket,
  bodyBytes,
})

/** Asked twice with the same key, done once. */
const keyed = (access: Access): Access => ({ ...access, keyed: 'answer' })

/** Done once with the same key, but the second request is not told what only the first one was. */
const keyedSecret = (access: Access): Access => ({ ...access, keyed: 'secret' })

const maintain = (): Access => ({ role: 'maintainer', bucket: 'write', bodyBytes: 64 * KIB })

const admin = (bucket: Bucket, bodyBytes: number): Access => ({ role: 'admin', bucket, bodyBytes })

/** The audit log answers under the original's path and under the versioned one. */
export const AUDIT_PREFIXES = ['/api/audit', '/api/v1/audit'] as const

function auditAccess(prefix: string): Record<string, Access> {
  return {
    [`POST ${prefix}`]: keyed(write(128 * KIB)),
    [`GET ${prefix}`]: read(),
    [`GET ${prefix}/stats`]: read(),
    [`GET ${prefix}/head`]: read(),
    [`POST ${prefix}/verify-all`]: read('heavy', 64 * KIB),
    [`GET ${prefix}/checkpoint`]: read(),
    [`POST ${prefix}/checkpoint`]: keyed(write(64 * KIB)),
    [`GET ${prefix}/key`]: read(),
    [`POST ${prefix}/key/rotate`]: keyed(admin('write', 64 * KIB)),
    [`GET ${prefix}/consistency`]: read(),
    [`GET ${prefix}/tile/{level}/{n}`]: read(),
    [`GET ${prefix}/tile/{level}/{n}/{rest}`]: read(),
    [`GET ${prefix}/tile/{level}/{n}/{rest}/{last}`]: read(),
    [`GET ${prefix}/export`]: { role: 'maintainer', bucket: 'heavy', bodyBytes: 0 },
    [`GET ${prefix}/export/compliance`]: { role: 'maintainer', bucket: 'heavy', bodyBytes: 0 },
    [`POST ${prefix}/erase`]: keyed(admin('heavy', 256 * KIB)),
    [`POST ${prefix}/import`]: keyed(admin('heavy', 64 * KIB)),
    [`GET ${prefix}/{audit_id}`]: read(),
    [`GET ${prefix}/{audit_id}/proof`]: read(),
    [`GET ${prefix}/{audit_id}/verify`]: read(),
  }
}

/** `METHOD path`, the path written as in the OpenAPI document. HEAD goes with GET. */
export const ACCESS: Readonly<Record<string, Access>> = {
  'GET /': open(),
  'GET /docs': open(),
  'GET /docs/{file}': open(),
  'GET /redoc': open(),
  'GET /openapi.json': open(),
  'GET /api/v1/openapi.json': open(),
  'GET /health': open(),
  'GET /ready': open(),
  'GET /api/v1/health': open(),
  'GET /api/v1/hello': open(),

  'GET /api/v1/health/detailed': read(),
  'GET /metrics': read(),
  'GET /api/v1/auth/check': read(),
  'POST /api/v1/auth/session': keyedSecret(write(64 * KIB, 'session')),
  'POST /api/v1/auth/clients': keyedSecret(admin('write', 64 * KIB)),
  'GET /api/v1/auth/clients': admin('read', 0),
  'DELETE /api/v1/auth/clients/{client_id}': admin('write', 64 * KIB),
  'POST /api/v1/ws/ticket': { role: 'viewer', bucket: 'session', bodyBytes: 64 * KIB },
  'GET /api/v1/ws': read('session'),
  'POST /api/v1/management/shutdown': admin('none', 64 * KIB),

  'POST /api/v1/jobs/prepare': write(32 * MIB, 'create'),
  'GET /api/v1/jobs': read(),
  'GET /api/v1/jobs/{job_id}': read(),
  'DELETE /api/v1/jobs/{job_id}': write(64 * KIB),
  'POST /api/v1/jobs/{job_id}/retry': keyed(maintain()),
  'GET /api/v1/jobs/{job_id}/result': read(),
  'GET /api/v1/jobs/{job_id}/logs': read(),
  'GET /api/v1/jobs/{job_id}/events': read(),
  'GET /api/v1/jobs/{job_id}/artifacts': read(),
  'GET /api/v1/jobs/{job_id}/artifacts/{name}': read(),
  'POST /api/v1/prepare/osm': write(),
  'POST /api/v1/prepare/geojson': write(32 * MIB),

  'POST /api/v1/tools/elevation/query': read('read', 64 * KIB),
  'POST /api/v1/tools/elevation/profile': read('read', MIB),
  'POST /api/v1/tools/elevation/contours': read('read', 64 * KIB),
  'GET /api/v1/tools/geocode': read(),
  'POST /api/v1/gis/convert/kml': read('read', 32 * MIB),
  'POST /api/v1/ai/chat': write(256 * KIB),
  'POST /api/v1/sync/cloud': write(64 * KIB),
  'GET /api/v1/blocks': read(),

  'GET /api/v1/projects': read(),
  'POST /api/v1/projects': keyed(write()),
  'POST /api/v1/projects/import': keyed(admin('heavy', 64 * KIB)),
  'GET /api/v1/projects/{project_id}': read(),
  'PUT /api/v1/projects/{project_id}': write(),
  'DELETE /api/v1/projects/{project_id}': write(64 * KIB),
  'GET /api/v1/projects/{project_id}/history': read(),
  'GET /api/v1/projects/{project_id}/features': read(),
  'PUT /api/v1/projects/{project_id}/features': write(32 * MIB),
  'PATCH /api/v1/projects/{project_id}/features': write(),
  'POST /api/v1/projects/{project_id}/reimport': keyed(write(32 * MIB)),

  'GET /api/v1/services': read(),
  'POST /api/v1/services': keyed(maintain()),
  'GET /api/v1/services/{service_id}': read(),
  'POST /api/v1/services/{service_id}/versions': keyed(maintain()),
  'GET /api/v1/services/{service_id}/versions/{semver}': read(),
  'PUT /api/v1/services/{service_id}/versions/{semver}': maintain(),
  'POST /api/v1/services/{service_id}/versions/{semver}/publish': keyed(maintain()),
  'POST /api/v1/services/{service_id}/versions/{semver}/activate': keyed(maintain()),
  'POST /api/v1/services/{service_id}/runs': keyed(write(32 * MIB, 'create')),
  'GET /api/v1/runs/{run_id}': read(),
  'GET /api/v1/runs/{run_id}/logs': read(),
  'GET /api/v1/artifacts/{artifact_id}': read(),

  'POST /api/v1/webhooks/register': keyedSecret(maintain()),
  'GET /api/v1/webhooks/endpoints': { role: 'maintainer', bucket: 'read', bodyBytes: 0 },
  'DELETE /api/v1/webhooks/endpoints/{webhook_id}': maintain(),
  'POST /api/v1/webhooks/endpoints/{webhook_id}/enable': keyed(maintain()),
  'POST /api/v1/webhooks/endpoints/{webhook_id}/rotate': keyedSecret(maintain()),
  'POST /api/v1/webhooks/endpoints/{webhook_id}/test': keyed(maintain()),
  'POST /api/v1/webhooks/endpoints/{webhook_id}/recover': keyed(maintain()),
  'GET /api/v1/webhooks/endpoints/{webhook_id}/deliveries': {
    role: 'maintainer',
    bucket: 'read',
    bodyBytes: 0,
  },
  'POST /api/v1/webhooks/messages/{message_id}/replay': keyed(maintain()),
  'POST /api/v1/events/emit': keyed(write(64 * KIB)),
  // No token: the signature is what counts, and without a source in the settings nothing is there.
  'POST /hooks/in/{source}': { role: 'public', bucket: 'none', bodyBytes: 256 * KIB, raw: true },

  ...auditAccess(AUDIT_PREFIXES[0]),
  ...auditAccess(AUDIT_PREFIXES[1]),
}

export function mayAct(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed)
}

export interface RouteMatch {
  /** Key of ACCESS, or null when no route has this method and path. */
  key: string | null
  access: Access | null
  /** Methods that the path has; empty when the path is unknown. */
  allowed: string[]
}

/** Finds the route of a request; `path` is without the query and already checked by the gate. */
export function createMatcher(
  table: Readonly<Record<string, Access>> = ACCESS,
): (method: string, path: string) => RouteMatch {
  const exact = new Map<string, Access>()
  const patterns: { key: string; method: string; pattern: RegExp; access: Access }[] = []
  const methodsOf = new Map<string, string[]>()
  for (const [key, access] of Object.entries(table)) {
    const [method = '', path = ''] = key.split(' ')
    if (path.includes('{')) {
      const pattern = new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`)
      patterns.push({ key, method, pattern, access })
    } else {
      exact.set(key, access)
      methodsOf.set(path, [...(methodsOf.get(path) ?? []), method])
    }
  }
  return (asked, path) => {
    const method = asked === 'HEAD' ? 'GET' : asked
    const key = `${method} ${path}`
    const direct = exact.get(key)
    if (direct !== undefined) return { key, access: direct, allowed: [] }
    const matching = patterns.filter((one) => one.pattern.test(path))
    const found = matching.find((one) => one.method === method)
    if (found !== undefined) return { key: found.key, access: found.access, allowed: [] }
    const allowed = [...(methodsOf.get(path) ?? []), ...matching.map((one) => one.method)]
    return { key: null, access: null, allowed }
  }
}
