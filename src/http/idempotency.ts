// The Idempotency-Key header (IETF draft 07): a request that is sent twice is done once, and answered the same. Jobs have
// keys of their own, kept with the job; this is for the other requests that change something.
import { AppError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import { LARGEST_READ_HERE, readBody } from './body.ts'
import { type AnyContext, admissionOf } from './context.ts'

/** Whose key, where. */
interface Place {
  principal: string
  route: string
  key: string
}

/** Where answers are kept for a day. */
export interface KeyedAnswers {
  find(
    place: Place,
  ): { fingerprint: Buffer; status: number | null; response: Buffer | null } | undefined
  begin(place: Place, fingerprint: Buffer): Promise<void>
  /** `response` null: it was given, and is not kept. */
  keep(place: Place, status: number, response: Buffer | null): Promise<void>
  forget(place: Place): Promise<void>
}

const KEY = /^[\x21-\x7e]{1,255}$/

/** Null without the header. Throws PARAMS_INVALID: a key that is cut or left out would promise what is not kept. */
export function idempotencyKeyOf(c: AnyContext): string | null {
  const key = c.req.header('Idempotency-Key')
  if (key === undefined) return null
  if (KEY.test(key)) return key
  throw new AppError(
    'PARAMS_INVALID',
    'An Idempotency-Key is 1 to 255 printable ASCII characters without spaces, in one header.',
  )
}

/**
 * For routes whose access says `keyed`. The key is noted before the work, so that a request that was cut off by the end of
 * the program is never done a second time: nobody knows how far it came, and that is the answer.
 *
 * Only what was done is kept. A change here is one transaction (imports are several, and know what they took over), so a refusal
 * changes nothing and can be given again; and its cause can be cured: a version that was outdated, a project that is not there yet, a body with a mistake. Were the refusal repeated for a
 * day, the key would keep the client from the very request that it stands for. Stripe, too, keeps what began to be executed.
 */
export function answerOnce(answers: KeyedAnswers) {
  const busy = new Set<string>()
  return async (c: AnyContext, next: () => Promise<void>): Promise<Response | undefined> => {
    const { access, principal, path } = admissionOf(c)
    const key = access.keyed === undefined ? null : idempotencyKeyOf(c)
    if (key === null || principal === null) {
      await next()
      return undefined
    }
    const place: Place = { principal: principal.id, route: `POST ${path}`, key }
    const name = JSON.stringify(place)
    const isSmall = access.bodyBytes <= LARGEST_READ_HERE
    const fingerprint = fingerprintOf(
      isSmall ? await c.req.text() : await readBody(c.env.incoming, access.bodyBytes),
      c.req.header('If-Match'),
    )
    const found = answers.find(place)
    // Former versions kept refusals too.
    const known = (found?.status ?? 0) < 400 ? found : undefined
    if (known !== undefined && !known.fingerprint.equals(fingerprint)) {
      throw new AppError(
        'IDEMPOTENCY_KEY_REUSED',
        'This Idempotency-Key was used for another request (body or If-Match). Use a new key for a new request.',
      )
    }
    if (busy.has(name)) {
      throw new AppError('IDEMPOTENCY_KEY_BUSY', 'The first request with this key is not done yet.')
    }
    if (known !== undefined) return replay(place.route, known)
    busy.add(name)
    try {
      await answers.begin(place, fingerprint)
      await next()
      const { status } = c.res
      if (status >= 400) await answers.forget(place)
      else await answers.keep(place, status, access.keyed === 'secret' ? null : await textOf(c.res))
    } finally {
      busy.delete(name)
    }
    return undefined
  }
}

/** What makes two requests the same one: the body, and the version that it is meant for. 32 bytes. */
function fingerprintOf(body: Uint8Array | string, ifMatch: string | undefined): Buffer {
  const digest = sha256(body)
  return ifMatch === undefined ? digest : sha256(Buffer.concat([digest, sha256(ifMatch)]))
}

const textOf = async (answer: Response): Promise<Buffer> => Buffer.from(await answer.clone().text())

function replay(
  route: string,
  { status, response }: { status: number | null; response: Buffer | null },
): Response {
  if (status === null) {
    throw new AppError(
      'IDEMPOTENCY_KEY_BUSY',
      'The program ended while it worked on this request. Look whether it was done, then use a new key.',
    )
  }
  if (response === null) {
    throw new AppError(
      'IDEMPOTENCY_KEY_SPENT',
      'This request was done before. Its answer held a secret and was not kept: use a new key to get a new secret, or /rotate for that of a webhook.',
    )
  }
  const headers: Record<string, string> = { 'Idempotent-Replay': 'true' }
  if (status !== 204) headers['Content-Type'] = 'application/json'
  const etag = tagOf(route, response)
  if (etag !== null) headers.ETag = etag
  return new Response(status === 204 ? null : new Uint8Array(response), { status, headers })
}

/**
 * The ETag that the first answer carried, read from its body, so that answers kept by former versions have it too. Of the requests
 * with a key only these tag their answer: a new project with its version, the merged import with that of the `project` in it.
 */
function tagOf(route: string, response: Buffer): string | null {
  const isProject = route === 'POST /api/v1/projects'
  const isImport = response.subarray(0, 11).equals(Buffer.from('{"project":'))
  if (!isProject && !isImport) return null
  const body = JSON.parse(response.toString('utf8')) as Record<string, unknown>
  const version = ((isProject ? body : body.project) as { version?: unknown } | undefined)?.version
  return typeof version === 'number' ? `"${version}"` : null
}
