// A terrain mesh as a LandXML 1.2 surface, which Civil 3D and most survey programs read.
import type { Paths } from '../geo/paths.ts'
import type { Tin } from '../geo/tin.ts'
import { ByteWriter } from './byte-writer.ts'
import { escapeXml } from './xml-text.ts'

export interface LandxmlOptions {
  /** Name of the surface. */
  name: string
  epsg: number
  verticalDatum: string | null
  /** ISO 8601; LandXML wants a date, the kernel has no clock. Null writes none. */
  retrievedAt: string | null
}

/**
 * The surface of a mesh, with its breaklines as source data. Vertices are easting, northing, height in metres; LandXML's points are northing, easting, height, counted from 1.
 * Vertices that are not finite are left out with every triangle that touches them; the numbering of the others stays. Triangles
 * are written counter-clockwise as seen from above.
 */
export function writeLandxml(tin: Tin, options: LandxmlOptions): Uint8Array {
  const { vertices, triangles } = tin
  const writer = new ByteWriter(2048 + vertices.length * 16 + triangles.length * 10)
  const date = /^(\d{4}-\d{2}-\d{2})/.exec(options.retrievedAt ?? '')?.[1]
  writer.text('<?xml version="1.0" encoding="UTF-8"?>\n')
  writer.text('<LandXML xmlns="http://www.landxml.org/schema/LandXML-1.2" version="1.2"')
  // Both attributes are required by the schema; the day without a clock is the day the version was published.
  writer.text(` date="${date ?? '2008-08-15'}" time="00:00:00" readOnly="false">\n`)
  writer.text(
    '<Units><Metric areaUnit="squareMeter" linearUnit="meter" volumeUnit="cubicMeter" temperatureUnit="celsius" pressureUnit="HPA" angularUnit="decimal degrees" directionUnit="decimal degrees"/></Units>\n',
  )
  writer.text(`<CoordinateSystem epsgCode="${options.epsg}"`)
  if (options.verticalDatum !== null) {
    writer.text(` verticalDatum="${escapeXml(options.verticalDatum)}"`)
  }
  writer.text('/>\n<Application name="sisrua"/>\n')
  const name = escapeXml(options.name)
  writer.text(`<Surfaces><Surface name="${name}">`)
  writeBreaklines(writer, tin.breaklines)
  writer.text('<Definition surfType="TIN"><Pnts>\n')
  const count = Math.floor(vertices.length / 3)
  const usable = new Uint8Array(count)
  for (let v = 0; v < count; v++) {
    const x = vertices[3 * v]!
    const y = vertices[3 * v + 1]!
    const z = vertices[3 * v + 2]!
    if (!(Math.abs(x) < 1e15 && Math.abs(y) < 1e15 && Math.abs(z) < 1e15)) continue
    usable[v] = 1
    writer.text('<P id="')
    writer.integer(v + 1)
    writer.text('">')
    writer.decimal(y, 3)
    writer.byte(32)
    writer.decimal(x, 3)
    writer.byte(32)
    writer.decimal(z, 3)
    writer.text('</P>\n')
  }
  writer.text('</Pnts><Faces>\n')
  for (let t = 0; t + 2 < triangles.length; t += 3) {
    const a = triangles[t]!
    let b = triangles[t + 1]!
    let c = triangles[t + 2]!
    if (usable[a] !== 1 || usable[b] !== 1 || usable[c] !== 1) continue
    const turn =
      (vertices[3 * b]! - vertices[3 * a]!) * (vertices[3 * c + 1]! - vertices[3 * a + 1]!) -
      (vertices[3 * b + 1]! - vertices[3 * a + 1]!) * (vertices[3 * c]! - vertices[3 * a]!)
    if (turn < 0) {
      const swap = b
      b = c
      c = swap
    }
    writer.text('<F>')
    writer.integer(a + 1)
    writer.byte(32)
    writer.integer(b + 1)
    writer.byte(32)
    writer.integer(c + 1)
    writer.text('</F>\n')
  }
  writer.text('</Faces></Definition></Surface></Surfaces>\n</LandXML>\n')
  return writer.take()
}

/** Breaklines as the surveyor drew them; a program that changes the surface keeps them as edges. */
function writeBreaklines(writer: ByteWriter, lines: Paths | undefined): void {
  if (lines?.z === undefined || lines.offsets.length < 2) return
  const { coords, z, offsets } = lines
  writer.text('<SourceData><Breaklines>\n')
  for (let line = 0; line + 1 < offsets.length; line++) {
    if (offsets[line + 1]! - offsets[line]! < 2) continue
    writer.text('<Breakline brkType="standard"><PntList3D>')
    for (let i = offsets[line]!; i < offsets[line + 1]!; i++) {
      if (i > offsets[line]!) writer.byte(32)
      writer.decimal(coords[2 * i + 1]!, 3)
      writer.byte(32)
      writer.decimal(coords[2 * i]!, 3)
      writer.byte(32)
      writer.decimal(z[i]!, 3)
    }
    writer.text('</PntList3D></Breakline>\n')
  }
  writer.text('</Breaklines></SourceData>\n')
}
