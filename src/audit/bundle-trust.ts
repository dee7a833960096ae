// Keys and notes of a bundle: which keys are believed, and what a note says when a believed key signed it.

import { createHash } from 'node:crypto'
import { VKEY_PATTERN } from './bundle-format.ts'
import { type Checkpoint, openNote, parseCheckpoint } from './note.ts'

const VKEY = new RegExp(`^${VKEY_PATTERN}$`)

/** The name of a well-formed Ed25519 verifier key, or null. */
function vkeyName(vkey: string): string | null {
  const found = VKEY.exec(vkey)
  if (found === null) return null
  const [, name, id, encoded] = found as unknown as [string, string, string, string]
  const keyed = Buffer.from(encoded, 'base64')
  if (keyed.length !== 33 || keyed[0] !== 1 || keyed.toString('base64') !== encoded) return null
  const digest = createHash('sha256').update(`${name}\n`).update(keyed).digest()
  return digest.subarray(0, 4).toString('hex') === id ? name : null
}

/** Believed keys by name. */
export class Trust {
  readonly #vkeys = new Map<string, string>()

  add(vkey: string): boolean {
    const name = vkeyName(vkey)
    if (name !== null) this.#vkeys.set(name, vkey)
    return name !== null
  }

  has(name: string): boolean {
    return this.#vkeys.has(name)
  }

  /** The note's text when the key of this name signed it; null otherwise. */
  open(note: string, name: string): string | null {
    const vkey = this.#vkeys.get(name)
    if (vkey === undefined) return null
    try {
      return openNote(note, [vkey])
    } catch {
      return null
    }
  }
}

/** The checkpoint a note claims to be, signature not looked at; null when it is none. */
export function claimOf(note: string): Checkpoint | null {
  try {
    return parseCheckpoint(note)
  } catch {
    return null
  }
}
