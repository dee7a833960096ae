// D3: malformed input of three kinds against a real daemon: raw requests from a weighted grammar, well-formed JSON with hostile
// values, damaged documents. Nothing may crash, hang or answer 500; memory must come back. Control: the same bodies given to a
// handler that believes them.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import net from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startDaemon, TOKEN } from '../support/daemon.ts'
import { createDice, GEOJSON, KML, mutate } from '../support/damaged-documents.ts'
import { complain, type Experiment, inTurns, trialsOf } from './support/experiment.ts'

type Dice = (below: number) => number

const AT_ONCE = 8
/** No answer and no end after this long is a hang. A machine with other work on it is slow, not hung. */
const HANG_MS = 10_000
const MEBIBYTE = 2 ** 20
const MAY_GROW = 50 * MEBIBYTE

interface Heard {
  /** 0: the connection was closed without an answer. */
  status: number
  ms: number
  hung: boolean
  text: string
}

/** Writes the bytes to a new socket, with `end` also its end; answers what came back. */
function send(port: number, bytes: Uint8Array, end: boolean): Promise<Heard> {
  const began = performance.now()
  return new Promise((resolve) => {
    let text = ''
    let hung = false
    const socket = net.connect(port, '127.0.0.1', () =>
      end ? void socket.end(bytes) : void socket.write(bytes),
    )
    socket.setTimeout(HANG_MS, () => {
      hung = true
      socket.destroy()
    })
    socket.on('data', (chunk) => {
      if (text.length < 2_000) text += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () =>
      resolve({
        status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
        ms: performance.now() - began,
        hung,
        text,
      }),
    )
  })
}

const ROUTES: readonly (readonly [string, string, string])[] = [
  [
    'POST',
    '/api/v1/jobs/prepare',
    '{"kind":"osm","latitude":-21.7,"longitude":-41.3,"radius":100}',
  ],
  ['POST', '/api/v1/prepare/geojson', `{"geojson":${GEOJSON[2]}}`],
  ['POST', '/api/v1/projects', '{"project_name":"a","crs_out":"EPSG:31984"}'],
  ['PUT', '/api/v1/projects/x1', '{"version":1,"project_name":"b"}'],
  ['POST', '/api/v1/audit', '{"event_type":"x","entity_type":"y","data":{"a":[1,2]}}'],
  ['POST', '/api/v1/audit/verify-all', '{"limit":10}'],
  ['POST', '/api/v1/events/emit', '{"event_type":"project_saved","payload":{"a":1}}'],
  ['POST', '/api/v1/webhooks/register', '{"url":"https://example.com/x","events":["job_failed"]}'],
  ['POST', '/api/v1/tools/elevation/query', '{"latitude":-21.7,"longitude":-41.3}'],
  ['POST', '/api/v1/tools/elevation/profile', '{"path":[[-21.7,-41.3],[-21.8,-41.3]],"steps":10}'],
  [
    'POST',
    '/api/v1/tools/elevation/contours',
    '{"latitude":-21.7,"longitude":-41.3,"radius":100,"interval":5}',
  ],
  ['POST', '/api/v1/auth/session', '{}'],
  ['POST', '/api/v1/ai/chat', '{"message":"ola"}'],
]

const pick = <T>(list: readonly T[], dice: Dice): T => list[dice(list.length)]!

const HOSTILE = [
  ...[
    'null',
    'true',
    '-0',
    '1e308',
    '1e999',
    '-1e999',
    '9007199254740993',
    '0.1e-400',
    '""',
    '[]',
    '{}',
  ],
  ...[
    '"\\u0000"',
    '"\\ud800"',
    '"../../etc/passwd"',
    '"C:\\\\x"',
    '"%00"',
    '"\' OR 1=1 --"',
    '"<script>"',
  ],
  ...[
    '[[[[[[[[[[1]]]]]]]]]]',
    '{"__proto__":{"x":1}}',
    '{"constructor":{"prototype":1}}',
    '"EPSG:99999999"',
  ],
  ...[
    `"${'a'.repeat(5_000)}"`,
    `[${'0,'.repeat(500)}0]`,
    '"http://[::1]:0/"',
    '"\\u202e"',
    '-91',
    '181',
    '1e-320',
  ],
]

/** The body with some of its values replaced; still JSON. */
function hostileBody(body: string, dice: Dice): string {
  const values = [
    ...body.matchAll(/(?<=[:[,])(-?\d[\d.]*|"[^"]*"|\[[^[\]]*\]|\{[^{}]*\})(?=[,\]}])/g),
  ]
  if (values.length === 0) return `{"a":${pick(HOSTILE, dice)}}`
  let text = body
  for (let n = 1 + dice(2); n > 0; n--) {
    const value = pick(values, dice)
    if (text.startsWith(value[0], value.index)) {
      text =
        text.slice(0, value.index) + pick(HOSTILE, dice) + text.slice(value.index + value[0].length)
    }
  }
  return text
}

const TYPES = [
  'application/json',
  'text/plain',
  'application/json; charset=utf-16',
  '',
  'multipart/form-data; boundary=',
]
const CODINGS = ['gzip', 'br', 'identity, chunked', 'x'.repeat(300)]

/** A raw request: most have a head that passes the gate and a body that does not fit; the rest are odd all over. */
function rawRequest(port: number, dice: Dice): Uint8Array {
  const [method, path, body] = pick(ROUTES, dice)
  const kind = dice(100)
  let target: string = path
  let verb: string = method
  const headers = [`Host: 127.0.0.1:${port}`, `X-SisRua-Token: ${TOKEN}`, 'Connection: close']
  let bytes: Uint8Array = Buffer.from(body)
  if (kind < 60) bytes = mutate(body, dice)
  else if (kind < 70)
    target += pick(['?a[]=%', '?limit=-1', '?%00', '/../x', '%2f', '#', '\\', ';x'], dice)
  else if (kind < 80)
    headers.splice(
      dice(3),
      1,
      pick(['Host: ', 'X: \u0001', ': x', 'A'.repeat(20_000), 'Host: a, b'], dice),
    )
  else if (kind < 85) verb = pick(['get', 'TRACE', 'CONNECT', 'PRI', '', 'OPTIONS', '\u0000'], dice)
  const odd = kind >= 90
  const length = odd
    ? pick(['-1', '1e3', '99999999999', '0x10', '', '5, 5'], dice)
    : String(bytes.length)
  const type = dice(10) === 0 ? pick(TYPES, dice) : 'application/json'
  headers.push(`Content-Type: ${type}`, `Content-Length: ${length}`)
  if (dice(20) === 0) headers.push(`Content-Encoding: ${pick(CODINGS, dice)}`)
  if (odd && dice(2) === 0) headers.push('Transfer-Encoding: chunked')
  const head = Buffer.from(
    `${verb} ${target} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`,
    'latin1',
  )
  const whole = Buffer.concat([head, bytes])
  return kind >= 85 && kind < 90 ? whole.subarray(0, 1 + dice(whole.length)) : whole
}

const request = (port: number, method: string, path: string, body: Uint8Array): Uint8Array =>
  Buffer.concat([
    Buffer.from(
      `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-SisRua-Token: ${TOKEN}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
    ),
    body,
  ])

function hostileRequest(port: number, dice: Dice): Uint8Array {
  const [method, path, body] = pick(ROUTES, dice)
  return request(port, method, path, Buffer.from(hostileBody(body, dice)))
}

function damagedDocument(port: number, dice: Dice): Uint8Array {
  if (dice(2) === 0) {
    const kml = Buffer.from(mutate(pick(KML, dice), dice)).toString('utf8')
    return request(
      port,
      'POST',
      '/api/v1/gis/convert/kml',
      Buffer.from(JSON.stringify({ kml_content: kml })),
    )
  }
  const document = mutate(pick(GEOJSON, dice), dice)
  const text = dice(2) === 0 ? JSON.stringify(Buffer.from(document).toString('utf8')) : null
  const body =
    text === null
      ? Buffer.concat([Buffer.from('{"geojson":'), document, Buffer.from('}')])
      : Buffer.from(`{"geojson":${text}}`)
  return request(port, 'POST', '/api/v1/prepare/geojson', body)
}

const GENERATORS = { raw: rawRequest, hostile: hostileRequest, document: damagedDocument }

/** Believes what comes, as small servers do: what it throws is a 500. */
function startNaive(): Promise<http.Server> {
  const server = http.createServer((message, response) => {
    let body = ''
    message.on('data', (chunk) => {
      body += chunk
    })
    message.on('end', () => {
      try {
        const { kind, radius, geojson } = JSON.parse(body)
        const size = geojson.coordinates.flat().length + kind.length + radius.toFixed(1)
        response.end(String(size))
      } catch {
        response.writeHead(500).end()
      }
    })
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

function residentAfterCollection(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage.rss()
}

export const d3: Experiment = {
  id: 'D3',
  title: 'malformed input: no crash, no hang, no 500',
  async run(options) {
    const total = trialsOf(options, 22_000, 1_200)
    const counts = {
      raw: Math.round((total * 10) / 22),
      hostile: Math.round((total * 10) / 22),
      document: Math.round((total * 2) / 22),
    }
    const house = await startDaemon()
    const naive = await startNaive()
    const split: Record<string, number> = {}
    let failures = 0
    let slowest = 0
    let before = 0
    let grown = 0
    let fooled = 0
    try {
      // A first part of each kind warms everything up: threads, caches, compiled code.
      for (const part of ['first', 'rest'] as const) {
        if (part === 'rest') before = residentAfterCollection()
        for (const [kind, count] of Object.entries(counts) as [keyof typeof GENERATORS, number][]) {
          const dice = createDice(options.seed + kind.length + part.length)
          const first = Math.min(500, count >> 2)
          const places = Array.from(
            { length: part === 'first' ? first : count - first },
            (_, n) => n,
          )
          await inTurns(AT_ONCE, places, async (n) => {
            const heard = await send(house.port, GENERATORS[kind](house.port, dice), kind === 'raw')
            slowest = Math.max(slowest, heard.ms)
            const group = groupOf(heard)
            split[`${kind}: ${group}`] = (split[`${kind}: ${group}`] ?? 0) + 1
            // 503: an outside service or a full queue, with a word why; 507 and 504 do not come here.
            if (!heard.hung && (heard.status < 500 || heard.status === 503)) {
              if (n % 100 !== 99) return
              const health = await house.call('GET', '/api/v1/health', undefined, { token: null })
              if (health.status === 200) return
            }
            failures++
            const what = `${heard.status} after ${Math.round(heard.ms)} ms: ${heard.text.slice(-200)}`
            complain('D3', options.seed, n, `${part} ${kind}: ${what}`)
          })
        }
      }
      grown = residentAfterCollection() - before
      if (grown > MAY_GROW && !options.quick) {
        failures++
        complain('D3', options.seed, total, `memory grew by ${Math.round(grown / MEBIBYTE)} MiB`)
      }
      const port = (naive.address() as AddressInfo).port
      const dice = createDice(options.seed)
      for (let n = 0; n < 50; n++) {
        if ((await send(port, hostileRequest(port, dice), false)).status === 500) fooled++
      }
    } finally {
      naive.close()
      await house.stop()
    }
    const past = Object.entries(split)
      .filter(([name]) => name === 'raw: answered by a route')
      .reduce((sum, [, count]) => sum + count, 0)
    return {
      trials: total,
      failures,
      control: {
        expected: 'a handler that believes its input answers 500',
        seen: `${fooled} of 50 bodies`,
        ok: fooled > 0,
      },
      figures: {
        'raw requests past the gate': `${Math.round((100 * past) / counts.raw)} %`,
        ...split,
        'slowest answer': `${Math.round(slowest)} ms`,
        'memory grown after collection': `${Math.round(grown / MEBIBYTE)} MiB`,
      },
    }
  },
}

/** Who answered: the parser or the gate in front of the routes, or a route. */
function groupOf({ status, text }: Heard): string {
  if (status === 0) return 'closed'
  if (status < 300) return 'accepted'
  const gate =
    /HOST_REFUSED|ORIGIN_REFUSED|AUTH_REQUIRED|AUTH_INVALID|"NOT_FOUND"|METHOD_NOT_ALLOWED/
  if ((status === 400 && !text.includes('"code"')) || gate.test(text))
    return 'refused by parser or gate'
  return 'answered by a route'
}
