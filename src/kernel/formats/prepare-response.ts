// The wire's PrepareResponse: the job result that the plugin draws, as JSON bytes.
import type { Drawing, Note } from '../cad/drawing.ts'
import { ByteWriter } from './byte-writer.ts'
import { writeTags } from './json-tags.ts'
import { type PrepareFeatureOptions, PrepareFeatureWriter } from './prepare-feature.ts'

export interface PrepareResponseOptions extends PrepareFeatureOptions {
  /** Text features too; the stock plugin knows none. */
  labels?: boolean
}

/**
 * The drawing as PrepareResponse. Rings repeat their first vertex, for the plugin never closes a line. A line with fewer than two
 * finite vertices, or a point without a finite place, is left out: the contract allows neither null nor NaN inside `coords_xy`.
 */
export function writePrepareResponse(
  drawing: Drawing,
  notes: readonly Note[],
  options: PrepareResponseOptions,
): Uint8Array {
  const { features, paths } = drawing
  const writer = new ByteWriter(4096 + paths.coords.length * 16 + features.length * 560)
  const response = new PrepareFeatureWriter(writer, drawing, options)
  writer.text('{"crs_out":')
  writer.jsonString(`EPSG:${drawing.epsg}`)
  writer.text(',"features":[')
  let first = true
  for (let i = 0; i < features.length; i++) {
    const feature = features[i]!
    if (feature.kind === 'text' && options.labels !== true) continue
    if (!response.drawable(feature)) continue
    if (!first) writer.byte(44)
    first = false
    response.write(feature)
  }
  writer.text('],"cache_hit":null,"vertical_datum":')
  writer.jsonString(drawing.verticalDatum)
  writer.text(',"attribution":')
  writer.jsonString(drawing.credits.length === 0 ? null : drawing.credits.join('\n'))
  writer.text(',"source_timestamp":')
  writer.jsonString(drawing.sourceTimestamp)
  writer.text(',"notes":[')
  notes.forEach((note, i) => {
    writer.text(i > 0 ? ',{"code":' : '{"code":')
    writer.jsonString(note.code)
    writer.text(',"data":')
    writeTags(writer, note.data)
    writer.byte(125)
  })
  writer.text(']}')
  return writer.take()
}
