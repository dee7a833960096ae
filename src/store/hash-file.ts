// The SHA-256 of a whole file, read piece by piece: Node refuses to read one of more than 2 GiB at once.
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'

const PIECE_BYTES = 4 * 2 ** 20

/** Lower-case hex. Throws what the disk says. */
export function hashFile(file: string, pieceBytes = PIECE_BYTES): string {
  const hash = createHash('sha256')
  const piece = Buffer.allocUnsafe(pieceBytes)
  const handle = openSync(file, 'r')
  try {
    for (let read = pieceBytes; read > 0; ) {
      read = readSync(handle, piece)
      hash.update(piece.subarray(0, read))
    }
    return hash.digest('hex')
  } finally {
    closeSync(handle)
  }
}
