// HEADER and CLASSES of a DXF file of release AC1024 (AutoCAD 2010): units, extent, handle seed, and the classes that its objects need.
import type { DxfPlan } from './dxf-plan.ts'
import { type DxfWriter, HANDLES, hex, LABEL_STYLE } from './dxf-tags.ts'

type Value = readonly [number, string | number]

/** Settings that never change, in AutoCAD's order around those that do. */
const SYSTEM: readonly (readonly [string, ...Value[]])[] = [
  ['ORTHOMODE', [70, 0]],
  ['REGENMODE', [70, 1]],
  ['FILLMODE', [70, 1]],
  ['QTEXTMODE', [70, 0]],
  ['MIRRTEXT', [70, 0]],
  ['LTSCALE', [40, 1]],
  ['ATTMODE', [70, 1]],
  ['TEXTSIZE', [40, 2.5]],
  ['TRACEWID', [40, 1]],
  ['TEXTSTYLE', [7, LABEL_STYLE]],
  ['CLAYER', [8, '0']],
  ['CELTYPE', [6, 'ByLayer']],
  ['CECOLOR', [62, 256]],
  ['CELTSCALE', [40, 1]],
  ['DISPSILH', [70, 0]],
  ['DIMSCALE', [40, 1]],
  ['DIMASZ', [40, 2.5]],
  ['DIMEXO', [40, 0.625]],
  ['DIMDLI', [40, 3.75]],
  ['DIMEXE', [40, 1.25]],
  ['DIMTXT', [40, 2.5]],
  ['DIMCEN', [40, 2.5]],
  ['DIMTIH', [70, 0]],
  ['DIMTOH', [70, 0]],
  ['DIMTAD', [70, 1]],
  ['DIMZIN', [70, 8]],
  ['DIMASO', [70, 1]],
  ['DIMSHO', [70, 1]],
  ['DIMTOFL', [70, 1]],
  ['DIMSTYLE', [2, 'Standard']],
  ['DIMGAP', [40, 0.625]],
  ['DIMDEC', [70, 2]],
  ['DIMTDEC', [70, 2]],
  ['DIMTXSTY', [7, 'Standard']],
  ['DIMDSEP', [70, 44]],
  ['DIMLUNIT', [70, 2]],
  ['DIMLWD', [70, -2]],
  ['DIMLWE', [70, -2]],
  ['LUNITS', [70, 2]],
  ['LUPREC', [70, 3]],
  ['SKETCHINC', [40, 1]],
  ['FILLETRAD', [40, 0]],
  ['AUNITS', [70, 0]],
  ['AUPREC', [70, 4]],
  ['MENU', [1, '.']],
  ['ELEVATION', [40, 0]],
  ['PELEVATION', [40, 0]],
  ['THICKNESS', [40, 0]],
  ['LIMCHECK', [70, 0]],
  ['SKPOLY', [70, 0]],
  ['USRTIMER', [70, 1]],
  ['ANGBASE', [50, 0]],
  ['ANGDIR', [70, 0]],
  ['PDMODE', [70, 34]],
  ['PDSIZE', [40, 1]],
  ['PLINEWID', [40, 0]],
  ['SPLFRAME', [70, 0]],
  ['SPLINETYPE', [70, 6]],
  ['SPLINESEGS', [70, 8]],
]

const SYSTEM_AFTER_SEED: readonly (readonly [string, ...Value[]])[] = [
  ['SURFTAB1', [70, 6]],
  ['SURFTAB2', [70, 6]],
  ['SURFTYPE', [70, 6]],
  ['SURFU', [70, 6]],
  ['SURFV', [70, 6]],
  ['UCSNAME', [2, '']],
  ['UCSORG', [10, 0], [20, 0], [30, 0]],
  ['UCSXDIR', [10, 1], [20, 0], [30, 0]],
  ['UCSYDIR', [10, 0], [20, 1], [30, 0]],
  ['WORLDVIEW', [70, 1]],
  ['SHADEDGE', [70, 3]],
  ['SHADEDIF', [70, 70]],
  ['TILEMODE', [70, 1]],
  ['MAXACTVP', [70, 64]],
  ['PLIMCHECK', [70, 0]],
  ['PEXTMIN', [10, '1e+20'], [20, '1e+20'], [30, '1e+20']],
  ['PEXTMAX', [10, '-1e+20'], [20, '-1e+20'], [30, '-1e+20']],
  ['PLIMMIN', [10, 0], [20, 0]],
  ['PLIMMAX', [10, 420], [20, 297]],
  ['UNITMODE', [70, 0]],
  ['VISRETAIN', [70, 1]],
  ['PLINEGEN', [70, 1]],
  ['PSLTSCALE', [70, 1]],
  ['TREEDEPTH', [70, 3020]],
  ['CMLSTYLE', [2, 'Standard']],
  ['CMLJUST', [70, 0]],
  ['CMLSCALE', [40, 20]],
  ['PROXYGRAPHICS', [70, 1]],
  ['MEASUREMENT', [70, 1]],
  ['CELWEIGHT', [370, -1]],
  ['ENDCAPS', [280, 0]],
  ['JOINSTYLE', [280, 0]],
  ['LWDISPLAY', [290, 0]],
  ['INSUNITS', [70, 6]],
  ['HYPERLINKBASE', [1, '']],
  ['STYLESHEET', [1, '']],
  ['XEDIT', [290, 1]],
  ['CEPSNTYPE', [380, 0]],
  ['PSTYLEMODE', [290, 1]],
  ['EXTNAMES', [290, 1]],
  ['PSVPSCALE', [40, 0]],
  ['OLESTARTUP', [290, 0]],
  ['SORTENTS', [280, 127]],
  ['INDEXCTL', [280, 0]],
  ['HIDETEXT', [280, 1]],
  ['DIMASSOC', [280, 2]],
  ['PROJECTNAME', [1, '']],
  ['CMATERIAL', [347, hex(HANDLES.materialByLayer)]],
]

