// Writes the sample: osm/town.json (Overpass JSON, with town.json.bbox that states its coverage) and dem/terrain.tif.
// npm run sample -- [folder] [--ways 6000] [--seed 20260101]
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { makeFolder } from '../src/base/make-folder.ts'
import { makeTown, radiusForWays, SAMPLE, type TownOptions } from './sample/town.ts'

/** Makes the town and writes it; answers its counts. */
export function writeSample(folder: string, options: TownOptions = SAMPLE) {
  const town = makeTown(options)
  for (const part of ['osm', 'dem']) makeFolder(path.join(folder, part))
  const file = path.join(folder, 'osm', 'town.json')
  writeFileSync(file, town.osm)
  writeFileSync(`${file}.bbox`, `${town.bbox.join(',')}\n`)
  writeFileSync(path.join(folder, 'dem', 'terrain.tif'), town.dem)
  return { ...town.counts, bytes: town.osm.length, file }
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { ways: { type: 'string' }, seed: { type: 'string' } },
  })
  const folder = positionals[0] ?? path.join(import.meta.dirname, '../.build/sample')
  const written = writeSample(folder, {
    ...SAMPLE,
    seed: Number(values.seed ?? SAMPLE.seed),
    radiusMeters:
      values.ways === undefined ? SAMPLE.radiusMeters : radiusForWays(Number(values.ways)),
  })
  console.log(
    `${written.file}: ${written.ways} ways, ${written.nodes} nodes, ${written.relations} relations, ${written.bytes} bytes`,
  )
}
