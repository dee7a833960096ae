import { describe, expect, test } from 'vitest'
import { planArtefacts } from '../../src/cli/artefacts.ts'

describe('where a command writes', () => {
  test.each([
    ['nothing asked: a DXF', {}, [['dxf', 'drawing.dxf']]],
    [
      'a folder takes default names',
      { dxf: true, svg: true, output: 'out' },
      [
        ['dxf', 'out/drawing.dxf'],
        ['svg', 'out/preview.svg'],
      ],
    ],
    ['a name goes into the folder', { dxf: 'a.dxf', output: 'out' }, [['dxf', 'out/a.dxf']]],
    [
      'an absolute name stays where it says',
      { json: '/tmp/r.json', output: 'out' },
      [['result', '/tmp/r.json']],
    ],
    ['an absolute name without a folder too', { json: '/tmp/r.json' }, [['result', '/tmp/r.json']]],
    ['one file by its ending', { output: 'x/town.svg' }, [['svg', 'x/town.svg']]],
    ['JSON alone goes to standard output', { json: true }, [['result', '-']]],
    ['standard output on request', { dxf: true, output: '-' }, [['dxf', '-']]],
  ] as const)('%s', (_name, options, expected) => {
    const planned = planArtefacts(options).map(({ output, target }) => [output, target])
    expect(planned).toEqual(expected)
  })

  test('two things on standard output are refused', () => {
    expect(() => planArtefacts({ dxf: '-', json: true })).toThrow(/standard output/)
  })
})
