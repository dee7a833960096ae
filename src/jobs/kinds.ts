// Which pipeline a kind of job runs: the newest version today; rows keep the one they were made with.
import { findPipeline } from '../kernel/pipelines/catalog.ts'
import type { JobKind } from './job.ts'
import type { PipelineDirectory } from './request.ts'

const NEWEST: Readonly<Record<JobKind, string>> = {
  osm: 'osm-site@1',
  geojson: 'geojson-site@1',
  contours: 'contours@1',
}

/** The pipelines this program carries. */
export const PIPELINES: PipelineDirectory = {
  forKind: (kind) => findPipeline(NEWEST[kind]),
  byName(name) {
    try {
      return findPipeline(name)
    } catch {
      return undefined
    }
  },
}
