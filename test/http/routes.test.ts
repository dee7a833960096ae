// The access table, the mounted routes and the OpenAPI document name the same routes.
import { execFileSync } from 'node:child_process'
import Ajv2020 from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ACCESS, createMatcher, mayAct, ROLES } from '../../src/http/access.ts'
import { createApp } from '../../src/http/app.ts'
import { describeApi } from '../../src/http/routes/docs.ts'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'

// biome-ignore lint/suspicious/noExplicitAny: a document of any shape
type Json = any

const app = createApp({ audit: {}, projects: {}, jobs: {}, terrain: {}, webhooks: {} } as never)
const document = describeApi(app) as Json

/** `/docs/:file` and Hono's regular form as the table writes them. */
const plain = (path: string): string => path.replace(/:(\w+)/g, '{$1}')
/** Not part of the API: pages, the WebSocket and the document itself. */
const UNDOCUMENTED = [
  'GET /',
  'GET /docs',
  'GET /docs/{file}',
  'GET /redoc',
  'GET /openapi.json',
  'GET /api/v1/openapi.json',
  'GET /api/v1/ws',
]

describe('routes', () => {
  test('every mounted route has a role, and every role has a route', () => {
    const mounted = new Set(
      app.routes
        .filter((route) => route.method !== 'ALL')
        .map((route) => `${route.method} ${plain(route.path)}`),
    )
    // The WebSocket lives beside Hono.
    mounted.add('GET /api/v1/ws')
    expect([...mounted].sort()).toEqual(Object.keys(ACCESS).sort())
  })

  test('every route of the table is documented, and nothing else', () => {
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect([...documented, ...UNDOCUMENTED].sort()).toEqual(Object.keys(ACCESS).sort())
  })

  test('only these routes are public', () => {
    const open = Object.entries(ACCESS).filter(([, access]) => access.role === 'public')
    expect(open.map(([key]) => key).sort()).toEqual(
      [
        ...UNDOCUMENTED.filter((key) => key !== 'GET /api/v1/ws'),
        'GET /api/v1/health',
        'GET /api/v1/hello',
        'GET /health',
        'GET /ready',
        // Answers only with a good signature, and only when the settings name the source.
        'POST /hooks/in/{source}',
      ].sort(),
    )
  })

  test('the matcher knows static paths before parameters, HEAD as GET, and names the methods of a path', () => {
    const match = createMatcher()
    expect(match('GET', '/api/audit/stats').key).toBe('GET /api/audit/stats')
    expect(match('GET', '/api/audit/7').key).toBe('GET /api/audit/{audit_id}')
    expect(match('HEAD', '/api/v1/health').key).toBe('GET /api/v1/health')
    expect(match('PATCH', '/api/v1/projects/p').allowed.sort()).toEqual(['DELETE', 'GET', 'PUT'])
    expect(match('GET', '/api/v1/nothing')).toMatchObject({ key: null, allowed: [] })
    expect(ROLES.map((role) => mayAct('operator', role))).toEqual([true, true, true, false, false])
  })
})

describe('OpenAPI document', () => {
  test('is 3.1, every $ref resolves, every schema compiles as JSON Schema 2020-12', () => {
    expect(document.openapi).toBe('3.1.0')
    const resolve = (reference: string): Json =>
      reference
        .slice(2)
        .split('/')
        .reduce((node: Json, part) => node?.[part], document)
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      (found) => found[1]!,
    )
    expect(references.length).toBeGreaterThan(20)
    for (const reference of references) expect(resolve(reference), reference).toBeDefined()
    const ajv = new (Ajv2020 as Json)({ strict: false })
    ajv.addSchema({ $id: 'doc', components: document.components })
    for (const name of Object.keys(document.components.schemas)) {
      expect(() => ajv.compile({ $ref: `doc#/components/schemas/${name}` }), name).not.toThrow()
    }
    const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods as object))
    for (const operation of ids as Json[]) expect(operation.responses).toBeDefined()
  })

  test('path parameters in the path and in the description agree', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((found) => found[1]!)
      for (const operation of Object.values(methods as Json) as Json[]) {
        const described = (operation.parameters ?? [])
          .filter((p: Json) => p.in === 'path')
          .map((p: Json) => p.name)
        expect(described.sort(), path).toEqual(named.sort())
      }
    }
  })
})

const CHROMIUM = '/usr/bin/chromium'
const hasChromium = (() => {
  try {
    execFileSync(CHROMIUM, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

describe('pages in a browser', () => {
  let house: TestDaemon
  beforeAll(async () => {
    house = await startDaemon()
  })
  afterAll(() => house.stop())

  test.skipIf(!hasChromium && process.env.CI !== 'true')(
    '/docs and / work with the network blocked and break no rule of their own (skipped without chromium)',
    async () => {
      const { chromium } = await import('playwright-core')
      const browser = await chromium.launch({
        executablePath: CHROMIUM,
        args: [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--disable-quic',
          '--no-first-run',
          '--disable-background-networking',
          '--disable-component-update',
          '--disable-sync',
        ],
      })
      try {
        const page = await browser.newPage()
        const complaints: string[] = []
        const foreign: string[] = []
        const base = `http://127.0.0.1:${house.port}`
        page.on(
          'console',
          (message) => message.type() === 'error' && complaints.push(message.text()),
        )
        page.on('pageerror', (error) => complaints.push(error.message))
        await page.route('**/*', (route) => {
          const url = route.request().url()
          if (url.startsWith(base) || url.startsWith('data:')) return route.continue()
          foreign.push(url)
          return route.abort()
        })
        await page.goto(`${base}/docs`)
        await page.waitForSelector('.opblock', { timeout: 20_000 })
        expect(await page.locator('.opblock').count()).toBeGreaterThan(30)
        await page.goto(base)
        expect(await page.textContent('h1')).toBe('sisrua')
        expect(await page.evaluate('getComputedStyle(document.body).maxWidth')).not.toBe('none')
        expect(complaints).toEqual([])
        expect(foreign).toEqual([])
      } finally {
        await browser.close()
      }
    },
  )
})
