// Every pipeline that can be asked for, listed by hand: bundlers and readers find what is imported.
import { AppError } from '../../base/errors.ts'
import { contoursV1 } from './contours.v1.ts'
import { geojsonSiteV1 } from './geojson-site.v1.ts'
import { meshV1 } from './mesh.v1.ts'
import { osmSiteV1 } from './osm-site.v1.ts'
import type { Pipeline } from './pipeline.ts'

/** All published versions, newest of each id last. */
const PIPELINES: readonly Pipeline<unknown>[] = [
  osmSiteV1 as Pipeline<unknown>,
  geojsonSiteV1 as Pipeline<unknown>,
  contoursV1 as Pipeline<unknown>,
  meshV1 as Pipeline<unknown>,
]

/** The pipeline called `id@version`, e.g. `osm-site@1`. Unknown names are PARAMS_INVALID. */
export function findPipeline(name: string): Pipeline<unknown> {
  const found = PIPELINES.find(({ id, version }) => `${id}@${version}` === name)
  if (found === undefined) {
    throw new AppError('PARAMS_INVALID', `There is no pipeline called ${name.slice(0, 80)}.`)
  }
  return found
}
