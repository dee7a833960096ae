// One whole job without the wire's limit on the radius, in a process of its own: bytes and terrain to features and DXF. Prints CPU
// seconds, peak MiB, features. `node test/bench/job-growth.ts FOLDER RADIUS`, FOLDER as scripts/make-sample.ts writes it.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { SAMPLE } from '../../scripts/sample/town.ts'
import { writeDxf } from '../../src/kernel/formats/dxf.ts'
import { osmSiteV1 } from '../../src/kernel/pipelines/osm-site.v1.ts'
import { createDemLibrary } from '../../src/sources/dem-library.ts'
import { nodeCodecs } from '../../src/workers/context.ts'

const [folder, radius] = process.argv.slice(2) as [string, string]
const { latitude, longitude } = SAMPLE
const params = {
  ...osmSiteV1.params.parse({ latitude, longitude, radiusMeters: 1 }),
  radiusMeters: Number(radius),
}
const before = process.cpuUsage()
const bytes = readFileSync(path.join(folder, 'osm', 'town.json'))
const need = osmSiteV1.needs(params).find(({ kind }) => kind === 'dem')!
const dem = await createDemLibrary({ folder: path.join(folder, 'dem') }).windows(need.bbox)
const inputs = { osm: { bytes, source: 'town.json' }, dem }
const { drawing } = await osmSiteV1.compute(params, inputs, nodeCodecs, () => {})
const dxf = writeDxf(drawing, { retrievedAt: null })
const { user, system } = process.cpuUsage(before)
const peak = process.resourceUsage().maxRSS / 1024
console.log((user + system) / 1e6, peak, drawing.features.length, dxf.length)
