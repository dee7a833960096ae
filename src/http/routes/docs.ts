// The API's description (OpenAPI 3.1, from the same schemas that check requests) and its reader, with no outside address.
import { readAsset } from '../../base/assets.ts'
import { AppError } from '../../base/errors.ts'
import { VERSION } from '../../base/version.ts'
import type { App } from '../context.ts'

/** Swagger UI sets styles on elements and shows icons as data: addresses; it needs nothing else. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>sisrua API</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>`

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null, persistAuthorization: false })`

interface Served {
  type: string
  bytes(): Uint8Array | null
}

/** Exact name → file. Nothing of the path reaches the file system. */
const FILES: Record<string, Served> = {
  'swagger-ui-bundle.js': {
    type: 'text/javascript; charset=utf-8',
    bytes: () => readAsset('swagger-ui-bundle.js', 'swagger-ui-dist/swagger-ui-bundle.js'),
  },
  'swagger-ui.css': {
    type: 'text/css; charset=utf-8',
    bytes: () => readAsset('swagger-ui.css', 'swagger-ui-dist/swagger-ui.css'),
  },
  'start.js': { type: 'text/javascript; charset=utf-8', bytes: () => Buffer.from(START) },
}

export function mountDocs(app: App): void {
  const kept = new Map<string, Uint8Array>()
  let description: string | null = null
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'apiKey',
    in: 'header',
    name: 'X-SisRua-Token',
  })
  for (const path of ['/openapi.json', '/api/v1/openapi.json']) {
    app.get(path, (c) => {
      description ??= JSON.stringify(describeApi(app))
      return c.body(description, 200, { 'Content-Type': 'application/json' })
    })
  }
  app.get('/redoc', (c) => c.redirect('/docs', 302))
  app.get('/docs', (c) =>
    c.body(PAGE, 200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': CSP,
    }),
  )
  app.get('/docs/:file', (c) => {
    const name = c.req.param('file')
    const served = Object.hasOwn(FILES, name) ? FILES[name]! : null
    const bytes = kept.get(name) ?? served?.bytes() ?? null
    if (served === null || bytes === null) throw new AppError('NOT_FOUND')
    kept.set(name, bytes)
    return c.body(bytes as Uint8Array<ArrayBuffer>, 200, {
      'Content-Type': served.type,
      'Cache-Control': 'max-age=3600',
    })
  })
}

/** The OpenAPI document. */
export function describeApi(app: App): object {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'sisrua',
      version: VERSION,
      description:
        'Local sidecar of the sisRUA AutoCAD plugin. Only reachable from this machine. Every call but health and these pages needs the header X-SisRua-Token. Progress: WebSocket /api/v1/ws (subprotocol sisrua.v1; ?after=N brings the events after number N first), or /api/v1/jobs/{job_id}/events.',
      license: { name: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
  })
}
