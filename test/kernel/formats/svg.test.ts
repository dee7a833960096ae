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
