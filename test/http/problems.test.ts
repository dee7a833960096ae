// The error list is complete, told in both languages, and never leaks.
import { describe, expect, test } from 'vitest'
import { ERROR_TEXTS, errorText } from '../../src/base/error-texts.ts'
import { AppError, ERRORS, type ErrorCode } from '../../src/base/errors.ts'
import { chooseLanguage } from '../../src/base/texts.ts'
import { fieldErrors, STATUS, toProblem } from '../../src/http/problem.ts'

const context = { language: 'pt-BR', instance: '/api/v1/x', requestId: '12345678' } as const
const codes = Object.keys(ERRORS) as ErrorCode[]

describe('problem documents', () => {
  test.each(codes)('%s has a status, a title and texts in both languages', (code) => {
    expect(STATUS[code]).toBeGreaterThanOrEqual(400)
    expect(STATUS[code]).toBeLessThan(600)
    expect(ERRORS[code].title).not.toBe('')
    for (const text of [ERROR_TEXTS[code].title, errorText('pt-BR', code), errorText('en', code)]) {
      expect(text.length).toBeGreaterThan(4)
    }
    expect(errorText('pt-BR', code)).not.toBe(errorText('en', code))
  })

  test('the original’s texts, whatever the language', () => {
    for (const language of ['pt-BR', 'en'] as const) {
      const detail = (error: AppError): string => toProblem(error, { ...context, language }).detail
      expect(detail(new AppError('AUTH_REQUIRED'))).toBe('Unauthorized')
      expect(detail(new AppError('AUTH_NOT_CONFIGURED'))).toBe(
        'Server Authentication Not Configured',
      )
      expect(detail(new AppError('JOB_NOT_FOUND', 'x'))).toBe('Job not found')
      expect(detail(new AppError('RATE_LIMITED'))).toBe('Rate limit exceeded. Please slow down.')
      const text = 'Version mismatch. Expected 1, but found 2.'
      expect(detail(new AppError('VERSION_CONFLICT', text))).toBe(text)
    }
  })

  test('what was not meant to be told stays inside', () => {
    const secret = new Error('SQLITE_ERROR in /home/ana/sisrua.db: select * from jobs')
    const told = JSON.stringify(toProblem(secret, context))
    expect(told).not.toMatch(/SQLITE|home|select/)
    expect(JSON.parse(told)).toMatchObject({ status: 500, code: 'INTERNAL' })
    const wrapped = new AppError('LAYERS_INVALID', 'path /home/ana/layers.json', { cause: secret })
    expect(JSON.stringify(toProblem(wrapped, context))).not.toMatch(/home/)
  })

  test('wrong fields are named with a JSON pointer', () => {
    const error = fieldErrors('body', [
      { path: ['path', 0, 'a/b'], message: 'Too big: <=5000', code: 'too_big' },
    ])
    const body = toProblem(error, context)
    expect(body.errors![0]).toEqual({
      loc: ['body', 'path', 0, 'a/b'],
      msg: 'Too big: <=5000',
      type: 'too_big',
      pointer: '#/path/0/a~1b',
    })
    expect(body.detail).toContain('valor acima do máximo (<=5000)')
  })

  test.each([
    [undefined, 'pt-BR'],
    ['en-US,en;q=0.9', 'en'],
    ['pt-BR,pt;q=0.9,en;q=0.8', 'pt-BR'],
    ['en;q=0.4, pt;q=0.5', 'pt-BR'],
    ['de-DE', 'pt-BR'],
    [',,;q=x', 'pt-BR'],
  ])('Accept-Language %s → %s', (header, language) => {
    expect(chooseLanguage(header)).toBe(language)
  })
})
