import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PiecedFile, writeFiles } from '../../src/cli/write-file.ts'

const bytes = (text: string) => Buffer.from(text)
const never = new AbortController().signal

describe('output files', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sisrua-files-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('appear under their names only when all of them are written', async () => {
    const drawing = path.join(folder, 'new', 'drawing.dxf')
    const pieced = new PiecedFile(drawing)
    pieced.append(bytes('one '))
    pieced.append(bytes('two'))
    expect(existsSync(drawing)).toBe(false)
    const picture = path.join(folder, 'picture.svg')
    const files = [
      { file: drawing, bytes: pieced },
      { file: picture, bytes: bytes('<svg/>') },
    ]
    await writeFiles(files, never)
    pieced.discard()
    expect(readFileSync(drawing, 'utf8')).toBe('one two')
    expect(readFileSync(picture, 'utf8')).toBe('<svg/>')
    expect(readdirSync(path.dirname(drawing))).toEqual(['drawing.dxf'])
  })

  it('leave nothing when one of them cannot be written, nor when the work is stopped', async () => {
    const drawing = path.join(folder, 'drawing.dxf')
    writeFileSync(path.join(folder, 'taken'), '')
    const pieced = new PiecedFile(drawing)
    pieced.append(bytes('one'))
    const files = [
      { file: drawing, bytes: pieced },
      { file: path.join(folder, 'taken', 'picture.svg'), bytes: bytes('<svg/>') },
    ]
    await expect(writeFiles(files, never)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
    expect(readdirSync(folder)).toEqual(['taken'])
    const stopped = new PiecedFile(drawing)
    stopped.append(bytes('one'))
    expect(readdirSync(folder)).toHaveLength(2)
    stopped.discard()
    expect(readdirSync(folder)).toEqual(['taken'])
  })

  it('say what is wrong when a piece has no place', () => {
    writeFileSync(path.join(folder, 'taken'), '')
    const pieced = new PiecedFile(path.join(folder, 'taken', 'drawing.dxf'))
    expect(() => pieced.append(bytes('one'))).toThrow(/cannot be written \((EEXIST|ENOTDIR)\)/)
  })
})
