import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { writeLandxml } from '../../../src/kernel/formats/landxml.ts'
import { summarize } from '../../../src/kernel/formats/summary.ts'
import { writeSvg } from '../../../src/kernel/formats/svg.ts'
import { describeWithJudge, python } from '../../support/judge.ts'
import { drawingOf, sampleDrawing } from './sample-drawing.ts'

const svgOf = (drawing = sampleDrawing()) => Buffer.from(writeSvg(drawing)).toString('utf8')

/** Tags in order, and whether the text is well-formed, as Python's parser sees them. */
const TAGS = `
import sys, xml.etree.ElementTree as tree
print(' '.join(e.tag.split('}')[1] for e in tree.fromstring(sys.stdin.buffer.read()).iter()))
`

describe('SVG', () => {
  it('has a group for each layer in use, in its colour and with its name', () => {
    const svg = svgOf()
    expect(svg).toContain('data-layer="EDI-PROJEÇÃO" stroke="#ffff00"')
    expect(svg).toContain('data-layer="Rótulos &lt;1&gt;"')
    expect(svg).toContain('© colaboradores do OpenStreetMap (ODbL) · EPSG:31984 · EGM2008')
    expect(svg).not.toMatch(/NaN|Infinity/)
  })

  it('puts north up and west left', () => {
    const drawing = drawingOf(
      [
        {
          layer: 0,
          points: [
            [0, 0],
            [100, 80],
          ],
          feature: { kind: 'line' },
        },
      ],
      ['A'],
    )
    const [, x0, y0, x1, y1] = /<path d="M([\d.]+),([\d.]+) ([\d.]+),([\d.]+)"/.exec(
      svgOf(drawing),
    )!
    expect(Number(x1) - Number(x0)).toBeCloseTo(100)
    expect(Number(y0) - Number(y1)).toBeCloseTo(80)
  })

  it('draws an empty drawing and one with odd texts and numbers', () => {
    const odd = drawingOf(
      [
        {
          layer: 0,
          points: [[0, 0]],
          feature: { kind: 'text', text: '<&"\u0000\ud800', rotation: 1e308, textHeight: 1e308 },
        },
      ],
      ['<"&'],
    )
    expect(svgOf(odd)).not.toMatch(/NaN|Infinity/)
    expect(svgOf(odd)).not.toContain('\0')
    expect(svgOf(drawingOf([], []))).toContain('</svg>')
  })
})

