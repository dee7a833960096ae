// The geometries of a GeoJSON file: lines, points, and polygons put together from their rings.
import type { Drawing, Feature } from '../cad/drawing.ts'
import { type ByteWriter, fragmentOf } from './byte-writer.ts'
import type { PolygonGroup } from './geojson-rings.ts'

/**
 * Decimals of a degree. One unit of the ninth is 0.11 mm on the ground, so rounding moves a point by at most
 * 0.056 mm along each axis, 0.079 mm in all: less than the tenth of a millimetre that the round trip may cost.
 */
const DEGREE_DECIMALS = 9
const METER_DECIMALS = 3

const LINE = fragmentOf('{"type":"LineString","coordinates":')
const POINT = fragmentOf('{"type":"Point","coordinates":')

/** Writes geometries of the drawing; `lonLat` are its vertices in degrees. */
export class GeometryWriter {
  private readonly writer: ByteWriter
  private readonly drawing: Drawing
  private readonly lonLat: Float64Array

  constructor(writer: ByteWriter, drawing: Drawing, lonLat: Float64Array) {
    this.writer = writer
    this.drawing = drawing
    this.lonLat = lonLat
  }

  /** The geometry of a feature, or of the polygon it is the first ring of; `null` for what cannot be drawn. */
  write(feature: Feature, group: PolygonGroup | undefined): void {
    const { writer } = this
    if (group !== undefined) {
      this.writePolygons(group)
      return
    }
    const [first, end] = this.span(feature)
    const line = feature.kind === 'line'
    if (end - first < (line ? 2 : 1) || !this.finite(first, line ? end : first + 1)) {
      writer.text('null')
      return
    }
    if (line) {
      writer.fragment(LINE)
      this.positions(first, end, 1, this.hasHeights(first, end))
    } else {
      writer.fragment(POINT)
      this.position(first, this.hasHeights(first, first + 1), feature.elevation)
    }
    writer.byte(125)
  }

  private writePolygons(group: PolygonGroup): void {
    const { writer } = this
    const parts = group.parts
      .filter((part) => this.drawable(part.outer))
      .map((part) => ({ ...part, holes: part.holes.filter((hole) => this.drawable(hole)) }))
    if (parts.length === 0) {
      writer.text('null')
      return
    }
    const rings = parts.flatMap((part) => [part.outer, ...part.holes])
    const withHeights = rings.every((ring) => {
      const [first, end] = this.span(this.drawing.features[ring]!)
      return this.hasHeights(first, end)
    })
    const several = parts.length > 1
    writer.text(
      several ? '{"type":"MultiPolygon","coordinates":[' : '{"type":"Polygon","coordinates":',
    )
    parts.forEach((part, p) => {
      if (p > 0) writer.byte(44)
      writer.byte(91)
      this.ring(part.outer, true, withHeights)
      for (const hole of part.holes) {
        writer.byte(44)
        this.ring(hole, false, withHeights)
      }
      writer.byte(93)
    })
    writer.text(several ? ']}' : '}')
  }

  /** A ring in the direction asked for, closed. */
  private ring(index: number, counterClockwise: boolean, withHeights: boolean): void {
    const [first, end] = this.span(this.drawing.features[index]!)
    const direction = this.twiceArea(first, end) > 0 === counterClockwise ? 1 : -1
    this.positions(first, end, direction, withHeights)
    if (!this.closed(first, end)) {
      this.writer.length--
      this.writer.byte(44)
      this.position(direction > 0 ? first : end - 1, withHeights, null)
      this.writer.byte(93)
    }
  }

  private positions(first: number, end: number, direction: 1 | -1, withHeights: boolean): void {
    const { writer } = this
    writer.byte(91)
    if (direction > 0 && !withHeights) {
      writer.jsonDegrees(this.lonLat, first, end)
      writer.byte(93)
      return
    }
    const count = end - first
    for (let i = 0; i < count; i++) {
      if (i > 0) writer.byte(44)
      this.position(direction > 0 ? first + i : end - 1 - i, withHeights, null)
    }
    writer.byte(93)
  }

  private position(vertex: number, withHeight: boolean, height: number | null): void {
    const { writer, lonLat } = this
    writer.byte(91)
    writer.decimal(lonLat[2 * vertex]!, DEGREE_DECIMALS)
    writer.byte(44)
    writer.decimal(lonLat[2 * vertex + 1]!, DEGREE_DECIMALS)
    if (withHeight) {
      writer.byte(44)
      writer.decimal(this.drawing.paths.z![vertex]!, METER_DECIMALS)
    } else if (height !== null && Math.abs(height) < 1e15) {
      writer.byte(44)
      writer.decimal(height, METER_DECIMALS)
    }
    writer.byte(93)
  }

  private span(feature: Feature): [number, number] {
    const { offsets } = this.drawing.paths
    return [offsets[feature.path]!, offsets[feature.path + 1]!]
  }

  private closed(first: number, end: number): boolean {
    const { coords } = this.drawing.paths
    return (
      coords[2 * first] === coords[2 * end - 2] && coords[2 * first + 1] === coords[2 * end - 1]
    )
  }

  /** Whether the ring has at least three different vertices, all finite, and an area. */
  private drawable(index: number): boolean {
    const [first, end] = this.span(this.drawing.features[index]!)
    const least = this.closed(first, end) ? 4 : 3
    return end - first >= least && this.finite(first, end) && this.twiceArea(first, end) !== 0
  }

  private finite(first: number, end: number): boolean {
    const { lonLat } = this
    for (let i = 2 * first; i < 2 * end; i++) {
      if (!(Math.abs(lonLat[i]!) <= 1e6)) return false
    }
    return true
  }

  private hasHeights(first: number, end: number): boolean {
    const { z } = this.drawing.paths
    if (z === undefined) return false
    for (let i = first; i < end; i++) {
      if (!(Math.abs(z[i]!) < 1e15)) return false
    }
    return true
  }

  /** Shoelace around the first vertex, so that large coordinates lose no digits. Positive: counter-clockwise. */
  private twiceArea(first: number, end: number): number {
    const { lonLat } = this
    const x0 = lonLat[2 * first]!
    const y0 = lonLat[2 * first + 1]!
    let sum = 0
    for (let i = first + 1; i + 1 < end; i++) {
      const ax = lonLat[2 * i]! - x0
      const ay = lonLat[2 * i + 1]! - y0
      sum += ax * (lonLat[2 * i + 3]! - y0) - (lonLat[2 * i + 2]! - x0) * ay
    }
    return sum
  }
}
