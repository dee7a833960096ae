import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BLOCKS } from '../../../src/kernel/cad/blocks.ts'
import type { Drawing } from '../../../src/kernel/cad/drawing.ts'
import { writeBlockDxf } from '../../../src/kernel/formats/block-file.ts'
import { writeDxf } from '../../../src/kernel/formats/dxf.ts'
import { describeWithJudge, python } from '../../support/judge.ts'
import { lintDxf } from './dxf-lint.ts'
import { drawingOf, ORIGIN, sampleDrawing } from './sample-drawing.ts'

const options = { retrievedAt: '2026-11-21' }
const textOf = (drawing: Drawing) => Buffer.from(writeDxf(drawing, options)).toString('utf8')
const EMPTY: Drawing = {
  epsg: 31984,
  verticalDatum: null,
  layers: [],
  features: [],
  paths: { coords: new Float64Array(0), offsets: new Uint32Array(1) },
  credits: [],
  sourceTimestamp: null,
}
const TIN = {
  vertices: Float64Array.of(
    674000,
    7592000,
    1,
    674010,
    7592000,
    2,
    674000,
    7592010,
    3.5,
    674010,
    7592010,
    Number.NaN,
  ),
  triangles: Uint32Array.of(0, 1, 2, 1, 3, 2),
}

/** What ezdxf makes of each file, as JSON. */
const READ = `
import json, sys, ezdxf
answers = []
for name in sys.argv[1:]:
    doc = ezdxf.readfile(name)
    audit = doc.audit()
    space = doc.modelspace()
    geodata = space.get_geodata()
    answers.append({
        'version': doc.dxfversion,
        'errors': [e.message for e in audit.errors], 'fixes': [e.message for e in audit.fixes],
        'units': doc.header['$INSUNITS'], 'extmin': list(doc.header['$EXTMIN']), 'extmax': list(doc.header['$EXTMAX']),
        'crs': geodata.get_crs() if geodata else None,
        'layers': {l.dxf.name: [l.dxf.color, l.dxf.lineweight, l.dxf.linetype] for l in doc.layers},
        'blocks': [b.name for b in doc.blocks],
        'entities': [{
            'type': e.dxftype(), 'layer': e.dxf.layer, 'color': e.dxf.color, 'rgb': e.rgb,
            'points': [list(p) for p in e.get_points('xy')] if e.dxftype() == 'LWPOLYLINE' else None,
            'closed': e.closed if e.dxftype() == 'LWPOLYLINE' else None,
            'elevation': e.dxf.elevation if e.dxftype() == 'LWPOLYLINE' else None,
            'name': e.dxf.name if e.dxftype() == 'INSERT' else None,
            'insert': list(e.dxf.insert) if e.dxf.hasattr('insert') else None,
            'rotation': e.dxf.get('rotation', 0) if e.dxftype() in ('INSERT', 'TEXT') else 0, 'scale': e.dxf.get('xscale', 1) if e.dxftype() == 'INSERT' else 1,
            'text': e.dxf.text if e.dxftype() == 'TEXT' else e.text if e.dxftype() == 'MTEXT' else None,
            'xdata': [t.value for t in e.get_xdata('SISRUA')] if e.has_xdata('SISRUA') else None,
        } for e in space],
    })
print(json.dumps(answers))
`

interface Read {
  version: string
  errors: string[]
  fixes: string[]
  units: number
  extmin: number[]
  extmax: number[]
  crs: [number, boolean] | null
  layers: Record<string, [number, number, string]>
  blocks: string[]
  entities: {
    type: string
    layer: string
    color: number
    rgb: number[] | null
    points: number[][] | null
    closed: boolean | null
    elevation: number | null
    name: string | null
    insert: number[] | null
    rotation: number
    scale: number
    text: string | null
    xdata: string[] | null
  }[]
}

