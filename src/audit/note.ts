// Signed notes and checkpoints in the C2SP formats (signed-note, tlog-checkpoint): text that a third party can check
// with existing tools. Ed25519 only.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { AppError } from '../base/errors.ts'
import type { Digest } from './digest.ts'

const ED25519 = 1
// DER prefixes of a PKCS #8 private and an SPKI public Ed25519 key (RFC 8410, section 10).
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/**
 * A key's name: no plus sign, and nothing that JavaScript or Python takes for a space. They differ in U+001C to U+001F, U+0085 and
 * U+FEFF, and two verifiers must read the same note in the same way.
 */
export const NAME_PATTERN = '[^\\s\\x1c-\\x1f\\x85\\ufeff+]+'
const NAME = new RegExp(`^${NAME_PATTERN}$`)
const VKEY = new RegExp(`^(${NAME_PATTERN})\\+([0-9a-f]{8})\\+([A-Za-z0-9+/]{44})$`)
const SIGNATURE = new RegExp(`^— (${NAME_PATTERN}) ([A-Za-z0-9+/]+={0,2})$`)
/** Name, size (at most 15 digits, so that it is exact everywhere), root. */
const CHECKPOINT = new RegExp(`^(${NAME_PATTERN})\\n(0|[1-9][0-9]{0,14})\\n([A-Za-z0-9+/]{43}=)\\n`)

/** A key that signs notes under a name. */
export interface Signer {
  /** Key name: for us the log's origin. No space, no plus sign. */
  name: string
  privateKey: KeyObject
  /** The verifier key to hand out: `name+id+base64`. */
  vkey: string
}

interface Verifier {
  name: string
  id: Buffer
  publicKey: KeyObject
}

const invalid = (why: string): AppError =>
  new AppError('REQUEST_INVALID', `The note is not valid: ${why}.`)

/** First four bytes of SHA-256(name ‖ newline ‖ algorithm ‖ public key). */
function keyId(name: string, keyed: Buffer): Buffer {
  return createHash('sha256').update(`${name}\n`).update(keyed).digest().subarray(0, 4)
}

/** A signer from a 32-byte Ed25519 seed. */
export function createSigner(name: string, seed: Uint8Array): Signer {
  if (seed.length !== 32) throw new RangeError('an Ed25519 seed has 32 bytes')
  if (!NAME.test(name)) throw new RangeError('a key name has no space and no plus sign')
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const keyed = Buffer.concat([Buffer.from([ED25519]), spki.subarray(-32)])
  const id = keyId(name, keyed).toString('hex')
  return { name, privateKey, vkey: `${name}+${id}+${keyed.toString('base64')}` }
}

function parseVkey(vkey: string): Verifier {
  const match = VKEY.exec(vkey.trim())
  if (!match) throw invalid('the verifier key is not of the form name+id+base64')
  const [, name, hexId, encoded] = match as unknown as [string, string, string, string]
  const keyed = Buffer.from(encoded, 'base64')
  const id = Buffer.from(hexId, 'hex')
  if (keyed.length !== 33 || keyed[0] !== ED25519) throw invalid('the verifier key is not Ed25519')
  if (!keyId(name, keyed).equals(id)) throw invalid('the verifier key does not match its id')
  const publicKey = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, keyed.subarray(1)]),
    format: 'der',
    type: 'spki',
  })
  return { name, id, publicKey }
}

/** Signs `text` (must end in a newline); answers the whole note. */
export function signNote(text: string, signer: Signer): string {
  if (!text.endsWith('\n')) throw new RangeError("a note's text ends in a newline")
  const id = Buffer.from(signer.vkey.split('+')[1]!, 'hex')
  const signature = sign(null, Buffer.from(text), signer.privateKey)
  return `${text}\n— ${signer.name} ${Buffer.concat([id, signature]).toString('base64')}\n`
}

/** The text of a note that at least one of the verifier keys signed; throws REQUEST_INVALID otherwise. */
export function openNote(note: string, vkeys: readonly string[]): string {
  const cut = note.lastIndexOf('\n\n')
  if (cut < 0 || !note.endsWith('\n')) throw invalid('it has no signature block')
  const text = note.slice(0, cut + 1)
  const lines = note.slice(cut + 2, -1).split('\n')
  const verifiers = vkeys.map(parseVkey)
  for (const line of lines) {
    const match = SIGNATURE.exec(line)
    if (!match) throw invalid('a signature line is malformed')
    const bytes = Buffer.from(match[2]!, 'base64')
    if (bytes.toString('base64') !== match[2]) throw invalid('a signature is not canonical base64')
    for (const { name, id, publicKey } of verifiers) {
      if (name !== match[1] || bytes.length !== 68 || !bytes.subarray(0, 4).equals(id)) continue
      if (verify(null, Buffer.from(text), publicKey, bytes.subarray(4))) return text
      throw invalid(`the signature of ${name} is wrong`)
    }
  }
  throw invalid('none of the given keys signed it')
}

/** Where a log stood. */
export interface Checkpoint {
  origin: string
  size: number
  root: Digest
}

/** Text of a checkpoint: origin, size, base64 root, one a line; no extension lines. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root, 'latin1').toString('base64')}\n`
}

/** The checkpoint in a note's text; throws REQUEST_INVALID. */
export function parseCheckpoint(text: string): Checkpoint {
  const match = CHECKPOINT.exec(text)
  if (!match) throw invalid('it is not a checkpoint')
  const root = Buffer.from(match[3]!, 'base64').toString('latin1')
  return { origin: match[1]!, size: Number(match[2]), root }
}