describe('SVG at the scale of a town', () => {
  /** A line across `meters`, so that the sheet has that width, and further features. */
  const sheet = (meters: number, more: Parameters<typeof drawingOf>[0]) =>
    drawingOf(
      [
        {
          layer: 0,
          points: [
            [0, 0],
            [meters, meters],
          ],
          feature: { kind: 'line' },
        },
        ...more,
      ],
      ['A'],
    )
  const pixelOf = (svg: string) =>
    Number(/viewBox="0 0 ([\d.]+)/.exec(svg)![1]) / Number(/width="(\d+)"/.exec(svg)![1])
  const post = (meters: number) => {
    const svg = svgOf(
      sheet(meters, [
        { layer: 0, points: [[meters / 2, 0]], feature: { kind: 'point', block: 'POSTE' } },
      ]),
    )
    const [, scale, stroke] = /scale\(([\d.]+)\)" stroke-width="([\d.]+)"/.exec(svg)!.map(Number)
    return { scale: scale!, strokePixels: (stroke! * scale!) / pixelOf(svg), pixel: pixelOf(svg) }
  }

  it('draws symbols seven pixels large with hair strokes, and at their true size where that is more', () => {
    const town = post(2000)
    // The post is a circle of one metre across.
    expect(town.scale / town.pixel).toBeCloseTo(7, 2)
    expect(town.strokePixels).toBeCloseTo(0.5, 2)
    const yard = post(20)
    expect(yard.scale).toBe(1)
    expect(yard.strokePixels).toBeCloseTo(0.9, 1)
  })

  it('draws symbols smaller where there are thousands', () => {
    const crowd = Array.from({ length: 4000 }, (_, i) => ({
      layer: 0,
      points: [[(i % 63) * 30, Math.floor(i / 63) * 30]],
      feature: { kind: 'point' as const, block: 'POSTE' },
    }))
    const svg = svgOf(sheet(2000, crowd))
    const [, scale] = /scale\(([\d.]+)\)"/.exec(svg)!.map(Number)
    expect(scale! / pixelOf(svg)).toBeCloseTo(3.5, 2)
  })

  it('makes at most sixty texts readable, none on top of another, and leaves the others small', () => {
    const texts = Array.from({ length: 900 }, (_, i) => ({
      layer: 0,
      points: [[50 + (i % 30) * 60, 50 + Math.floor(i / 30) * 60]],
      feature: { kind: 'text' as const, text: `Rua ${i}`, textHeight: 2, rotation: (i % 7) / 4 },
    }))
    const svg = svgOf(sheet(2000, texts))
    const pixel = pixelOf(svg)
    const found = [
      ...svg.matchAll(/<text transform="translate\(([\d.]+) ([\d.]+)\)[^>]*font-size="([\d.]+)"/g),
    ].map((match) => match.slice(1).map(Number))
    expect(found).toHaveLength(900)
    const large = found.filter(([, , size]) => size! / pixel > 10.9)
    expect(large).toHaveLength(60)
    for (const [i, [x, y, size]] of large.entries()) {
      for (const [u, v] of large.slice(0, i)) {
        expect(Math.hypot(x! - u!, y! - v!)).toBeGreaterThan(size!)
      }
    }
  })

  it('lays contours lowest and draws every fifth stronger', () => {
    const contour = (name: string, y: number) => ({
      layer: 1,
      points: [
        [0, y],
        [90, y],
      ],
      feature: { kind: 'line' as const, class: `contour=${name}` },
    })
    const street = {
      layer: 0,
      points: [
        [0, 0],
        [90, 90],
      ],
      feature: { kind: 'line' as const },
    }
    const svg = svgOf(
      drawingOf([street, contour('index', 10), contour('intermediate', 20)], ['VIA', 'CURVAS']),
    )
    expect(svg.indexOf('data-layer="CURVAS"')).toBeLessThan(svg.indexOf('data-layer="VIA"'))
    const widths = [...svg.matchAll(/<path d="[^"]*" stroke-width="([\d.]+)"/g)].map((m) => m[1])
    expect(Number(widths[0]) / pixelOf(svg)).toBeCloseTo(1.3, 1)
    expect(Number(widths[1]) / pixelOf(svg)).toBeCloseTo(0.6, 1)
  })
})

describeWithJudge('python3', ['/usr/bin/python3', '-c', 'pass'], 'XML read by Python', () => {
  it('is well-formed', () => {
    expect(python(TAGS, svgOf())).toContain('use')
    const surface = writeLandxml(
      {
        vertices: Float64Array.of(0, 0, 1, 10, 0, 2, 0, 10, 3, 10, 10, Number.NaN),
        triangles: Uint32Array.of(0, 2, 1, 1, 2, 3),
      },
      { name: 'Terreno & cia', epsg: 31984, verticalDatum: 'EGM2008', retrievedAt: '2026-11-21' },
    )
    const text = Buffer.from(surface).toString('utf8')
    expect(python(TAGS, text).match(/\b[PF]\b/g)).toEqual(['P', 'P', 'P', 'F'])
    // Northing, easting, height; triangles counter-clockwise; the corner without a height is gone with its triangle.
    expect(text).toContain('<P id="2">0 10 2</P>')
    expect(text).toContain('<F>1 2 3</F>')
  })
})

describeWithJudge('librsvg2-bin', ['rsvg-convert', '--version'], 'SVG drawn by librsvg', () => {
  it('becomes a picture', () => {
    const png = execFileSync('rsvg-convert', ['-w', '400'], { input: svgOf() })
    expect(png.subarray(1, 4).toString()).toBe('PNG')
  })

  it('shows a hydrant in a town as strokes, not as a blob', () => {
    const drawing = drawingOf(
      [
        { layer: 0, points: [[0, 0]], feature: { kind: 'point', block: 'HIDRANTE', color: '2' } },
        {
          layer: 1,
          points: [
            [-1000, -1000],
            [1000, -900],
          ],
          feature: { kind: 'line', color: '1' },
        },
      ],
      ['A', 'B'],
    )
    const svg = Buffer.from(writeSvg(drawing, { widthPixels: 800 }))
    // Python undoes PNG's row filters and counts what is more yellow than the bluish background.
    const png = execFileSync('rsvg-convert', ['-w', '800'], { input: svg })
    const yellow = python(
      `import sys, struct, zlib, base64
data = base64.b64decode(sys.stdin.read())
at, width, height, packed = 8, 0, 0, b''
while at < len(data):
    size, kind = struct.unpack('>I4s', data[at:at + 8])
    body = data[at + 8:at + 8 + size]
    if kind == b'IHDR':
        width, height, depth, color = struct.unpack('>IIBB', body[:10])
        assert (depth, color) == (8, 6)
    if kind == b'IDAT':
        packed += body
    at += 12 + size
raw, row, count = zlib.decompress(packed), bytearray(4 * width), 0
for y in range(height):
    start = y * (4 * width + 1)
    how, line = raw[start], bytearray(raw[start + 1:start + 1 + 4 * width])
    for i in range(4 * width):
        left = line[i - 4] if i > 3 else 0
        up = row[i]
        corner = row[i - 4] if i > 3 else 0
        estimate = left + up - corner
        paeth = min((abs(estimate - left), 0, left), (abs(estimate - up), 1, up), (abs(estimate - corner), 2, corner))[2]
        line[i] = (line[i] + (0, left, up, (left + up) // 2, paeth)[how]) & 255
    row = line
    count += sum(min(row[i], row[i + 1]) > row[i + 2] + 40 for i in range(0, 4 * width, 4))
print(count)`,
      png.toString('base64'),
    )
    // Nine by nine pixels with their smoothed edges; strokes that grow with the symbol make hundreds.
    expect(Number(yellow)).toBeGreaterThan(5)
    expect(Number(yellow)).toBeLessThan(81)
  })
})

describe('summary', () => {
  it('counts features per layer and measures heights and extent without NaN', () => {
    expect(summarize(sampleDrawing())).toEqual({
      epsg: 31984,
      verticalDatum: 'EGM2008',
      features: 10,
      layers: [
        { name: 'VIA-LOCAL', aci: 1, features: 3 },
        { name: 'EDI-PROJEÇÃO', aci: 2, features: 2 },
        { name: 'MOB', aci: 3, features: 3 },
        { name: 'Rótulos <1>', aci: 4, features: 1 },
        { name: 'rótulos _1_', aci: 5, features: 1 },
      ],
      minElevation: 10,
      maxElevation: 120,
      extent: [674000, 7592000, 674200, 7592095],
    })
  })
})
