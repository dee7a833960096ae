// KMZ: the KML documents of a zip archive, as Google Earth chooses them. Pictures and models in it are not even unpacked.
import { AppError } from '../base/errors.ts'
import { readZip, ZipProblem } from './zip.ts'

const LIMITS = { maxEntries: 10_000, maxBytes: 64 << 20, maxFiles: 1_000 }

export interface Kmz {
  /** The document that is shown first. */
  main: string
  /** All KML documents by their path in the archive. */
  documents: Map<string, Uint8Array>
}

/** Whether the bytes begin as a zip archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5)
}

/**
 * Opens an archive. The main document is `doc.kml` at its root, else the first at the root, else the first anywhere. KML_INVALID
 * when it is damaged, holds no KML or more than 64 MB of it.
 */
export async function readKmz(bytes: Uint8Array): Promise<Kmz> {
  const documents = await readZip(bytes, (name) => /\.kml$/i.test(name), LIMITS).catch((error) => {
    const reason = error instanceof ZipProblem ? error.message : 'it is damaged'
    throw new AppError('KML_INVALID', `The KMZ cannot be read: ${reason}. Export it again.`)
  })
  const names = [...documents.keys()]
  const main =
    names.find((name) => /^doc\.kml$/i.test(name)) ??
    names.find((name) => !name.includes('/')) ??
    names[0]
  if (main === undefined) {
    throw new AppError(
      'KML_INVALID',
      'The KMZ holds no KML document; check what was packed into it.',
    )
  }
  return { main, documents }
}

/** The document that a link in the document `from` leads to, or null when it leads out of the archive. */
export function linkedDocument({ documents }: Kmz, from: string, href: string): string | null {
  const parts = from.split('/').slice(0, -1)
  for (const part of href.replaceAll('\\', '/').split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  const name = parts.join('/')
  return documents.has(name) ? name : null
}
