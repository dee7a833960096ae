// What counts as trouble with the disk: only then the database stays where it is and the program ends with 74.
import { expect, it } from 'vitest'
import { isDiskTrouble, startProblem } from '../../src/base/disk-trouble.ts'
import { AppError } from '../../src/base/errors.ts'

it.each([
  ['EIO', true],
  ['ENOSPC', true],
  ['ENOENT', false],
  ['SQLITE_IOERR', true],
  ['SQLITE_IOERR_READ', true],
  // The file ends before what SQLite looks for: it was cut off. Found by experiment A5.
  ['SQLITE_IOERR_SHORT_READ', false],
  ['SQLITE_FULL', true],
  ['SQLITE_CANTOPEN', true],
  ['SQLITE_READONLY_ROLLBACK', true],
  ['SQLITE_CORRUPT', false],
  ['SQLITE_NOTADB', false],
])('%s: %s', (code, expected) => {
  expect(isDiskTrouble(Object.assign(new Error(), { code }))).toBe(expected)
})

it('a folder that could not be made although what is above it is there', () => {
  expect(isDiskTrouble(Object.assign(new Error(), { code: 'ENOENT', syscall: 'mkdir' }))).toBe(true)
})

it('becomes STORE_UNAVAILABLE at the start; an AppError stays, anything else is INTERNAL', () => {
  expect(startProblem(Object.assign(new Error(), { code: 'EIO' })).code).toBe('STORE_UNAVAILABLE')
  expect(startProblem(new AppError('ALREADY_RUNNING')).code).toBe('ALREADY_RUNNING')
  expect(startProblem(new Error()).code).toBe('INTERNAL')
  expect(startProblem(Object.assign(new Error(), { code: 'ERR_X' })).code).toBe('INTERNAL')
})

it('names what the system says of a data folder that may not be used', () => {
  const refused = startProblem(
    Object.assign(new Error(), { code: 'EACCES', syscall: 'mkdir', path: '/secret' }),
  )
  expect([refused.code, refused.message]).toEqual([
    'STORE_UNAVAILABLE',
    expect.stringMatching(/^(?!.*secret).*\(EACCES\)/),
  ])
})
