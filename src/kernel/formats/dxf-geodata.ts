// GEODATA: tells AutoCAD which coordinate system the drawing's metres are of, so that its own maps fit without a question.
import type { DxfPlan } from './dxf-plan.ts'
import { type DxfWriter, HANDLES } from './dxf-tags.ts'

/** A UTM zone of a datum that AutoCAD's dictionary (CS-MAP) knows by name. */
export interface CadCrs {
  epsg: number
  /** AutoCAD's code, e.g. `SIRGAS2000.UTM-24S`. */
  code: string
  datum: string
  datumEpsg: number
  ellipsoid: string
  ellipsoidEpsg: number
  semiMajor: number
  semiMinor: number
  zone: number
  south: boolean
}

const SIRGAS = {
  datum: 'SIRGAS2000',
  datumEpsg: 6674,
  ellipsoid: 'GRS1980',
  ellipsoidEpsg: 7019,
  semiMajor: 6378137,
  semiMinor: 6356752.314140356,
}
const WGS84 = {
  datum: 'WGS84',
  datumEpsg: 6326,
  ellipsoid: 'WGS84',
  ellipsoidEpsg: 7030,
  semiMajor: 6378137,
  semiMinor: 6356752.314245179,
}

/** The system of a SIRGAS 2000 or WGS 84 UTM code; null for any other, which then goes without GEODATA. */
export function cadCrsOf(epsg: number): CadCrs | null {
  if (epsg >= 31965 && epsg <= 31976) return sirgas(epsg, epsg - 31954, false)
  if (epsg >= 31977 && epsg <= 31985) return sirgas(epsg, epsg - 31960, true)
  if (epsg === 5396) return sirgas(epsg, 26, true)
  if (epsg >= 32601 && epsg <= 32660) return wgs84(epsg, epsg - 32600, false)
  if (epsg >= 32701 && epsg <= 32760) return wgs84(epsg, epsg - 32700, true)
  return null
}

function sirgas(epsg: number, zone: number, south: boolean): CadCrs {
  return { epsg, code: `SIRGAS2000.UTM-${zone}${south ? 'S' : 'N'}`, ...SIRGAS, zone, south }
}

function wgs84(epsg: number, zone: number, south: boolean): CadCrs {
  return { epsg, code: `UTM84-${zone}${south ? 'S' : 'N'}`, ...WGS84, zone, south }
}

/** The model space's extension dictionary and the GEODATA in it; release AC1024 takes version 2. */
export function writeGeoData(writer: DxfWriter, crs: CadCrs, plan: DxfPlan): void {
  const [west, south, east, north] = plan.extent ?? [500000, 0, 500000, 0]
  const x = Math.round((west + east) / 2)
  const y = Math.round((south + north) / 2)
  writer.record('DICTIONARY', HANDLES.modelExtension, HANDLES.modelRecord)
  writer.groups([100, 'AcDbDictionary'], [280, 1], [281, 1], [3, 'ACAD_GEOGRAPHICDATA'])
  writer.handle(360, HANDLES.geoData)
  writer.record('GEODATA', HANDLES.geoData, HANDLES.modelExtension)
  writer.groups([100, 'AcDbGeoData'], [90, 2])
  writer.handle(330, HANDLES.modelRecord)
  // 2 = projected grid: the reference point is the design point, nothing is shifted.
  writer.int(70, 2)
  writer.point(10, x, y)
  writer.point(11, x, y)
  // Unit 6 of AutoCAD's enumeration is the metre.
  writer.groups([40, 1], [91, 6], [41, 1], [92, 6], [210, 0], [220, 0], [230, 1], [12, 0], [22, 1])
  writer.groups([95, 1], [141, 1], [294, 0], [142, 0], [143, 0])
  const definition = coordinateSystemXml(crs).replaceAll('\n', '^J')
  const chunks: string[] = []
  for (let at = 0; at < definition.length; ) {
    let end = Math.min(at + 250, definition.length)
    // The two characters of a line break stay together.
    if (definition[end - 1] === '^') end--
    chunks.push(definition.slice(at, end))
    at = end
  }
  chunks.forEach((chunk, i) => {
    writer.group(i === chunks.length - 1 ? 301 : 303, chunk)
  })
  writer.groups([302, ''], [305, ''], [306, ''], [307, ''], [93, 0], [96, 0])
}

