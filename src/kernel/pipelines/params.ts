// Parameters as they came → parameters as a pipeline wants them.
import { AppError } from '../../base/errors.ts'
import type { Pipeline } from './pipeline.ts'

/** The pipeline's own schema decides; the first thing that is wrong becomes the message (PARAMS_INVALID). */
export function parseParams<P>(pipeline: Pipeline<P>, params: unknown): P {
  const parsed = pipeline.params.safeParse(params)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = issue?.path.join('.') ?? ''
  throw new AppError(
    'PARAMS_INVALID',
    `${field === '' ? 'The request' : `Parameter ${field}`} is not valid: ${(issue?.message ?? '').slice(0, 200)}`,
    { data: { field } },
  )
}
