import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeOutputs } from '../../src/workers/outputs.ts'
import type { OutputName } from '../../src/workers/task.ts'
import { sampleDrawing } from '../kernel/formats/sample-drawing.ts'

const OPTIONS = {
  numericFeatureType: false,
  blocksFolder: null,
  retrievedAt: '2026-11-21',
  labels: false,
}
/** Two triangles over a square of ten metres, one corner a metre higher. */
const TIN = {
  vertices: Float64Array.of(0, 0, 5, 10, 0, 5, 10, 10, 6, 0, 10, 5),
  triangles: Uint32Array.of(0, 1, 2, 0, 2, 3),
}
const write = (
  names: OutputName[],
  tin?: typeof TIN,
  report = (_step: string, _at: number) => {},
) =>
  writeOutputs(
    { drawing: sampleDrawing(), notes: [], ...(tin === undefined ? {} : { tin }) },
    names,
    OPTIONS,
    report,
    0.8,
  )
const count = (bytes: Uint8Array, text: string) =>
  Buffer.from(bytes).toString('utf8').split(text).length - 1

describe('outputs', () => {
  it('are the ones asked for, with the hash of their bytes, and progress that only grows', () => {
    const seen: number[] = []
    const outputs = write(['svg', 'geojson'], undefined, (_step, at) => seen.push(at))
    expect(Object.keys(outputs)).toEqual(['svg', 'geojson'])
    for (const { bytes, sha256 } of Object.values(outputs)) {
      expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    }
    expect(seen).toEqual([0.8, 0.9])
  })

  it('carry a terrain mesh as faces of the DXF and as a LandXML surface', () => {
    const { dxf, landxml } = write(['dxf', 'landxml'], TIN)
    expect(count(dxf!.bytes, '\n0\n3DFACE\n')).toBe(2)
    expect(count(landxml!.bytes, '<F>')).toBe(2)
    expect(count(landxml!.bytes, '<Surface name="Terreno">')).toBe(1)
    expect(count(landxml!.bytes, 'epsgCode="31984" verticalDatum="EGM2008"')).toBe(1)
    expect(count(write(['dxf']).dxf!.bytes, '3DFACE')).toBe(0)
  })

  it('name block files that exist, foreign names included', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-outputs-'))
    try {
      const { result } = writeOutputs(
        { drawing: sampleDrawing(), notes: [] },
        ['result'],
        { ...OPTIONS, blocksFolder: folder },
        () => {},
        0,
      )
      const { features } = JSON.parse(Buffer.from(result!.bytes).toString('utf8'))
      const foreign = features.find((one: { block_name: string }) => one.block_name === 'Meu_Bloco')
      expect(existsSync(foreign.block_filepath)).toBe(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('refuse LandXML without a mesh', () => {
    expect(() => write(['landxml'])).toThrow(expect.objectContaining({ code: 'PARAMS_INVALID' }))
  })
})