/** The definition in the dictionary format of MapGuide and CS-MAP; AutoCAD looks the code up and falls back on the parameters. */
function coordinateSystemXml(crs: CadCrs): string {
  const meridian = 6 * crs.zone - 183
  const parameter = (name: string, unit: string, value: number) =>
    `<ParameterValue><OperationParameterId>${name}</OperationParameterId><Value uom="${unit}">${value}</Value></ParameterValue>`
  const axis = (order: number, name: string) =>
    `<CoordinateSystemAxis><AxisOrder>${order}</AxisOrder><AxisName>${name}ing</AxisName><AxisAbbreviation>${name[0]}</AxisAbbreviation><AxisDirection>${name}</AxisDirection></CoordinateSystemAxis>`
  const alias = (id: number, type: string, object: string) =>
    `<Alias id="${id}" type="${type}"><ObjectId>${object}</ObjectId><Namespace>EPSG Code</Namespace></Alias>`
  return [
    '<?xml version="1.0" encoding="UTF-16" standalone="no" ?>',
    '<Dictionary version="1.0" xmlns="http://www.osgeo.org/mapguide/coordinatesystem">',
    `<ProjectedCoordinateSystem id="${crs.code}">`,
    `<Name>${crs.code}</Name>`,
    '<AdditionalInformation><ParameterItem type="CsMap"><Key>CSQuadrantSimplified</Key><IntegerValue>1</IntegerValue></ParameterItem></AdditionalInformation>',
    '<DomainOfValidity><Extent><GeographicElement><GeographicBoundingBox>',
    `<WestBoundLongitude>${meridian - 3}</WestBoundLongitude><EastBoundLongitude>${meridian + 3}</EastBoundLongitude>`,
    `<SouthBoundLatitude>${crs.south ? -80 : 0}</SouthBoundLatitude><NorthBoundLatitude>${crs.south ? 0 : 84}</NorthBoundLatitude>`,
    '</GeographicBoundingBox></GeographicElement></Extent></DomainOfValidity>',
    `<DatumId>${crs.datum}</DatumId>`,
    '<Axis uom="Meter">',
    axis(1, 'East'),
    axis(2, 'North'),
    '</Axis>',
    '<Conversion><Projection>',
    '<OperationMethodId>Transverse Mercator</OperationMethodId>',
    parameter('Longitude of natural origin', 'degree', meridian),
    parameter('Latitude of natural origin', 'degree', 0),
    parameter('Scaling factor for coord differences', 'unity', 0.9996),
    parameter('False easting', 'Meter', 500000),
    parameter('False northing', 'Meter', crs.south ? 10000000 : 0),
    '</Projection></Conversion>',
    '</ProjectedCoordinateSystem>',
    alias(crs.epsg, 'CoordinateSystem', crs.code),
    `<GeodeticDatum id="${crs.datum}"><Name>${crs.datum}</Name><PrimeMeridianId>Greenwich</PrimeMeridianId><EllipsoidId>${crs.ellipsoid}</EllipsoidId></GeodeticDatum>`,
    alias(crs.datumEpsg, 'Datum', crs.datum),
    `<Ellipsoid id="${crs.ellipsoid}"><Name>${crs.ellipsoid}</Name><SemiMajorAxis uom="meter">${crs.semiMajor}</SemiMajorAxis><SecondDefiningParameter><SemiMinorAxis uom="meter">${crs.semiMinor}</SemiMinorAxis></SecondDefiningParameter></Ellipsoid>`,
    alias(crs.ellipsoidEpsg, 'Ellipsoid', crs.ellipsoid),
    '</Dictionary>',
    '',
  ].join('\n')
}
