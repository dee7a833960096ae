// Files out of a zip archive, bounded: how many are looked at, how much may come out. Nothing is written anywhere.
import { promisify } from 'node:util'
import yauzl from 'yauzl'

export interface ZipLimits {
  /** Entries of the archive that are looked at. */
  maxEntries: number
  /** Unpacked, all wanted files together. */
  maxBytes: number
  /** Wanted files after which the reading ends. */
  maxFiles: number
}

/** What is wrong with an archive, as the end of a sentence that begins with its name. */
export class ZipProblem extends Error {}

const openFile = promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open)
const openBuffer = promisify<Buffer, yauzl.Options, yauzl.ZipFile>(yauzl.fromBuffer)

/**
 * The wanted files of an archive (a path, or its bytes), in the order of its directory. Sizes that the directory states are believed for
 * the limit, and held to while unpacking, so a bomb costs nothing. Throws ZipProblem.
 */
export async function readZip(
  source: string | Uint8Array,
  wanted: (name: string) => boolean,
  { maxEntries, maxBytes, maxFiles }: ZipLimits,
): Promise<Map<string, Uint8Array>> {
  const options = { lazyEntries: true, autoClose: false }
  const zip = await (typeof source === 'string'
    ? openFile(source, options)
    : openBuffer(Buffer.from(source.buffer, source.byteOffset, source.byteLength), options)
  ).catch(() => {
    throw new ZipProblem('it is no zip file or damaged')
  })
  const files = new Map<string, Uint8Array>()
  let bytes = 0
  let entries = 0
  try {
    for (;;) {
      const entry = await nextEntry(zip)
      if (entry === null || files.size >= maxFiles) return files
      if (++entries > maxEntries) throw new ZipProblem(`it holds more than ${maxEntries} files`)
      if (!wanted(entry.fileName)) continue
      bytes += entry.uncompressedSize
      if (bytes > maxBytes) {
        throw new ZipProblem(`it unpacks to more than ${Math.round(maxBytes / (1 << 20))} MB`)
      }
      files.set(entry.fileName, await unpack(zip, entry))
    }
  } finally {
    zip.close()
  }
}

/** The directory's next entry, or null at its end. */
function nextEntry(zip: yauzl.ZipFile): Promise<yauzl.Entry | null> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      zip.removeAllListeners()
    }
    zip.once('entry', (entry: yauzl.Entry) => {
      done()
      resolve(entry)
    })
    zip.once('end', () => {
      done()
      resolve(null)
    })
    zip.once('error', () => {
      done()
      zip.on('error', () => {})
      reject(new ZipProblem('it is damaged'))
    })
    zip.readEntry()
  })
}

function unpack(zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new ZipProblem('it is damaged'))
    zip.openReadStream(entry, (error, stream) => {
      if (error) return fail()
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('error', fail)
      stream.on('end', () => resolve(Buffer.concat(chunks)))
    })
  })
}
