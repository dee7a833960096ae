// Names and texts as DXF takes them: forbidden characters out, the format's own escapes in.

/** Characters AutoCAD refuses in symbol names, the caret that starts an escape, and control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
const FORBIDDEN = /[<>/\\":;?*|=,`^\u0000-\u001f\u007f-\u009f\u2028\u2029]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g
const MAX_NAME = 255

/** A valid symbol name: forbidden characters become `_`, at most 255 bytes; an empty one becomes `_`. */
export function symbolName(name: string): string {
  const cleaned = limitUtf8(name.replace(FORBIDDEN, '_').trim(), MAX_NAME).trim()
  return cleaned === '' ? '_' : cleaned
}

/**
 * Gives out symbol names that are unique without regard to case: the second `a` becomes `A-2`.
 * `taken` are names that are in use already.
 */
export class NameTable {
  private readonly used = new Set<string>()

  constructor(taken: readonly string[] = []) {
    for (const name of taken) this.used.add(foldCase(name))
  }

  /** A valid name as near to `wanted` as possible, from now on taken. */
  add(wanted: string): string {
    const name = symbolName(wanted)
    let unique = name
    for (let i = 2; this.used.has(foldCase(unique)); i++) {
      unique = `${limitUtf8(name, MAX_NAME - 12)}-${i}`
    }
    this.used.add(foldCase(unique))
    return unique
  }
}

/** What two names have in common when AutoCAD takes them for one. */
export function foldCase(name: string): string {
  return name.toUpperCase().toLowerCase()
}

/** The first bytes of `text` as UTF-8, whole characters only, at most `maxBytes`. */
export function limitUtf8(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text
  let bytes = 0
  let i = 0
  while (i < text.length) {
    const point = text.codePointAt(i)!
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
    if (bytes > maxBytes) break
    i += point > 0xffff ? 2 : 1
  }
  return text.slice(0, i)
}

/** A string on one line for any group: no control characters, `^` kept apart from what follows, no `\U+` by accident. */
export function escapeString(text: string): string {
  return text
    .replace(CONTROL, ' ')
    .replaceAll('^', '^ ')
    .replace(/\\(?=[UuMm]\+)/g, '\\U+005C')
}

/** The text of a TEXT entity: as a string, and `%%` drawn as two percent signs. Escape codes count as characters of the text. */
export function escapeText(text: string): string {
  return escapeString(text).replaceAll('%%', '%%%%%%')
}

/** The text of an MTEXT: its formatting characters escaped, lines parted by `\P`. */
export function escapeMtext(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) =>
      line
        .replace(CONTROL, ' ')
        .replace(/[\\{}]/g, '\\$&')
        .replaceAll('^', '^ ')
        .replaceAll('%%', '%%%%%%'),
    )
    .join('\\P')
}
