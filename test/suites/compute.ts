// What every Compute promises, run on each of them, and the bytes they must agree on.
import { expect, test } from 'vitest'
import { makeTown, SAMPLE } from '../../scripts/sample/town.ts'
import type { Compute } from '../../src/workers/compute.ts'
import type { PipelineTask } from '../../src/workers/tasks.ts'

const town = makeTown({ ...SAMPLE, radiusMeters: 250 })

/** A small job with all outputs. */
export function smallJob(): PipelineTask {
  return {
    pipeline: 'osm-site@1',
    params: { latitude: SAMPLE.latitude, longitude: SAMPLE.longitude, radiusMeters: 180 },
    inputs: { osm: { bytes: town.osm.slice(), source: 'town.json' } },
    outputs: ['result', 'dxf', 'geojson', 'svg'],
    options: { numericFeatureType: false, blocksFolder: null, retrievedAt: '2026-01-01' },
  }
}

/** Registers the tests; `digests` collects the hashes, so that two implementations can be compared. */
export function computeSuite(open: () => Compute, digests: Record<string, string>[]): void {
  test('turns a job into bytes whose hashes are right', async () => {
    const compute = open()
    const steps = new Set<string>()
    const job = smallJob()
    job.options.figures = true
    const { outputs, summary } = await compute.run('pipeline', job, {
      onProgress: (step) => steps.add(step),
    })
    expect(summary?.epsg).toBe(31984)
    expect(summary?.features).toBeGreaterThan(50)
    expect(steps.has('writing')).toBe(true)
    const hashes: Record<string, string> = {}
    for (const [name, output] of Object.entries(outputs)) {
      const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(output.bytes))
      expect(Buffer.from(digest).toString('hex')).toBe(output.sha256)
      hashes[name] = output.sha256
    }
    expect(Object.keys(hashes)).toEqual(['result', 'dxf', 'geojson', 'svg'])
    digests.push(hashes)
  })

  test('raises the AppError of the pipeline', async () => {
    const job = {
      ...smallJob(),
      inputs: { osm: { bytes: Buffer.from('{"elements": ['), source: 'x' } },
    }
    await expect(open().run('pipeline', job)).rejects.toMatchObject({ code: 'OSM_INVALID' })
  })

  test('refuses parameters and names that do not fit', async () => {
    const wrong = { ...smallJob(), params: { latitude: 91 } }
    await expect(open().run('pipeline', wrong)).rejects.toMatchObject({ code: 'PARAMS_INVALID' })
    const unknown = { ...smallJob(), pipeline: 'osm-site@99' }
    await expect(open().run('pipeline', unknown)).rejects.toMatchObject({ code: 'PARAMS_INVALID' })
  })

  test('stops when the signal aborts', async () => {
    const controller = new AbortController()
    const work = open().run('pipeline', smallJob(), {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    })
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  test('takes large request bodies apart', async () => {
    const body = new TextEncoder().encode('{"kind":"geojson","geojson":"{\\"type\\":\\"Point\\"}"}')
    const { fields, geojson } = await open().run('readRequest', body)
    expect(fields).toEqual({ kind: 'geojson' })
    expect(Buffer.from(geojson!).toString()).toBe('{"type":"Point"}')
  })
}
