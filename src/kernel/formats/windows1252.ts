// Text of files that are not UTF-8 although they should be: older Brazilian GIS files are Windows-1252 (a superset of
// Latin-1 in all printable places). Source of the upper table: WHATWG Encoding Standard, index windows-1252.

/** Code points of the bytes 0x80 … 0x9f; the five unassigned ones keep their number. */
const UPPER = [
  0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039,
  0x0152, 0x8d, 0x017d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc,
  0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
]
const CHUNK = 4096

/** One character a byte. */
export function decodeWindows1252(bytes: Uint8Array, start = 0): string {
  let text = ''
  for (let from = start; from < bytes.length; from += CHUNK) {
    const units = Array.from(bytes.subarray(from, from + CHUNK), (byte) =>
      byte >= 0x80 && byte < 0xa0 ? UPPER[byte - 0x80]! : byte,
    )
    text += String.fromCharCode.apply(null, units)
  }
  return text
}
