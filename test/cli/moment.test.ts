// `--since`: dates, dates with a time and a zone, and so long ago.
import { expect, test } from 'vitest'
import { moment } from '../../src/cli/arguments.ts'

const NOW = Date.UTC(2026, 10, 22, 12)

test.each([
  ['90m', NOW - 90 * 60_000],
  ['36h', NOW - 36 * 3_600_000],
  [' 7d ', NOW - 7 * 86_400_000],
  ['2026-11-20', new Date(2026, 10, 20).getTime()],
  ['2026-11-20T14:30', new Date(2026, 10, 20, 14, 30).getTime()],
  ['2026-11-20 14:30:05', new Date(2026, 10, 20, 14, 30, 5).getTime()],
  ['2026-11-20T14:30Z', Date.UTC(2026, 10, 20, 14, 30)],
  ['2026-11-20T14:30-03:00', Date.UTC(2026, 10, 20, 17, 30)],
])('%s', (text, wanted) => {
  expect(moment(text, NOW)).toBe(wanted)
})

test.each([
  '',
  '7',
  '7y',
  '-7d',
  '1.5h',
  'yesterday',
  '20/11/2026',
  '2026-13-01',
  '2026-11-32',
  '2026-11-20T25:00',
  '1969-06-01',
])('%s is refused', (text) => {
  expect(() => moment(text, NOW)).toThrow('It must be a date')
})
