import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writePrepareResponse } from '../../src/kernel/formats/prepare-response.ts'
import { writeForeignSymbols } from '../../src/workers/foreign-symbols.ts'
import { drawingOf } from '../kernel/formats/sample-drawing.ts'
import { describeWithJudge, python } from '../support/judge.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sisrua-symbols-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const pointsOf = (blocks: string[]) =>
  drawingOf(
    blocks.map((block) => ({ layer: 0, points: [[0, 0]], feature: { kind: 'point', block } })),
    ['A'],
  )

/** Name and file of each block as the plugin is told. */
function told(blocks: string[]): [string, string][] {
  const options = { numericFeatureType: true, blocksFolder: folder }
  const text = Buffer.from(writePrepareResponse(pointsOf(blocks), [], options)).toString('utf8')
  return JSON.parse(text).features.map((one: Record<string, string>) => [
    one.block_name,
    one.block_filepath,
  ])
}

const AWKWARD = ['CAIXA_GENERICA', 'caixa_generica', '../../fora', 'Poço *1*', 'CON', 'água\u0000']

describe('foreign symbols', () => {
  it('are there under every path that the response names, and nowhere else', () => {
    writeForeignSymbols(pointsOf(AWKWARD), folder)
    const paths = told(AWKWARD).map(([, file]) => file)
    expect(readdirSync(folder).sort()).toEqual(paths.map((file) => path.basename(file)).sort())
    for (const file of paths) expect(path.dirname(file)).toBe(folder)
  })

  it('leaves files that are there as they are, and writes none for our own symbols', () => {
    writeForeignSymbols(pointsOf(['POSTE']), folder)
    expect(readdirSync(folder)).toEqual([])
    writeForeignSymbols(pointsOf(['X']), folder)
    const file = path.join(folder, readdirSync(folder)[0]!)
    const { ino } = statSync(file)
    writeForeignSymbols(pointsOf(['X']), folder)
    expect(statSync(file).ino).toBe(ino)
  })

  it('keeps two thousand at most; the longest unused goes, other files stay', () => {
    for (let i = 0; i < 2_001; i++) {
      const file = path.join(folder, `old-${i.toString(16).padStart(16, '0')}.dxf`)
      writeFileSync(file, '')
      utimesSync(file, 1_000 + i, 1_000 + i)
    }
    writeFileSync(path.join(folder, 'POSTE.dxf'), '')
    writeForeignSymbols(pointsOf(['NEW']), folder)
    const left = readdirSync(folder)
    expect(left).toHaveLength(2_001)
    expect(left).toContain('POSTE.dxf')
    expect(left.filter((file) => file.startsWith('NEW-'))).toHaveLength(1)
    expect(left).not.toContain('old-0000000000000001.dxf')
    expect(left).toContain('old-0000000000000002.dxf')
  })
})

describeWithJudge(
  'python3-ezdxf',
  ['/usr/bin/python3', '-c', 'import ezdxf'],
  'foreign symbols read by ezdxf',
  () => {
    it('define a block of exactly the name that the plugin looks for, with something in it', () => {
      writeForeignSymbols(pointsOf(AWKWARD), folder)
      const answer = python(
        `import json, sys, ezdxf
answers = []
for name, file in json.load(sys.stdin):
    doc = ezdxf.readfile(file)
    answers.append([len(doc.audit().errors), name in [b.name for b in doc.blocks], len(doc.blocks.get(name))])
print(json.dumps(answers))`,
        JSON.stringify(told(AWKWARD)),
      )
      expect(JSON.parse(answer)).toEqual(AWKWARD.map(() => [0, true, 3]))
    })
  },
)
