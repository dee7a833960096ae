// One run of a bundle for its compiled code: node scripts/code-cache-run.ts BUNDLE FOLDER-WITH-SAMPLE. Started by code-cache.ts.
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { MessageChannel } from 'node:worker_threads'
import { compiledName, runScript, scriptOf } from '../native/run-bundle.ts'
import { systemClock } from '../src/base/clock.ts'
import { findPipeline } from '../src/kernel/pipelines/catalog.ts'
import { parseParams } from '../src/kernel/pipelines/params.ts'
import { openSources } from '../src/sources/open.ts'
import { createPulse } from '../src/workers/pulse.ts'
import type { ToThread } from '../src/workers/serve.ts'
import type { PipelineTask } from '../src/workers/task.ts'
import { freePort } from './free-port.ts'
import { SAMPLE } from './sample/town.ts'

const [file, folder] = process.argv.slice(2) as [string, string]
const town = path.join(folder, 'osm', 'town.json')
const dem = path.join(folder, 'dem')
const RADIUS = 450
const port = await freePort()

// What ran once, at the start, is forgotten otherwise before the end.
setFlagsFromString('--no-flush-bytecode')
const script = scriptOf(file, null)
if (path.basename(file) === 'tasks.cjs') {
  await draw(runScript(script, file) as { runTask(message: ToThread): Promise<void> })
  keep()
} else {
  const { latitude, longitude } = SAMPLE
  const place = `--lat ${latitude} --lon ${longitude} --radius ${RADIUS}`
  const commands = [
    '--version',
    `prepare osm --quiet ${place} --osm-file ${town} --dem-dir ${dem} --dxf -o ${folder}`,
    `serve --port ${port} --log-level warning`,
  ]
  // A command is over when nothing is left to wait for.
  process.on('beforeExit', () => {
    const words = commands.shift()
    if (words === undefined) return
    process.argv = [process.argv[0]!, file, ...words.split(' ')]
    runScript(script, file)
    if (words.startsWith('serve')) void stopOnceHealthy()
  })
  process.on('exit', (code) => {
    if (code !== 0 || commands.length > 0) throw new Error(`ended with ${code} before the last run`)
    keep()
  })
}

function keep(): void {
  // The settings are part of what V8 compares.
  setFlagsFromString('--flush-bytecode')
  fs.writeFileSync(compiledName(file), script.createCachedData())
}

/** One drawing as a worker thread gets it. */
async function draw({ runTask }: { runTask(message: ToThread): Promise<void> }): Promise<void> {
  const pipeline = findPipeline('osm-site@1')
  const params = parseParams(pipeline, {
    latitude: SAMPLE.latitude,
    longitude: SAMPLE.longitude,
    radiusMeters: RADIUS,
  })
  const { sources } = openSources(
    {
      osmLibrary: path.dirname(town),
      demLibrary: dem,
      overpassUrls: [],
      overpassTimeoutMs: 1_000,
      userAgent: 'sisrua',
      cacheFolder: path.join(folder, 'cache'),
      cacheBytes: 1 << 20,
    },
    systemClock,
  )
  const inputs = await sources.collect(
    pipeline.needs(params),
    AbortSignal.timeout(60_000),
    () => {},
  )
  const input: PipelineTask = {
    pipeline: 'osm-site@1',
    params,
    inputs,
    outputs: ['result', 'dxf', 'geojson', 'svg'],
    options: { numericFeatureType: false, blocksFolder: null, retrievedAt: null },
  }
  const { port1, port2 } = new MessageChannel()
  const answer = new Promise<{ kind: string }>((resolve) => {
    port1.on('message', (message: { kind: string }) => {
      if (message.kind !== 'progress') resolve(message)
    })
  })
  await runTask({ name: 'pipeline', input, port: port2, pulse: createPulse() })
  const { kind } = await answer
  port1.close()
  if (kind !== 'value') throw new Error('the drawing failed')
}

async function stopOnceHealthy(): Promise<void> {
  for (let i = 0; i < 400; i++) {
    await sleep(25)
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/health`).catch(() => null)
    if (answer?.ok) break
  }
  process.emit('SIGTERM')
}
