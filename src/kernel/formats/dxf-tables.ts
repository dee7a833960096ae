// The nine symbol tables of a DXF file, in the order AutoCAD expects.
import type { DxfPlan } from './dxf-plan.ts'
import { APPLICATION, type DxfWriter, HANDLES, hex, LABEL_STYLE } from './dxf-tags.ts'

type Value = readonly [number, string | number]

/** DIMSTYLE `Standard`: metric sizes; order and presence as AutoCAD writes them. */
const DIMENSION_STYLE: readonly Value[] = [
  [40, 1],
  [41, 2.5],
  [42, 0.625],
  [43, 3.75],
  [44, 1.25],
  [45, 0],
  [46, 0],
  [47, 0],
  [48, 0],
  [140, 2.5],
  [141, 2.5],
  [142, 0],
  [143, 0.0393700787],
  [144, 1],
  [145, 0],
  [146, 1],
  [147, 0.625],
  [148, 0],
  [71, 0],
  [72, 0],
  [73, 0],
  [74, 0],
  [75, 0],
  [76, 0],
  [77, 1],
  [78, 8],
  [79, 3],
  [170, 0],
  [171, 3],
  [172, 1],
  [173, 0],
  [174, 0],
  [175, 0],
  [176, 0],
  [177, 0],
  [178, 0],
  [179, 2],
  [271, 2],
  [272, 2],
  [273, 2],
  [274, 3],
  [275, 0],
  [276, 0],
  [277, 2],
  [278, 44],
  [279, 0],
  [280, 0],
  [281, 0],
  [282, 0],
  [283, 0],
  [284, 8],
  [285, 0],
  [286, 0],
  [288, 0],
  [289, 3],
  [290, 0],
  [340, hex(HANDLES.standardStyle)],
  [371, -2],
  [372, -2],
]

export function writeTables(writer: DxfWriter, plan: DxfPlan, hasGeoData: boolean): void {
  writer.section('TABLES', () => {
    table(writer, 'VPORT', HANDLES.viewportTable, 1, () => writeViewport(writer, plan))
    table(writer, 'LTYPE', HANDLES.linetypeTable, plan.linetypes.length + 2, () =>
      writeLinetypes(writer, plan),
    )
    table(writer, 'LAYER', HANDLES.layerTable, plan.layers.length, () => writeLayers(writer, plan))
    table(writer, 'STYLE', HANDLES.styleTable, 2, () => writeStyles(writer))
    table(writer, 'VIEW', HANDLES.viewTable, 0, () => {})
    table(writer, 'UCS', HANDLES.ucsTable, 0, () => {})
    table(writer, 'APPID', HANDLES.appidTable, 2, () => {
      for (const name of ['ACAD', APPLICATION]) {
        entry(writer, 'APPID', HANDLES.appidTable, 'AcDbRegAppTableRecord', name)
      }
    })
    writer.groups([0, 'TABLE'], [2, 'DIMSTYLE'])
    writer.handle(5, HANDLES.dimstyleTable)
    writer.groups([330, 0], [100, 'AcDbSymbolTable'], [70, 1], [100, 'AcDbDimStyleTable'], [71, 0])
    writer.group(0, 'DIMSTYLE')
    // The one record whose handle is under 105.
    writer.handle(105, HANDLES.dimstyleStandard)
    writer.handle(330, HANDLES.dimstyleTable)
    writer.groups(
      [100, 'AcDbSymbolTableRecord'],
      [100, 'AcDbDimStyleTableRecord'],
      [2, 'Standard'],
      [70, 0],
    )
    writer.groups(...DIMENSION_STYLE)
    writer.group(0, 'ENDTAB')
    table(writer, 'BLOCK_RECORD', HANDLES.blockRecordTable, plan.blocks.length + 2, () =>
      writeBlockRecords(writer, plan, hasGeoData),
    )
  })
}

function table(writer: DxfWriter, name: string, handle: number, count: number, body: () => void) {
  writer.groups([0, 'TABLE'], [2, name])
  writer.handle(5, handle)
  writer.groups([330, 0], [100, 'AcDbSymbolTable'], [70, count])
  body()
  writer.group(0, 'ENDTAB')
}

