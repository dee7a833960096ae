import { describe, expect, test } from 'vitest'
import { leafDigest } from '../../src/audit/merkle.ts'
import {
  checkpointText,
  createSigner,
  openNote,
  parseCheckpoint,
  signNote,
} from '../../src/audit/note.ts'
import { describeWithJudge, python } from '../support/judge.ts'

const seed = Buffer.alloc(32, 9)
const signer = createSigner('sisrua.local/audit/abc/e1', seed)
const checkpoint = { origin: signer.name, size: 1201, root: leafDigest('x') }
const note = signNote(checkpointText(checkpoint), signer)

describe('signed notes', () => {
  test('a checkpoint survives signing and opening', () => {
    expect(parseCheckpoint(openNote(note, [signer.vkey]))).toEqual(checkpoint)
  })

  test('every altered character is noticed', () => {
    for (let i = 0; i < note.length; i++) {
      const other = note[i] === 'A' ? 'B' : 'A'
      const altered = note.slice(0, i) + other + note.slice(i + 1)
      expect(() => openNote(altered, [signer.vkey]), `character ${i}`).toThrow(/note is not valid/)
    }
  })

  test('another key, no key and nonsense are refused', () => {
    const other = createSigner(signer.name, Buffer.alloc(32, 8))
    expect(() => openNote(note, [other.vkey])).toThrow(/none of the given keys/)
    expect(() => openNote(note, [])).toThrow(/none of the given keys/)
    expect(() => openNote('x', [signer.vkey])).toThrow(/no signature block/)
    expect(() => openNote(note, [signer.vkey.replace(/.$/, 'B')])).toThrow(/note is not valid/)
    expect(() => parseCheckpoint('a\n-1\nx\n')).toThrow(/not a checkpoint/)
  })

  test('a second signature by somebody else does not disturb', () => {
    const witness = createSigner('witness.example', Buffer.alloc(32, 7))
    const line = signNote(checkpointText(checkpoint), witness).split('\n\n')[1]!
    expect(openNote(note + line, [signer.vkey])).toBe(checkpointText(checkpoint))
    expect(openNote(note + line, [witness.vkey])).toBe(checkpointText(checkpoint))
  })
})

describeWithJudge(
  'python3-cryptography',
  ['/usr/bin/python3', '-c', 'import cryptography'],
  'signed notes, by another implementation',
  () => {
    test("Python's Ed25519 accepts the signature", () => {
      const answer = python(
        `
import sys, base64, hashlib
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
vkey, note = sys.stdin.read().split('\\0')
name, kid, key = vkey.split('+', 2)
text, tail = note.split('\\n\\n')
text += '\\n'
sig = base64.b64decode(tail.split(' ')[2])
key = base64.b64decode(key)
assert hashlib.sha256((name + '\\n').encode() + key).digest()[:4].hex() == kid == sig[:4].hex()
Ed25519PublicKey.from_public_bytes(key[1:]).verify(sig[4:], text.encode())
print('ok')`,
        `${signer.vkey}\0${note}`,
      )
      expect(answer.trim()).toBe('ok')
    })
  },
)
