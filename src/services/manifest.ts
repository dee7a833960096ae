// What a version of a service fixes: a built-in kind of job and some of its parameters, by the names of the wire. Pure. No code, no
// path, no address can stand in it: a name that the kind does not have is refused.
import { canonicalJson } from '../audit/canonical.ts'
import { AppError } from '../base/errors.ts'
import { sha256, sha256Hex } from '../base/hash.ts'
import { isNestedAtMost } from '../base/nesting.ts'
import type { ServiceVersionRow } from '../store/services.ts'
import { DIALECT, type FormSchema } from './form.ts'

const PLACE = ['latitude', 'longitude', 'radius'] as const

/** The kinds a service may name, with the parameters that each has; `geojson`, where there is one, comes with the run. */
const FIELDS = {
  osm: [
    ...PLACE,
    'crs',
    'themes',
    'contour_interval',
    'labels',
    'simplify_tolerance',
    'road_edges',
  ],
  geojson: [
    'crs',
    'bbox',
    'labels',
    'simplify_tolerance',
    'simplify_method',
    'snap_tolerance',
    'join_lines',
    'remove_duplicates',
    'remove_spikes',
    'road_edges',
  ],
  contours: [...PLACE, 'crs', 'contour_interval', 'labels'],
  mesh: [...PLACE, 'crs', 'max_error'],
} as const satisfies Record<string, readonly string[]>

export type ServiceKind = keyof typeof FIELDS

export interface Manifest {
  kind: ServiceKind
  /** Fixed for every run; null: at the program's own default. What is absent is left to the run. */
  params: Record<string, unknown>
}

export interface Drafted extends Manifest {
  formSchema: FormSchema | null
}

const MOST_FORM_BYTES = 16_384
const FORM_LEVELS = 32

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const refuse = (field: string, why: string): AppError =>
  new AppError('PARAMS_INVALID', `${field}: ${why}`, { data: { field } })

const needsPlace = (kind: ServiceKind): boolean => kind !== 'geojson'
const takesDocument = (kind: ServiceKind): boolean => kind === 'geojson' || kind === 'mesh'

/** Names of parameters that a run may set: those of the form, or, without one, all that the manifest does not fix. */
export function openFields({ kind, params, formSchema }: Drafted): string[] {
  const named = isObject(formSchema?.properties) ? Object.keys(formSchema.properties) : FIELDS[kind]
  return named.filter((name) => name !== 'geojson' && !Object.hasOwn(params, name))
}

/** Throws PARAMS_INVALID. What the values may be is for the kind's own schema to say, whether the form is a JSON Schema for `form.ts`. */
export function checkDrafted(drafted: Drafted): void {
  const { kind, params, formSchema } = drafted
  if (!Object.hasOwn(FIELDS, kind)) throw refuse('kind', 'This kind of job is not built in.')
  const known: readonly string[] = FIELDS[kind]
  for (const [name, value] of Object.entries(params)) {
    if (!known.includes(name)) {
      throw refuse(`params.${name.slice(0, 64)}`, `A service of kind ${kind} cannot fix this.`)
    }
    if (value === null && (PLACE as readonly string[]).includes(name)) {
      throw refuse(`params.${name}`, 'The place has no default: give it, or leave it to the run.')
    }
  }
  if (formSchema !== null) checkFields(formSchema, drafted)
}

function checkFields(form: FormSchema, { kind, params }: Drafted): void {
  if (!isNestedAtMost(form, FORM_LEVELS) || canonicalJson(form).length > MOST_FORM_BYTES) {
    throw refuse('form_schema', 'Too large: 16 KiB and 32 levels are the most.')
  }
  if (form.$schema !== undefined && form.$schema !== DIALECT) {
    throw refuse('form_schema.$schema', `Only ${DIALECT} is understood.`)
  }
  const { properties } = form
  if (form.type !== 'object' || !isObject(properties)) {
    throw refuse('form_schema', 'Describe an object: "type": "object" with "properties".')
  }
  const open = FIELDS[kind].filter((name) => !Object.hasOwn(params, name)) as string[]
  if (takesDocument(kind)) open.push('geojson')
  const strange = Object.keys(properties).find((name) => !open.includes(name))
  if (strange !== undefined) {
    throw refuse('form_schema.properties', `${strange.slice(0, 64)} is not left open.`)
  }
  if (needsPlace(kind)) {
    const hidden = PLACE.find((name) => open.includes(name) && !Object.hasOwn(properties, name))
    if (hidden !== undefined) {
      throw refuse('form_schema.properties', `${hidden} is neither fixed nor in the form.`)
    }
  }
}

/**
 * The parameters of a run. Throws PARAMS_INVALID for an input that is not left open, or when the place or the document is
 * missing: unlike a job asked for by hand, a run that cannot end well is not begun.
 */
export function runParams(
  drafted: Drafted,
  inputs: Record<string, unknown>,
  hasDocument: boolean,
): Record<string, unknown> {
  const { kind, params } = drafted
  const open = openFields(drafted)
  for (const name of Object.keys(inputs)) {
    if (open.includes(name)) continue
    const why = Object.hasOwn(params, name) ? 'The service fixes this.' : 'Not left to the run.'
    throw refuse(`inputs.${name.slice(0, 64)}`, why)
  }
  if (hasDocument && !takesDocument(kind)) {
    throw refuse('inputs.geojson', `A service of kind ${kind} takes no document.`)
  }
  if (!hasDocument && kind === 'geojson') throw refuse('inputs.geojson', 'A document is needed.')
  const all = { ...params, ...inputs }
  const missing = needsPlace(kind) ? PLACE.find((name) => (all[name] ?? null) === null) : undefined
  if (missing !== undefined) throw refuse(`inputs.${missing}`, 'Missing: the place of the run.')
  return all
}

/** As it is stored. The manifest names its form by hash, so that what freezes the one freezes both. */
export function written({ kind, params, formSchema }: Drafted) {
  const form = formSchema === null ? null : canonicalJson(formSchema)
  const form_sha256 = form === null ? null : sha256Hex(form)
  const manifest = canonicalJson({ form_sha256, kind, params })
  return { manifest, formSchema: form, sha256: sha256(manifest) }
}

/** Throws RESULT_CORRUPT when what is stored is not what was hashed. */
export function readWritten(
  row: Pick<ServiceVersionRow, 'manifest' | 'formSchema' | 'sha256'>,
): Drafted {
  const { manifest, formSchema } = row
  if (!sha256(manifest).equals(row.sha256)) throw corrupt()
  const { form_sha256, kind, params } = JSON.parse(manifest) as Manifest & {
    form_sha256: string | null
  }
  if ((formSchema === null ? null : sha256Hex(formSchema)) !== form_sha256) throw corrupt()
  return { kind, params, formSchema: formSchema === null ? null : JSON.parse(formSchema) }
}

const corrupt = (): AppError =>
  new AppError(
    'RESULT_CORRUPT',
    'The stored version of the service does not fit its hash. Publish it again under a new number.',
  )
