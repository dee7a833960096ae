// Two thousand damaged documents, GeoJSON and KML: each is drawn or refused with a code of the closed list, quickly.
import { describe, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.ts'
import { geojsonSiteV1 } from '../../../src/kernel/pipelines/geojson-site.v1.ts'
import { nodeCodecs } from '../../../src/workers/context.ts'
import { convertKml } from '../../../src/workers/kml-task.ts'
import { writeOutputs } from '../../../src/workers/outputs.ts'
import { createDice, GEOJSON, KML, mutate } from '../../support/damaged-documents.ts'

const SEED = 20_261_121
const DOCUMENTS = 2_000
/** What a document may be refused with. */
const CODES = new Set([
  'GEOJSON_INVALID',
  'KML_INVALID',
  'CRS_UNKNOWN',
  'CRS_REFUSED',
  'GEOMETRY_INVALID',
])
/** CPU milliseconds for one small document; the issue allows a second. */
const MOST_MS = 1_000

const OPTIONS = [
  {},
  { snapTolerance: 0.5, joinLines: true, removeSpikes: true, simplifyTolerance: 1, labels: true },
  { roadEdges: true, removeDuplicates: true, simplifyMethod: 'visvalingam', simplifyTolerance: 2 },
  { crs: 31984, labels: true, roadEdges: true },
]

const WRITING = {
  numericFeatureType: false,
  blocksFolder: null,
  retrievedAt: null,
  labels: true,
}

describe(`damaged documents (seed ${SEED})`, () => {
  test.each([
    ['GeoJSON', GEOJSON, (bytes: Uint8Array) => bytes],
    ['KML', KML, convertKml],
  ] as const)(
    '%s: drawn or refused by code, none slow, none crashes',
    async (_, originals, read) => {
      const dice = createDice(SEED)
      const outcomes = new Map<string, number>()
      const wrong: unknown[] = []
      let slowest = 0
      for (let i = 0; i < DOCUMENTS; i++) {
        const bytes = mutate(originals[i % originals.length]!, dice)
        const params = geojsonSiteV1.params.parse(OPTIONS[i % OPTIONS.length])
        const before = process.cpuUsage()
        let outcome = 'drawn'
        try {
          const result = await geojsonSiteV1.compute(
            params,
            { geojson: read(bytes) },
            nodeCodecs,
            () => {},
          )
          const { coords, offsets } = result.drawing.paths
          if (!coords.every(Number.isFinite)) wrong.push(['not finite', text(bytes)])
          if (offsets.length - 1 !== result.drawing.features.length)
            wrong.push(['count', text(bytes)])
          writeOutputs(result, ['result', 'dxf', 'geojson', 'svg'], WRITING, () => {}, 0)
        } catch (error) {
          outcome = error instanceof AppError ? error.code : String(error)
          if (!CODES.has(outcome)) wrong.push([outcome, text(bytes)])
        }
        const { user, system } = process.cpuUsage(before)
        slowest = Math.max(slowest, (user + system) / 1000)
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      }
      process.stdout.write(
        `${JSON.stringify([...outcomes])}, slowest ${slowest.toFixed(0)} ms CPU\n`,
      )
      expect(wrong).toEqual([])
      expect(slowest).toBeLessThan(MOST_MS)
      // The damage is real, and not all of it fatal.
      expect(outcomes.get('drawn')).toBeGreaterThan(100)
      expect(outcomes.get('drawn')).toBeLessThan(DOCUMENTS * 0.8)
    },
    120_000,
  )
})

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).slice(0, 600)
}
