// JSON values that more than one writer needs: lists of strings and the scalars of a source's tags.
import type { Scalar } from '../cad/drawing.ts'
import type { ByteWriter } from './byte-writer.ts'

/** An array of strings. */
export function writeStrings(writer: ByteWriter, values: readonly string[]): void {
  writer.byte(91)
  for (let i = 0; i < values.length; i++) {
    if (i > 0) writer.byte(44)
    writer.jsonString(values[i]!)
  }
  writer.byte(93)
}

/** Source tags as a JSON object. */
export function writeTags(writer: ByteWriter, tags: Readonly<Record<string, Scalar>>): void {
  writer.byte(123)
  let first = true
  for (const key in tags) {
    if (!Object.hasOwn(tags, key)) continue
    if (!first) writer.byte(44)
    first = false
    writer.jsonString(key)
    writer.byte(58)
    writer.jsonScalar(tags[key]!)
  }
  writer.byte(125)
}
