// KML bytes → text ready to be parsed: whatever encoding it is in, element names without a prefix.
import { AppError } from '../base/errors.ts'

const DECLARED_ENCODING = /^<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([\w.:-]{1,40})["']/
/** A prefix bound to one of KML's own namespaces. */
const KML_PREFIX =
  /\sxmlns:([A-Za-z_][\w.-]{0,40})\s*=\s*["']http:\/\/(?:www\.opengis\.net|earth\.google\.com)\/kml\//g

/** Whether the bytes begin as XML does, in any encoding, and no JSON. */
export function isXml(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, 64)
  const wide = wideEncoding(head)
  const even = head.subarray(0, head.length & ~1)
  return /^(\ufeff|\s)*</.test(new TextDecoder(wide ?? 'utf-8').decode(even))
}

/**
 * The text. UTF-16 is told by its byte order mark; what is sound UTF-8 is UTF-8, whatever it declares, since a text sent inside JSON keeps
 * the declaration of the file it was; everything else is what it declares, or Windows-1252. KML_INVALID for an unknown encoding.
 */
export function decodeKml(bytes: Uint8Array): string {
  return withoutPrefix(decode(bytes))
}

function decode(bytes: Uint8Array): string {
  const wide = wideEncoding(bytes)
  if (wide !== null) return new TextDecoder(wide).decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const head = new TextDecoder('latin1').decode(bytes.subarray(0, 300))
    const declared = DECLARED_ENCODING.exec(head)?.[1] ?? 'windows-1252'
    // A few bytes damaged in UTF-8 become replacement characters, as in every browser.
    const label = /^utf-?16/i.test(declared) ? 'utf-8' : declared
    try {
      return new TextDecoder(label).decode(bytes)
    } catch {
      throw new AppError(
        'KML_INVALID',
        `The KML is in the encoding ${label.slice(0, 40)}, which is not known. Save it as UTF-8.`,
      )
    }
  }
}

function wideEncoding(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null
}

const TAG_START = /<!--|<!\[CDATA\[|<(\/?)([A-Za-z_][\w.-]*):/g

/**
 * `<kml:Placemark>` → `<Placemark>`: the reader of KML knows elements by their plain names. Comments and CDATA stay; one linear walk,
 * whatever is left open.
 */
function withoutPrefix(text: string): string {
  const prefixes = new Set(Array.from(text.matchAll(KML_PREFIX), ([, prefix]) => prefix!))
  if (prefixes.size === 0) return text
  const pieces: string[] = []
  let done = 0
  TAG_START.lastIndex = 0
  for (let tag = TAG_START.exec(text); tag !== null; tag = TAG_START.exec(text)) {
    const [whole, slash, prefix] = tag
    if (prefix === undefined) {
      const end = text.indexOf(whole === '<!--' ? '-->' : ']]>', TAG_START.lastIndex)
      if (end < 0) break
      TAG_START.lastIndex = end
    } else if (prefixes.has(prefix)) {
      pieces.push(text.slice(done, tag.index), `<${slash}`)
      done = TAG_START.lastIndex
    }
  }
  pieces.push(text.slice(done))
  return pieces.join('')
}
