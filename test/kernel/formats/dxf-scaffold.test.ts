import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeDxf } from '../../../src/kernel/formats/dxf.ts'
import { describeWithJudge, python } from '../../support/judge.ts'
import { outlineDxf } from './dxf-outline.ts'
import { drawingOf, sampleDrawing } from './sample-drawing.ts'

const outlineOf = (drawing: ReturnType<typeof sampleDrawing>) =>
  outlineDxf(Buffer.from(writeDxf(drawing, { retrievedAt: '2026-11-21' })).toString('utf8'))
const golden = (name: string) => path.join(import.meta.dirname, '../../fixtures/dxf', name)

// What stands around the entities decides whether a program opens the file at all, and nobody looks at it. A difference is either a
// mistake, or is judged (ezdxf's audit, GDAL, a CAD program) before `vitest -u` writes the new outline.
describe('DXF scaffold', () => {
  it('is the recorded one for a drawing with one line', async () => {
    const line = {
      layer: 0,
      points: [
        [0, 0],
        [1, 1],
      ],
      feature: { kind: 'line' as const },
    }
    await expect(outlineOf(drawingOf([line], ['VIA']))).toMatchFileSnapshot(
      golden('scaffold-line.txt'),
    )
  })

  it('is the recorded one for the sample with blocks, line types and texts', async () => {
    await expect(outlineOf(sampleDrawing())).toMatchFileSnapshot(golden('scaffold-sample.txt'))
  })

  it('is the recorded one without a coordinate system of AutoCAD', async () => {
    const drawing = { ...drawingOf([], []), epsg: 29193 }
    await expect(outlineOf(drawing)).toMatchFileSnapshot(golden('scaffold-empty-sad69.txt'))
  })
})

describe('The outline', () => {
  it('changes with a moved, lost or renamed record, and not with an entity', () => {
    const text = Buffer.from(writeDxf(sampleDrawing(), { retrievedAt: null })).toString('utf8')
    const outline = outlineDxf(text)
    const changes = [
      text.replace('\n0\nVPORT\n', '\n0\nVIEWPORT\n'),
      text.replace('\n3\nACAD_LAYOUT\n', '\n3\nACAD_LAYOUTS\n'),
      text.replace('\n9\n$INSUNITS\n', '\n9\n$INSUNIT\n'),
      text.replace('\n330\n1F\n1\n', '\n330\n1E\n1\n').replace('\n100\nAcDbLayout\n', '\n'),
    ]
    for (const changed of changes) {
      expect(changed).not.toBe(text)
      expect(outlineDxf(changed)).not.toBe(outline)
    }
    const entity = text.replace('\n10\n674000\n', '\n10\n674001\n')
    expect(entity).not.toBe(text)
    expect(outlineDxf(entity)).toBe(outline)
  })
})

describeWithJudge(
  'python3-ezdxf',
  ['/usr/bin/python3', '-c', 'import ezdxf'],
  'The scaffold beside that of ezdxf',
  () => {
    // What ezdxf leaves of itself, and the layer and plotter of its template.
    const OWN_MARKS = /EZDXF|DICTIONARYVAR |Defpoints|HATCHBACKGROUNDCOLOR|LAYOUT "Adobe PDF"/
    const theirs = () => {
      const text = python(
        `import io, ezdxf
text = io.StringIO()
ezdxf.new('R2010').write(text)
print('\\n'.join(line.strip() for line in text.getvalue().split('\\n')[:-1]))`,
        '',
      )
      return outlineDxf(text).split('\n').map(withoutHandles)
    }
    const withoutHandles = (line: string) => line.replace(/#[0-9A-F]+/g, '#')

    it('has every class, table, record, block and dictionary entry of it', () => {
      const ours = new Set(outlineOf(drawingOf([], [])).split('\n').map(withoutHandles))
      const missing = theirs().filter((line) => !/^ {2}\$|^ *$/.test(line) && !ours.has(line))
      expect(missing.filter((line) => !OWN_MARKS.test(line))).toEqual([])
      // The comparison sees what is missing: ezdxf's own marks are.
      expect(missing.length).toBeGreaterThan(5)
    })

    it('has no header variable that is not in it, and all in the same order', () => {
      const variables = (lines: string[]) => lines.filter((line) => line.startsWith('  $'))
      const ours = variables(outlineOf(drawingOf([], [])).split('\n'))
      const known = variables(theirs())
      expect(ours.length).toBeGreaterThan(100)
      expect(known.filter((name) => ours.includes(name))).toEqual(ours)
    })
  },
)