/** DXF name, C++ name, application, capability flags of every class our objects are of, and of those AutoCAD adds at once. */
const CLASSES: readonly (readonly [string, string, string, number])[] = [
  ['ACDBDICTIONARYWDFLT', 'AcDbDictionaryWithDefault', 'ObjectDBX Classes', 0],
  ['SUN', 'AcDbSun', 'SCENEOE', 1153],
  ['VISUALSTYLE', 'AcDbVisualStyle', 'ObjectDBX Classes', 4095],
  ['MATERIAL', 'AcDbMaterial', 'ObjectDBX Classes', 1153],
  ['SCALE', 'AcDbScale', 'ObjectDBX Classes', 1153],
  ['TABLESTYLE', 'AcDbTableStyle', 'ObjectDBX Classes', 4095],
  ['MLEADERSTYLE', 'AcDbMLeaderStyle', 'ACDB_MLEADERSTYLE_CLASS', 4095],
  ['DICTIONARYVAR', 'AcDbDictionaryVar', 'ObjectDBX Classes', 0],
  ['CELLSTYLEMAP', 'AcDbCellStyleMap', 'ObjectDBX Classes', 1152],
  ['MENTALRAYRENDERSETTINGS', 'AcDbMentalRayRenderSettings', 'SCENEOE', 1024],
  ['ACDBDETAILVIEWSTYLE', 'AcDbDetailViewStyle', 'ObjectDBX Classes', 1025],
  ['ACDBSECTIONVIEWSTYLE', 'AcDbSectionViewStyle', 'ObjectDBX Classes', 1025],
  ['RASTERVARIABLES', 'AcDbRasterVariables', 'ISM', 0],
  ['ACDBPLACEHOLDER', 'AcDbPlaceHolder', 'ObjectDBX Classes', 0],
  ['LAYOUT', 'AcDbLayout', 'ObjectDBX Classes', 0],
]
const GEODATA_CLASS = ['GEODATA', 'AcDbGeoData', 'ObjectDBX Classes', 4095] as const

export function writeHeader(writer: DxfWriter, plan: DxfPlan): void {
  const [west, south, east, north] = plan.extent ?? [0, 0, 0, 0]
  const variable = (name: string, ...values: readonly Value[]) => {
    writer.group(9, `$${name}`)
    writer.groups(...values)
  }
  writer.section('HEADER', () => {
    variable('ACADVER', [1, 'AC1024'])
    variable('ACADMAINTVER', [70, 6])
    // From AC1021 on the file is UTF-8 whatever this says; readers that look at it expect this value.
    variable('DWGCODEPAGE', [3, 'ANSI_1252'])
    variable('LASTSAVEDBY', [1, 'sisrua'])
    variable('INSBASE', [10, 0], [20, 0], [30, 0])
    writer.group(9, '$EXTMIN')
    writer.point(10, west, south, plan.minElevation)
    writer.group(9, '$EXTMAX')
    writer.point(10, east, north, plan.maxElevation)
    writer.group(9, '$LIMMIN')
    writer.real(10, west)
    writer.real(20, south)
    writer.group(9, '$LIMMAX')
    writer.real(10, east)
    writer.real(20, north)
    for (const [name, ...values] of SYSTEM) variable(name, ...values)
    variable('HANDSEED', [5, hex(plan.handleSeed)])
    for (const [name, ...values] of SYSTEM_AFTER_SEED) variable(name, ...values)
  })
}

export function writeClasses(writer: DxfWriter, hasGeoData: boolean): void {
  writer.section('CLASSES', () => {
    for (const [name, cpp, application, flags] of hasGeoData
      ? [...CLASSES, GEODATA_CLASS]
      : CLASSES) {
      writer.groups(
        [0, 'CLASS'],
        [1, name],
        [2, cpp],
        [3, application],
        [90, flags],
        [91, 0],
        [280, 0],
        [281, 0],
      )
    }
  })
}