/** Start of a table record up to its flags. */
function entry(
  writer: DxfWriter,
  type: string,
  owner: number,
  subclass: string,
  name: string,
  handle = writer.takeHandle(),
): void {
  writer.record(type, handle, owner)
  writer.groups([100, 'AcDbSymbolTableRecord'], [100, subclass], [2, name], [70, 0])
}

/** The view AutoCAD opens with: the whole extent with a margin. */
function writeViewport(writer: DxfWriter, plan: DxfPlan): void {
  const [west, south, east, north] = plan.extent ?? [0, 0, 100, 100]
  const height = Math.max(10, 1.1 * Math.max(north - south, (east - west) / 1.6))
  entry(
    writer,
    'VPORT',
    HANDLES.viewportTable,
    'AcDbViewportTableRecord',
    '*Active',
    HANDLES.viewport,
  )
  writer.groups([10, 0], [20, 0], [11, 1], [21, 1])
  writer.real(12, (west + east) / 2)
  writer.real(22, (south + north) / 2)
  writer.groups([13, 0], [23, 0], [14, 10], [24, 10], [15, 10], [25, 10])
  writer.groups([16, 0], [26, 0], [36, 1], [17, 0], [27, 0], [37, 0])
  writer.real(40, height)
  writer.groups([41, 1.6], [42, 50], [43, 0], [44, 0], [50, 0], [51, 0], [71, 0], [72, 1000])
  writer.groups([73, 1], [74, 3], [75, 0], [76, 0], [77, 0], [78, 0], [281, 0], [65, 0], [146, 0])
}

function writeLinetypes(writer: DxfWriter, plan: DxfPlan): void {
  const solid = ['ByBlock', 'ByLayer'].map((name) => ({ name, description: '', dashes: [] }))
  for (const { name, description, dashes } of [...solid, ...plan.linetypes]) {
    entry(writer, 'LTYPE', HANDLES.linetypeTable, 'AcDbLinetypeTableRecord', name)
    writer.groups([3, description], [72, 65], [73, dashes.length])
    writer.real(
      40,
      dashes.reduce((sum, dash) => sum + Math.abs(dash), 0),
      4,
    )
    for (const dash of dashes) writer.groups([49, dash], [74, 0])
  }
}

function writeLayers(writer: DxfWriter, plan: DxfPlan): void {
  for (const { name, aci, linetype, lineweight } of plan.layers) {
    entry(writer, 'LAYER', HANDLES.layerTable, 'AcDbLayerTableRecord', name)
    writer.groups([62, aci], [6, linetype], [290, 1], [370, lineweight])
    writer.handle(390, HANDLES.plotStyleNormal)
    writer.handle(347, HANDLES.materialGlobal)
  }
}

function writeStyles(writer: DxfWriter): void {
  const styles = [
    ['Standard', 'txt', HANDLES.standardStyle],
    [LABEL_STYLE, 'arial.ttf', HANDLES.labelStyle],
  ] as const
  for (const [name, font, handle] of styles) {
    entry(writer, 'STYLE', HANDLES.styleTable, 'AcDbTextStyleTableRecord', name, handle)
    writer.groups([40, 0], [41, 1], [50, 0], [71, 0], [42, 2.5], [3, font], [4, ''])
  }
}

function writeBlockRecords(writer: DxfWriter, plan: DxfPlan, hasGeoData: boolean): void {
  const record = (name: string, handle: number, layout: number, units: number) => {
    writer.record('BLOCK_RECORD', handle, HANDLES.blockRecordTable)
    if (handle === HANDLES.modelRecord && hasGeoData) {
      writer.group(102, '{ACAD_XDICTIONARY')
      writer.handle(360, HANDLES.modelExtension)
      writer.group(102, '}')
    }
    writer.groups([100, 'AcDbSymbolTableRecord'], [100, 'AcDbBlockTableRecord'], [2, name])
    writer.handle(340, layout)
    writer.groups([70, units], [280, 1], [281, 0])
  }
  record('*Model_Space', HANDLES.modelRecord, HANDLES.modelLayout, 0)
  record('*Paper_Space', HANDLES.paperRecord, HANDLES.paperLayout, 0)
  // Units 6: metres, so that AutoCAD scales the symbol when it is inserted into a drawing of other units.
  for (const block of plan.blocks) record(block.name, block.recordHandle, 0, 6)
}
