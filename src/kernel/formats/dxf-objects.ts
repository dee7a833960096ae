// The OBJECTS section: the root dictionary and what AutoCAD wants to find in it.
import { type CadCrs, writeGeoData } from './dxf-geodata.ts'
import type { DxfPlan } from './dxf-plan.ts'
import { type DxfWriter, HANDLES } from './dxf-tags.ts'

type Entry = readonly [string, number]

export function writeObjects(writer: DxfWriter, plan: DxfPlan, crs: CadCrs | null): void {
  writer.section('OBJECTS', () => {
    dictionary(writer, HANDLES.rootDictionary, 0, [
      ['ACAD_COLOR', HANDLES.colors],
      ['ACAD_GROUP', HANDLES.groups],
      ['ACAD_LAYOUT', HANDLES.layouts],
      ['ACAD_MATERIAL', HANDLES.materials],
      ['ACAD_MLEADERSTYLE', HANDLES.multileaderStyles],
      ['ACAD_MLINESTYLE', HANDLES.mlineStyles],
      ['ACAD_PLOTSETTINGS', HANDLES.plotSettings],
      ['ACAD_PLOTSTYLENAME', HANDLES.plotStyleNames],
      ['ACAD_SCALELIST', HANDLES.scales],
      ['ACAD_TABLESTYLE', HANDLES.tableStyles],
      ['ACAD_VISUALSTYLE', HANDLES.visualStyles],
    ])
    for (const empty of [
      HANDLES.colors,
      HANDLES.groups,
      HANDLES.plotSettings,
      HANDLES.scales,
      HANDLES.tableStyles,
      HANDLES.visualStyles,
    ]) {
      dictionary(writer, empty, HANDLES.rootDictionary, [])
    }
    dictionary(writer, HANDLES.layouts, HANDLES.rootDictionary, [
      ['Model', HANDLES.modelLayout],
      ['Layout1', HANDLES.paperLayout],
    ])
    dictionary(writer, HANDLES.materials, HANDLES.rootDictionary, [
      ['ByBlock', HANDLES.materialByBlock],
      ['ByLayer', HANDLES.materialByLayer],
      ['Global', HANDLES.materialGlobal],
    ])
    dictionary(writer, HANDLES.multileaderStyles, HANDLES.rootDictionary, [
      ['Standard', HANDLES.multileaderStandard],
    ])
    dictionary(writer, HANDLES.mlineStyles, HANDLES.rootDictionary, [
      ['Standard', HANDLES.mlineStandard],
    ])
    writePlotStyles(writer)
    writeLayout(writer, 'Model', HANDLES.modelLayout, HANDLES.modelRecord, plan)
    writeLayout(writer, 'Layout1', HANDLES.paperLayout, HANDLES.paperRecord, plan)
    writeMaterial(writer, 'ByBlock', HANDLES.materialByBlock)
    writeMaterial(writer, 'ByLayer', HANDLES.materialByLayer)
    writeMaterial(writer, 'Global', HANDLES.materialGlobal)
    writeMlineStyle(writer)
    writeMultileaderStyle(writer)
    if (crs !== null) writeGeoData(writer, crs, plan)
  })
}

function dictionary(writer: DxfWriter, handle: number, owner: number, entries: readonly Entry[]) {
  writer.record('DICTIONARY', handle, owner)
  writer.groups([100, 'AcDbDictionary'], [281, 1])
  for (const [name, target] of entries) {
    writer.group(3, name)
    writer.handle(350, target)
  }
}

/** The reactor and owner groups of an object that lives in a dictionary. */
function ownedBy(writer: DxfWriter, type: string, handle: number, dictionaryHandle: number): void {
  writer.group(0, type)
  writer.handle(5, handle)
  writer.group(102, '{ACAD_REACTORS')
  writer.handle(330, dictionaryHandle)
  writer.group(102, '}')
  writer.handle(330, dictionaryHandle)
}

/** The plot style `Normal`, which every layer points at. */
function writePlotStyles(writer: DxfWriter): void {
  writer.record('ACDBDICTIONARYWDFLT', HANDLES.plotStyleNames, HANDLES.rootDictionary)
  writer.groups([100, 'AcDbDictionary'], [281, 1], [3, 'Normal'])
  writer.handle(350, HANDLES.plotStyleNormal)
  writer.group(100, 'AcDbDictionaryWithDefault')
  writer.handle(340, HANDLES.plotStyleNormal)
  writer.record('ACDBPLACEHOLDER', HANDLES.plotStyleNormal, HANDLES.plotStyleNames)
}

