// The BLOCKS section: the two layouts' blocks, empty here as always, and the symbols that the drawing inserts.
import { type Stroke, symbolOf } from '../cad/blocks.ts'
import { escapeString } from './dxf-names.ts'
import type { DxfPlan } from './dxf-plan.ts'
import { type DxfWriter, HANDLES } from './dxf-tags.ts'

export function writeBlocks(writer: DxfWriter, plan: DxfPlan): void {
  writer.section('BLOCKS', () => {
    const layouts = [
      ['*Model_Space', HANDLES.modelRecord, HANDLES.modelBlock, HANDLES.modelEnd],
      ['*Paper_Space', HANDLES.paperRecord, HANDLES.paperBlock, HANDLES.paperEnd],
    ] as const
    for (const [name, record, begin, end] of layouts) {
      beginBlock(writer, name, record, begin, '')
      endBlock(writer, record, end)
    }
    for (const block of plan.blocks) {
      const symbol = symbolOf(block.symbol)
      beginBlock(writer, block.name, block.recordHandle, writer.takeHandle(), symbol.description)
      for (const stroke of symbol.strokes) writeStroke(writer, stroke, block.recordHandle)
      endBlock(writer, block.recordHandle, writer.takeHandle())
    }
  })
}

function beginBlock(
  writer: DxfWriter,
  name: string,
  record: number,
  handle: number,
  description: string,
): void {
  writer.record('BLOCK', handle, record)
  writer.groups([100, 'AcDbEntity'])
  if (name === '*Paper_Space') writer.int(67, 1)
  writer.groups([8, '0'], [100, 'AcDbBlockBegin'], [2, name], [70, 0])
  writer.point(10, 0, 0)
  writer.groups([3, name], [1, ''])
  if (description !== '') writer.group(4, escapeString(description))
}

function endBlock(writer: DxfWriter, record: number, handle: number): void {
  writer.record('ENDBLK', handle, record)
  writer.group(100, 'AcDbEntity')
  if (record === HANDLES.paperRecord) writer.int(67, 1)
  writer.groups([8, '0'], [100, 'AcDbBlockEnd'])
}

/** A stroke on layer 0 with everything ByBlock, so that it looks like the insertion. */
function writeStroke(writer: DxfWriter, stroke: Stroke, owner: number): void {
  const type = stroke.kind === 'line' ? 'LWPOLYLINE' : stroke.kind === 'arc' ? 'ARC' : 'CIRCLE'
  writer.record(type, writer.takeHandle(), owner)
  writer.groups([100, 'AcDbEntity'], [8, '0'], [6, 'ByBlock'], [62, 0], [370, -2])
  if (stroke.kind === 'line') {
    writer.groups(
      [100, 'AcDbPolyline'],
      [90, stroke.points.length / 2],
      [70, stroke.closed ? 1 : 0],
    )
    for (let i = 0; i < stroke.points.length; i += 2) {
      writer.real(10, stroke.points[i]!)
      writer.real(20, stroke.points[i + 1]!)
    }
    return
  }
  writer.group(100, 'AcDbCircle')
  writer.point(10, stroke.x, stroke.y)
  writer.real(40, stroke.radius)
  if (stroke.kind === 'arc') {
    writer.group(100, 'AcDbArc')
    writer.real(50, stroke.startDegrees)
    writer.real(51, stroke.endDegrees)
  }
}
