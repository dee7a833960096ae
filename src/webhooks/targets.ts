// Where a webhook may go. A URL is judged when it is registered, and every address it stands for at each delivery.
import { isIP } from 'node:net'
import { classifyAddress } from '../base/address.ts'
import { AppError } from '../base/errors.ts'
import { hostOf } from '../base/vetted-post.ts'

export interface TargetPolicy {
  /** The port we listen on: never a target on this machine. */
  ownPort(): number
  /** `host:port` that the settings file names; these may be on the local network and without TLS. */
  trusted: readonly string[]
  /** Whether the owner may register services on this machine. */
  loopback: boolean
}

export interface Targets {
  /** The URL in its one spelling. Throws WEBHOOK_TARGET_REFUSED. */
  check(text: string, by: { owner: boolean; allowInsecure: boolean }): URL
  /** Whether a delivery to this URL may connect to this address. */
  mayConnect(url: URL, address: string, allowInsecure: boolean): boolean
}

const LOOPBACK_NAME = /^(.+\.)?localhost$/

export function createTargets({ ownPort, trusted, loopback }: TargetPolicy): Targets {
  const named = new Set(trusted.map((one) => one.toLowerCase()))
  const isTrusted = (url: URL): boolean => named.has(`${hostOf(url)}:${portOf(url)}`)

  /** Why this URL may not go to an address of this class; null when it may. */
  function refusal(url: URL, address: string, allowInsecure: boolean): string | null {
    const kind = classifyAddress(address)
    if (kind === 'never')
      return 'This address can never be a webhook: it is link-local or reserved.'
    if (kind === 'loopback' && portOf(url) === ownPort()) return 'That is our own port.'
    if (isTrusted(url)) return null
    if (kind === 'private') {
      return 'An address of the local network must be named in the settings file (webhookTargets).'
    }
    if (kind === 'loopback') {
      // A name on the Internet that stands for this machine is a trick, not a local service.
      return loopback && isLocal(url) ? null : 'This machine is not a target of webhooks here.'
    }
    if (url.protocol === 'http:' && !allowInsecure) {
      return 'Use https, or say allow_insecure to send to this host without encryption.'
    }
    return null
  }

  return {
    check(text, { owner, allowInsecure }) {
      const url = parse(text)
      const host = hostOf(url)
      const literal = isIP(host) > 0 ? host : LOOPBACK_NAME.test(host) ? '127.0.0.1' : null
      if (isLocal(url) && !owner && !isTrusted(url)) {
        throw refused('Only the owner token may register a service on this machine.')
      }
      // What a name stands for is asked at delivery; until then it counts as public.
      const why = refusal(url, literal ?? '1.1.1.1', allowInsecure)
      if (why !== null) throw refused(why)
      return url
    },
    mayConnect: (url, address, allowInsecure) => refusal(url, address, allowInsecure) === null,
  }
}

/** Says plainly that it means this machine. */
function isLocal(url: URL): boolean {
  const host = hostOf(url)
  return isIP(host) > 0 ? classifyAddress(host) === 'loopback' : LOOPBACK_NAME.test(host)
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
}

function parse(text: string): URL {
  if (!URL.canParse(text)) {
    throw refused('The webhook URL cannot be read. Write http(s)://host/path.')
  }
  const url = new URL(text)
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || hostOf(url) === '') {
    throw refused('A webhook URL must be http or https and name a host.')
  }
  if (url.username !== '' || url.password !== '') {
    throw refused('A webhook URL must not hold a user name or password.')
  }
  url.hash = ''
  return url
}

function refused(message: string): AppError {
  return new AppError('WEBHOOK_TARGET_REFUSED', message)
}