/** A layout on A3; the model's has the flag that says so. */
function writeLayout(
  writer: DxfWriter,
  name: string,
  handle: number,
  record: number,
  plan: DxfPlan,
): void {
  const model = record === HANDLES.modelRecord
  writer.record('LAYOUT', handle, HANDLES.layouts)
  writer.groups(
    [100, 'AcDbPlotSettings'],
    [1, ''],
    [2, 'none_device'],
    [4, 'ISO_A3_(420.00_x_297.00_MM)'],
    [6, ''],
  )
  writer.groups([40, 7.5], [41, 20], [42, 7.5], [43, 20], [44, 420], [45, 297], [46, 0], [47, 0])
  writer.groups([48, 0], [49, 0], [140, 0], [141, 0], [142, 1], [143, 1], [70, model ? 1024 : 0])
  writer.groups([72, 1], [73, 1], [74, 5], [7, ''], [75, 16], [76, 0], [77, 2], [78, 300])
  writer.groups([147, 1], [148, 0], [149, 0])
  writer.groups([100, 'AcDbLayout'], [1, name], [70, 1], [71, model ? 0 : 1])
  writer.groups([10, 0], [20, 0], [11, 420], [21, 297], [12, 0], [22, 0], [32, 0])
  if (model && plan.extent !== null) {
    const [west, south, east, north] = plan.extent
    writer.real(14, west)
    writer.real(24, south)
    writer.real(34, plan.minElevation)
    writer.real(15, east)
    writer.real(25, north)
    writer.real(35, plan.maxElevation)
  } else {
    writer.groups([14, '1e+20'], [24, '1e+20'], [34, '1e+20'])
    writer.groups([15, '-1e+20'], [25, '-1e+20'], [35, '-1e+20'])
  }
  writer.groups([146, 0], [13, 0], [23, 0], [33, 0], [16, 1], [26, 0], [36, 0])
  writer.groups([17, 0], [27, 1], [37, 0], [76, 1])
  writer.handle(330, record)
}

/** A material with nothing but its name and defaults. */
function writeMaterial(writer: DxfWriter, name: string, handle: number): void {
  ownedBy(writer, 'MATERIAL', handle, HANDLES.materials)
  writer.groups([100, 'AcDbMaterial'], [1, name], [2, ''], [70, 0], [40, 1], [71, 1], [41, 1])
  writer.groups([91, -1023410177], [42, 1], [72, 1], [3, ''], [73, 1], [74, 1], [75, 1], [44, 0.5])
  writer.groups([73, 0], [45, 1], [46, 1], [77, 1], [4, ''], [78, 1], [79, 1], [170, 1], [48, 1])
  writer.groups([171, 1], [6, ''], [172, 1], [173, 1], [174, 1], [140, 1], [141, 1], [175, 1])
  writer.groups([7, ''], [176, 1], [177, 1], [178, 1], [143, 1], [179, 1], [8, ''], [270, 1])
  writer.groups([271, 1], [272, 1], [145, 1], [146, 1], [273, 1], [9, ''], [274, 1], [275, 1])
  writer.groups([276, 1], [42, 1], [72, 1], [3, ''], [73, 1], [74, 1], [75, 1], [94, 63])
}

function writeMlineStyle(writer: DxfWriter): void {
  ownedBy(writer, 'MLINESTYLE', HANDLES.mlineStandard, HANDLES.mlineStyles)
  writer.groups([100, 'AcDbMlineStyle'], [2, 'Standard'], [70, 0], [3, ''], [62, 256])
  writer.groups([51, 90], [52, 90], [71, 2])
  writer.groups([49, 0.5], [62, 256], [6, 'BYLAYER'], [49, -0.5], [62, 256], [6, 'BYLAYER'])
}

function writeMultileaderStyle(writer: DxfWriter): void {
  ownedBy(writer, 'MLEADERSTYLE', HANDLES.multileaderStandard, HANDLES.multileaderStyles)
  writer.groups([100, 'AcDbMLeaderStyle'], [179, 2], [170, 2], [171, 1], [172, 0], [90, 2])
  writer.groups([40, 0], [41, 0], [173, 1], [91, -1056964608], [92, -2], [290, 1], [42, 2])
  writer.groups([291, 1], [43, 8], [3, 'Standard'], [44, 4], [300, ''])
  writer.handle(342, HANDLES.standardStyle)
  writer.groups([174, 1], [175, 1], [176, 0], [178, 1], [93, -1056964608], [45, 4], [292, 0])
  writer.groups([297, 0], [46, 4], [94, -1056964608], [47, 1], [49, 1], [140, 1], [294, 1])
  writer.groups([141, 0], [177, 0], [142, 1], [295, 0], [296, 0], [143, 3.75])
  writer.groups([271, 0], [272, 9], [273, 9])
}
