// Which pipeline does which kind of job: the newest published version, or the one an old row names.
import { findPipeline } from '../kernel/pipelines/catalog.ts'
import type { JobKind } from './job.ts'
import type { PipelineDirectory } from './request.ts'

const NEWEST: Readonly<Record<JobKind, string>> = {
  osm: 'osm-site@1',
  geojson: 'geojson-site@1',
  contours: 'contours@1',
  mesh: 'mesh@1',
}

export const pipelines: PipelineDirectory = {
  forKind: (kind) => findPipeline(NEWEST[kind]),
  byName(name) {
    try {
      return findPipeline(name)
    } catch {
      return undefined
    }
  },
}
