// What a finished job leaves on disk: which outputs are asked for, and how they become blobs and artifacts.
import { AppError } from '../base/errors.ts'
import type { Blobs, PreparedBlob } from '../store/blobs.ts'
import type { OutputName, PipelineOutput } from '../workers/tasks.ts'
import type { JobKind } from './job.ts'
import type { JobOutput } from './queue.ts'

/** What a job leaves behind besides its result: output, file name, media type. */
const ARTIFACTS: readonly (readonly [OutputName, string, string])[] = [
  ['dxf', 'drawing.dxf', 'image/vnd.dxf'],
  ['geojson', 'features.geojson', 'application/geo+json'],
  ['svg', 'preview.svg', 'image/svg+xml'],
  ['landxml', 'surface.xml', 'application/xml'],
]
/** What a job asks its pipeline for; only a mesh has a surface for LandXML. */
export function outputsOf(kind: JobKind): OutputName[] {
  const names = ARTIFACTS.map(([name]) => name)
  return ['result', ...names.filter((name) => name !== 'landxml' || kind === 'mesh')]
}

/** Makes the outputs durable; `held` gets each, so that the caller can let go of them whatever happens. */
export async function saveOutputs(
  blobs: Blobs,
  output: PipelineOutput,
  held: PreparedBlob[],
): Promise<JobOutput> {
  async function keep(name: OutputName): Promise<PreparedBlob | null> {
    const bytes = output.outputs[name]
    if (bytes === undefined) return null
    const blob = await blobs.prepare(bytes.bytes, bytes.sha256)
    held.push(blob)
    return blob
  }
  const result = await keep('result')
  if (result === null) throw new AppError('INTERNAL', 'The pipeline wrote no result.')
  const artifacts: JobOutput['artifacts'] = []
  for (const [outputName, name, mediaType] of ARTIFACTS) {
    const blob = await keep(outputName)
    if (blob !== null) artifacts.push({ name, mediaType, blob })
  }
  return { result, artifacts }
}