function withFiles<T>(files: Uint8Array[], body: (names: string[]) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-dxf-'))
  try {
    const names = files.map((bytes, i) => {
      const name = path.join(folder, `${i}.dxf`)
      writeFileSync(name, bytes)
      return name
    })
    return body(names)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function readAll(files: Uint8Array[]): Read[] {
  return withFiles(files, (names) => JSON.parse(python(READ, '', names)) as Read[])
}

describe('DXF, our own linter', () => {
  it('accepts the sample, an empty drawing, a mesh and every symbol file', () => {
    expect(lintDxf(textOf(sampleDrawing()))).toEqual([])
    expect(lintDxf(textOf(EMPTY))).toEqual([])
    const mesh = writeDxf(EMPTY, { ...options, tin: TIN })
    expect(lintDxf(Buffer.from(mesh).toString())).toEqual([])
    for (const name of Object.keys(BLOCKS)) {
      expect(lintDxf(Buffer.from(writeBlockDxf(name)).toString())).toEqual([])
    }
  })

  it('writes the same bytes in pieces', () => {
    const pieces: Buffer[] = []
    const sink = (piece: Uint8Array) => void pieces.push(Buffer.from(piece))
    const drawing = sampleDrawing()
    expect(writeDxf(drawing, { ...options, sink }).length).toBe(0)
    expect(Buffer.concat(pieces).toString('utf8')).toBe(textOf(drawing))
  })

  it('refuses what is planted', () => {
    const sound = textOf(sampleDrawing())
    const broken = [
      sound.replace('\n8\nVIA-LOCAL\n', '\n8\nNOWHERE\n'),
      sound.replace('\n10\n674000\n', '\n10\nnan\n'),
      sound.replace('\n2\nBANCO\n10\n', '\n2\nBANC\n10\n'),
      sound.replace('0\nLWPOLYLINE\n5\n', '0\nLWPOLYLINE\n5\n1F\n5\n'),
      sound.replace('\n6\nCENTER2\n', '\n6\nCENTER3\n'),
    ]
    for (const text of broken) expect(lintDxf(text)).not.toEqual([])
  })

  it('counts what it leaves out', () => {
    const text = textOf(sampleDrawing())
    expect(text).toContain('999\n1 features left out: a coordinate is not a finite number\n')
    expect(text).toContain('999\n1 features left out: too few vertices\n')
    expect(text).not.toContain('way/666')
  })

  it('stays sound whatever the names, texts and properties are', () => {
    const word = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ maxLength: 40 }),
      fc.constantFrom(
        'a\r\nb',
        '%%d',
        '\\U+0041',
        '^J',
        '\ud800',
        '*Model_Space',
        'ByLayer',
        '0',
        '',
      ),
    )
    fc.assert(
      fc.property(fc.array(word, { minLength: 6, maxLength: 12 }), fc.double(), (words, number) => {
        const drawing = drawingOf(
          words.flatMap((one, i) => [
            {
              layer: i,
              points: [
                [i, 1],
                [2, number],
              ],
              feature: {
                kind: 'line' as const,
                name: one,
                class: one.repeat(20),
                mergedSources: words,
                elevation: number,
                color: one,
                properties: Object.fromEntries(words.map((key) => [key, one.repeat(9)])),
              },
            },
            {
              layer: i,
              points: [[i, 2]],
              feature: { kind: 'point' as const, block: one, scale: number, rotation: number },
            },
            {
              layer: i,
              points: [[i, 3]],
              feature: { kind: 'text' as const, text: one, textHeight: number },
            },
          ]),
          words,
        )
        drawing.layers.forEach((layer, i) => {
          layer.linetype = words[i]!
        })
        drawing.credits.push(...words)
        expect(lintDxf(textOf(drawing))).toEqual([])
      }),
      { seed: 20260421, numRuns: 60 },
    )
  })
})

