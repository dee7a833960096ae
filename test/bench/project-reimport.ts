// A second import into a project of many features: time and memory of storing, previewing and applying. Not a comparison, for no
// other tool does this. `node test/bench/project-reimport.ts [features]`, 100,000 without an argument.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { systemClock } from '../../src/base/clock.ts'
import { systemIds } from '../../src/base/ids.ts'
import { createProjects } from '../../src/projects/project-service.ts'
import { createPool } from '../../src/workers/pool.ts'
import { createJobHouse, OWNER } from '../support/job-house.ts'

const COUNT = Number(process.argv[2] ?? 100_000)
const VERTICES = 8
const dataFolder = mkdtempSync(path.join(tmpdir(), 'sisrua-bench-'))
const house = createJobHouse({ dataFolder, start: false })
const compute = createPool({ threads: 1 })
const { store, recorder } = house
const projects = createProjects({ store, recorder, clock: systemClock, ids: systemIds, compute })

/** One street in a hundred has moved, one is gone and one is new in the second state of the source. */
function documentOf(second: boolean): Uint8Array {
  const features: object[] = []
  for (let n = 0; n < COUNT; n++) {
    if (second && n % 100 === 1) continue
    const moved = second && n % 100 === 2 ? 5 : 0
    const coords_xy = Array.from({ length: VERTICES }, (_, i) => [
      n + i * 1.25 + moved,
      n * 0.5 + i,
    ])
    const id = second && n % 100 === 3 ? n + 10 * COUNT : n
    features.push({
      feature_type: 'Polyline',
      layer: 'SISRUA_OSM_VIAS',
      name: `Rua ${n}`,
      highway: 'residential',
      width_m: 7,
      coords_xy,
      source_id: `way/${id}`,
      original_geojson_properties: { highway: 'residential', surface: 'asphalt' },
    })
  }
  return new Uint8Array(Buffer.from(JSON.stringify({ crs_out: 'EPSG:31984', features })))
}

async function step(name: string, work: () => Promise<object>): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const cpu = process.cpuUsage()
  const start = performance.now()
  const answer = await work()
  const wall = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  delay.disable()
  const figures = [
    `${(wall / 1000).toFixed(2)} s`,
    `CPU ${((user + system) / 1e6).toFixed(2)} s`,
    `main thread held at most ${(delay.max / 1e6).toFixed(0)} ms`,
    `resident ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`,
  ]
  process.stdout.write(`${name.padEnd(10)} ${figures.join(', ')}  ${JSON.stringify(answer)}\n`)
}

try {
  const { id } = await projects.create({ name: 'Town' }, OWNER)
  const first = documentOf(false)
  const size = `${(first.length / 2 ** 20).toFixed(0)} MiB`
  process.stdout.write(`${COUNT} features of ${VERTICES} vertices, ${size} of JSON\n`)
  const run = (document: Uint8Array, dryRun: boolean) => async () => {
    const request = { version: null, dryRun, document, jobId: null }
    return (await projects.reimport(id, request, OWNER)).counts
  }
  await step('first', run(first, false))
  const [one] = [...projects.features(id)].flat()
  const set = [{ ...one, layer: 'MINHA' }]
  await step('one edit', () => projects.patchFeatures(id, 2, { set, remove: [] }, OWNER))
  const second = documentOf(true)
  await step('preview', run(new Uint8Array(second), true))
  await step('apply', run(second, false))
  const database = statSync(path.join(dataFolder, 'sisrua.db')).size
  const peak = process.resourceUsage().maxRSS / 1024
  process.stdout.write(
    `database ${(database / 2 ** 20).toFixed(0)} MiB, peak resident ${peak.toFixed(0)} MiB\n`,
  )
} finally {
  await compute.close()
  await house.close()
  rmSync(dataFolder, { recursive: true, force: true })
}
