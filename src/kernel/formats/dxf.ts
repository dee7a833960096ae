// A drawing as a DXF file that AutoCAD opens without a question: release AC1024 (2010), UTF-8, every table and object in place.
import type { Drawing } from '../cad/drawing.ts'
import type { Tin } from '../geo/tin.ts'
import { BLOCK_BYTES, type ByteSink } from './byte-writer.ts'
import { creditLines } from './credit-lines.ts'
import { writeBlocks } from './dxf-blocks.ts'
import { writeEntities } from './dxf-entities.ts'
import { writeFaces } from './dxf-faces.ts'
import { cadCrsOf } from './dxf-geodata.ts'
import { writeClasses, writeHeader } from './dxf-header.ts'
import { escapeString, limitUtf8 } from './dxf-names.ts'
import { writeObjects } from './dxf-objects.ts'
import { planDxf } from './dxf-plan.ts'
import { writeTables } from './dxf-tables.ts'
import { DxfWriter } from './dxf-tags.ts'

export interface DxfOptions {
  /** When the data was fetched, for the credit line; null leaves it out. */
  retrievedAt: string | null
  /** Terrain mesh to add as 3DFACE on its own layer. */
  tin?: Tin | null
  /** Takes the file in pieces while it is written; the answer then is empty. A large drawing never stands in memory as text. */
  sink?: ByteSink | null
}

/** What most drawings stay below; one that does not costs a copy of what was written. Room that is not used takes no memory. */
const BYTES_PER_COORDINATE = 16
const BYTES_PER_FEATURE = 512
/** Room for the pieces of four blocks, and for what is written of the next one before it is noticed. */
const PIECE_ROOM = 4 * BLOCK_BYTES + 65_536

/**
 * The drawing in metres of its CRS, millimetres kept (three decimals). Lines and rings are LWPOLYLINE at their elevation, points are
 * INSERT of a defined block or POINT, texts are TEXT; all carry extended data. Features whose coordinates are not finite, or
 * with too few vertices, are left out and counted in a comment at the start of the file.
 */
export function writeDxf(drawing: Drawing, options: DxfOptions): Uint8Array {
  const tin = options.tin ?? null
  const sink = options.sink ?? null
  const plan = planDxf(drawing, tin)
  const crs = cadCrsOf(drawing.epsg)
  const writer = new DxfWriter(
    plan.firstHandle,
    sink === null
      ? 65_536 +
          drawing.paths.coords.length * BYTES_PER_COORDINATE +
          drawing.features.length * BYTES_PER_FEATURE
      : PIECE_ROOM,
    sink,
  )
  for (const line of creditLines(drawing, options.retrievedAt)) comment(writer, line)
  if (plan.skipped.notFinite > 0) {
    comment(
      writer,
      `${plan.skipped.notFinite} features left out: a coordinate is not a finite number`,
    )
  }
  if (plan.skipped.tooShort > 0) {
    comment(writer, `${plan.skipped.tooShort} features left out: too few vertices`)
  }
  writeHeader(writer, plan)
  writeClasses(writer, crs !== null)
  writeTables(writer, plan, crs !== null)
  writeBlocks(writer, plan)
  writeEntities(writer, drawing, plan, options.retrievedAt, () => {
    if (tin !== null && plan.tinLayer !== null) writeFaces(writer, tin, plan.tinLayer)
  })
  writeObjects(writer, plan, crs)
  writer.group(0, 'EOF')
  return writer.take()
}

function comment(writer: DxfWriter, text: string): void {
  writer.group(999, limitUtf8(escapeString(text), 250))
}