describeWithJudge(
  'python3-ezdxf',
  ['/usr/bin/python3', '-c', 'import ezdxf'],
  'DXF read by ezdxf',
  () => {
    it('has no errors and nothing to fix, and says what was drawn', () => {
      const [read] = readAll([writeDxf(sampleDrawing(), options)])
      expect(read!.errors).toEqual([])
      expect(read!.fixes).toEqual([])
      expect(read!.version).toBe('AC1024')
      expect(read!.units).toBe(6)
      expect(read!.crs).toEqual([31984, true])
      expect(read!.extmin).toEqual([ORIGIN[0], ORIGIN[1], 11.2])
      expect(read!.extmax).toEqual([ORIGIN[0] + 200, ORIGIN[1] + 95, 120])
      expect(read!.layers['VIA-LOCAL']).toEqual([1, 25, 'Continuous'])
      expect(read!.layers['EDI-PROJEÇÃO']).toEqual([2, 25, 'CENTER2'])
      expect(read!.layers['Rótulos _1_']).toBeDefined()
      expect(read!.layers['rótulos _1_-2']).toBeDefined()
      expect(read!.entities.map((entity) => entity.type)).toEqual([
        'LWPOLYLINE',
        'LWPOLYLINE',
        'LWPOLYLINE',
        'INSERT',
        'INSERT',
        'POINT',
        'TEXT',
        'LWPOLYLINE',
        'MTEXT',
      ])
      const [street, house, , bench, foreign, point, label, contour, credits] = read!.entities
      expect(street!.closed).toBe(false)
      expect(street!.elevation).toBe(11.2)
      expect(street!.points).toEqual([
        [674000, 7592000],
        [674100.123, 7592000],
        [674200, 7592050],
      ])
      expect(street!.xdata).toEqual(
        expect.arrayContaining([
          'schema=1',
          'source=way/1',
          'version=4',
          'name=Rua São João',
          'width_m=7',
          'merged=way/2,way/3',
          'tag:lanes=2',
        ]),
      )
      expect(house!.closed).toBe(true)
      expect(house!.points).toHaveLength(4)
      expect(house!.xdata).toEqual(expect.arrayContaining(['height_m=6.5', 'levels=2']))
      expect(bench).toMatchObject({ name: 'BANCO', rotation: 90, scale: 2, color: 1 })
      expect(foreign).toMatchObject({ name: 'Meu_Bloco', insert: [674065, 7592060, 33] })
      expect(read!.blocks).toEqual(expect.arrayContaining(['BANCO', 'Meu_Bloco']))
      expect(point!.rgb).toEqual([255, 128, 0])
      expect(label!.text).toBe('Rua São João')
      expect(label!.rotation).toBeCloseTo(5.729578, 6)
      expect(contour).toMatchObject({ elevation: 120, color: 32 })
      expect(credits).toMatchObject({ layer: 'SISRUA_ATTRIB', insert: [674000, 7592097, 0] })
      expect(credits!.text).toContain('© colaboradores do OpenStreetMap (ODbL)')
    })

    it('keeps coordinates to half a millimetre', () => {
      const points = Array.from({ length: 500 }, (_, i) => [
        Math.sin(i) * 20000,
        Math.cos(i * 7) * 300000,
      ])
      const drawing = drawingOf([{ layer: 0, points, feature: { kind: 'line' } }], ['A'])
      const [read] = readAll([writeDxf(drawing, options)])
      read!.entities[0]!.points!.forEach(([x, y], i) => {
        expect(Math.abs(x! - drawing.paths.coords[2 * i]!)).toBeLessThanOrEqual(0.0005001)
        expect(Math.abs(y! - drawing.paths.coords[2 * i + 1]!)).toBeLessThanOrEqual(0.0005001)
      })
    })

    it('reads an empty drawing, a mesh without its unknown corner, and every symbol under its own name', () => {
      const names = Object.keys(BLOCKS)
      const [empty, mesh, ...symbols] = readAll([
        writeDxf(EMPTY, options),
        writeDxf(EMPTY, { ...options, tin: TIN }),
        ...names.map(writeBlockDxf),
      ])
      for (const read of [empty!, mesh!, ...symbols]) {
        expect([...read.errors, ...read.fixes]).toEqual([])
      }
      expect(empty!.entities).toEqual([])
      expect(mesh!.entities.map((entity) => entity.type)).toEqual(['3DFACE'])
      symbols.forEach((read, i) => {
        expect(read.blocks).toContain(names[i])
        expect(read.entities.map((entity) => entity.name)).toEqual([names[i]])
      })
    })
  },
)

describeWithJudge('gdal-bin', ['ogrinfo', '--version'], 'DXF read by ogrinfo', () => {
  it('finds the entities on their layers', () => {
    withFiles([writeDxf(sampleDrawing(), options)], ([name]) => {
      const text = execFileSync('ogrinfo', ['-ro', '-al', name!], { encoding: 'utf8' })
      expect(text).toContain('Feature Count: 9')
      // GDAL 3.6 reads UTF-8 by the header's code page, in ezdxf's files as in ours, so only ASCII names are compared.
      expect(text).toContain('Layer (String) = VIA-LOCAL')
      expect(text).toContain('LINESTRING Z (674000 7592090 120,674200 7592095 120)')
    })
  })
})
