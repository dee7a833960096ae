// The form of a version is a JSON Schema: checked when it is drafted, and the inputs of a run against it. Whoever drafts hands in a
// schema of any shape, so what could keep a validator busy for ever is refused first.
import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js'
import { AppError } from '../base/errors.ts'

/** A JSON Schema for the form in which a drafter fills in what is left open. */
export type FormSchema = Record<string, unknown>

export const DIALECT = 'https://json-schema.org/draft/2020-12/schema'

/** Nodes and values of a form with every reference written out. */
const MOST_NODES = 2_000
/** As so many nodes counts what compares each element with each. */
const UNIQUE_NODES = 200
/** Compiled forms that are kept: a published one never changes. */
const MOST_KEPT = 32
/** Words that lead out of the schema or into itself, and those whose regular expressions may never end. */
const REFUSED: Readonly<Record<string, string>> = {
  $async: 'is not taken.',
  $id: 'leads out of the schema.',
  $anchor: 'is not taken: refer by place, e.g. #/$defs/name.',
  $dynamicAnchor: 'is not taken: refer by place, e.g. #/$defs/name.',
  $dynamicRef: 'is not taken: refer by place, e.g. #/$defs/name.',
  $recursiveAnchor: 'is not taken: refer by place, e.g. #/$defs/name.',
  $recursiveRef: 'is not taken: refer by place, e.g. #/$defs/name.',
  $vocabulary: 'is not taken.',
  pattern: 'is not taken: name the values with enum.',
  patternProperties: 'is not taken: a form names its fields.',
}

const refuse = (why: string): AppError =>
  new AppError('PARAMS_INVALID', `form_schema: ${why}`, { data: { field: 'form_schema' } })

/** Loaded with the first form: most programs never see one. */
let loading: Promise<Ajv2020> | null = null
const compiled = new Map<string, ValidateFunction>()

function ajv(): Promise<Ajv2020> {
  loading ??= import('ajv/dist/2020.js').then(
    // Words it does not know are for whoever draws the form, as the standard has it; so are formats.
    ({ Ajv2020 }) => new Ajv2020({ strict: false, validateFormats: false, logger: false }),
  )
  return loading
}

/** Throws PARAMS_INVALID for what is no JSON Schema 2020-12, or leads out of itself, into itself, or too far. */
export async function checkForm(form: FormSchema): Promise<void> {
  await compile(form)
}

/**
 * Throws PARAMS_INVALID with the first input that is not as the form says; the inputs are short, as the kind's own schema has
 * them. `hasDocument`: the run brings one, whose content is for its own reader to judge.
 */
export async function checkInputs(
  form: FormSchema,
  inputs: Record<string, unknown>,
  hasDocument: boolean,
): Promise<void> {
  const validate = await compile(form)
  if (validate(hasDocument ? { ...inputs, geojson: {} } : inputs)) return
  const { instancePath = '', message = 'does not fit' } = validate.errors?.[0] ?? {}
  const field = ['inputs', ...instancePath.split('/').slice(1)].join('.').slice(0, 100)
  throw new AppError('PARAMS_INVALID', `${field}: The form says: ${message}.`.slice(0, 300), {
    data: { field },
  })
}

async function compile(form: FormSchema): Promise<ValidateFunction> {
  const key = JSON.stringify(form)
  const known = compiled.get(key)
  if (known !== undefined) return known
  weigh(form, form, new Map(), new Set())
  const validator = await ajv()
  const { properties } = form as { properties?: Record<string, unknown> }
  const hasDocument = properties !== undefined && Object.hasOwn(properties, 'geojson')
  const schema = hasDocument ? { ...form, properties: { ...properties, geojson: true } } : form
  let made: ValidateFunction
  try {
    if (!validator.validateSchema(form)) throw new Error(validator.errorsText(validator.errors))
    made = validator.compile(schema)
  } catch (error) {
    throw refuse(`This is no JSON Schema 2020-12: ${(error as Error).message}`.slice(0, 300))
  } finally {
    // It would keep every schema that it has ever seen.
    validator.removeSchema(schema)
  }
  if (compiled.size >= MOST_KEPT) compiled.clear()
  compiled.set(key, made)
  return made
}

/**
 * Nodes and values below one, references written out: a few lines that refer to each other twice each would be gone through millions
 * of times, and one that leads back to itself for ever.
 */
function weigh(
  node: unknown,
  root: FormSchema,
  known: Map<object, number>,
  within: Set<object>,
): number {
  if (typeof node !== 'object' || node === null) return 1
  if (within.has(node)) throw refuse('$ref leads back to itself.')
  const before = known.get(node)
  if (before !== undefined) return before
  within.add(node)
  let weight = 1
  for (const [name, value] of Object.entries(node)) {
    const why = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined
    if (why !== undefined) throw refuse(`${name} ${why}`)
    if (name === 'uniqueItems') weight += UNIQUE_NODES
    weight += weigh(name === '$ref' ? target(value, root) : value, root, known, within)
    if (weight > MOST_NODES) throw refuse(`Too large: ${MOST_NODES} nodes and values are the most.`)
  }
  within.delete(node)
  known.set(node, weight)
  return weight
}

/** What `#/a/b` names (RFC 6901). */
function target(reference: unknown, root: FormSchema): unknown {
  if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference)) {
    throw refuse('$ref leads out of the schema.')
  }
  let node: unknown = root
  for (const part of reference.slice(1).split('/').slice(1)) {
    const name = unescaped(part)
    const isThere = typeof node === 'object' && node !== null && Object.hasOwn(node, name)
    if (!isThere) throw refuse('$ref leads to nothing.')
    node = (node as Record<string, unknown>)[name]
  }
  return node
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    throw refuse('$ref is no JSON Pointer.')
  }
}
