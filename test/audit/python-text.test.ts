// Python's spelling of numbers and JSON: drawn cases, and Python itself on random ones.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pythonFloat, pythonJson } from '../../src/audit/python-text.ts'
import { describeWithJudge, python } from '../support/judge.ts'

test.each([
  ['{"b": 1, "a": [1.0, 1e3, -0.0, 1e-7]}', '{"a": [1.0, 1000.0, -0.0, 1e-07], "b": 1}'],
  ['{"n":12345678901234567890123,"z":-0}', '{"n": 12345678901234567890123, "z": 0}'],
  ['"Á\\ud83d\\ude00\\u007f/\\n\\""', '"\\u00c1\\ud83d\\ude00\\u007f/\\n\\""'],
  ['{"__proto__":1,"\\ue000":2,"\\ud83d\\ude00":3}', null],
  ['[true,false,null,{},[]]', '[true, false, null, {}, []]'],
  ['{"x": NaN}', null],
  [`${'['.repeat(200_000)}${']'.repeat(200_000)}`, null],
  ['', null],
])('%#: JSON as Python writes it', (text, wanted) => {
  const found = pythonJson(text)
  if (text.startsWith('{"__proto__"'))
    expect(found).toBe('{"__proto__": 1, "\\ue000": 2, "\\ud83d\\ude00": 3}')
  else expect(found).toBe(wanted)
})

test('floats change to exponents where Python does', () => {
  const texts = [1, 0.0001, 0.00001, 1e15, 1e16, -2.5e-10, 1771000000.25, 1e300].map(pythonFloat)
  expect(texts).toEqual([
    '1.0',
    '0.0001',
    '1e-05',
    '1000000000000000.0',
    '1e+16',
    '-2.5e-10',
    '1771000000.25',
    '1e+300',
  ])
})

describeWithJudge('python3', ['/usr/bin/python3', '--version'], 'against Python', () => {
  test('random JSON is spelled the same', () => {
    const seed = 20261121
    const texts = fc.sample(
      fc.oneof(
        fc.json({ maxDepth: 4 }),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toExponential()),
        fc
          .dictionary(fc.string({ unit: 'binary' }), fc.integer())
          .map((value) => JSON.stringify(value)),
      ),
      { seed, numRuns: 3000 },
    )
    const script = `
import json, sys
for text in json.load(sys.stdin): print(json.dumps(json.loads(text), sort_keys=True))`
    const wanted = python(script, JSON.stringify(texts)).trimEnd().split('\n')
    expect(texts.map(pythonJson), `seed ${seed}`).toEqual(wanted)
  })
})
