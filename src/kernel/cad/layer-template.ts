// The user's own layers: reads a JSON template, says plainly what is wrong with it, and makes its names fit for CAD.
import { AppError } from '../../base/errors.ts'
import type { Layer } from './drawing.ts'
import type { LayerRule, LayerTemplate, SpecialLayers, TagMatch } from './layers.ts'
import { DEFAULT_LAYER_TEMPLATE } from './layers.ts'

const MAX_RULES = 2000
const MAX_NAME = 255
/** DXF group 370 knows these, in hundredths of a millimetre; -3 default, -2 by block, -1 by layer. */
const LINEWEIGHTS: ReadonlySet<number> = new Set([
  -3, 0, 5, 9, 13, 15, 18, 20, 25, 30, 35, 40, 50, 53, 60, 70, 80, 90, 100, 106, 120, 140, 158, 200,
  211,
])
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must go
const FORBIDDEN = /[<>/\\":;?*|=,`\u0000-\u001f\u007f]/g

/**
 * A checked template. Also takes the stock plugin's `layers.json` (`{"highway": {"primary": {"layer": …, "aci": …}}}`).
 * LAYERS_INVALID names the place in the file and what is wanted there. Null and undefined give the default.
 */
export function parseLayerTemplate(json: unknown): LayerTemplate {
  if (json === null || json === undefined) return DEFAULT_LAYER_TEMPLATE
  const file = objectAt(json, 'the template')
  const rules =
    file.rules === undefined && isRecord(file.highway)
      ? pluginRules(file)
      : arrayAt(file.rules ?? [], 'rules').map((rule, i) => readRule(rule, `rules[${i}]`))
  if (rules.length > MAX_RULES) refuse('rules', `has ${rules.length} entries; at most ${MAX_RULES}`)
  const special = { ...DEFAULT_LAYER_TEMPLATE.special }
  for (const [key, value] of Object.entries(objectAt(file.special ?? {}, 'special'))) {
    if (!Object.hasOwn(special, key)) {
      refuse(`special.${key}`, `is not known; there are ${Object.keys(special).join(', ')}`)
    }
    const known = key as keyof SpecialLayers
    special[known] = readLayer(objectAt(value, `special.${key}`), `special.${key}`, special[known])
  }
  const all = file.replace === true ? rules : [...rules, ...DEFAULT_LAYER_TEMPLATE.rules]
  const name = typeof file.name === 'string' ? file.name.slice(0, 100) : 'unnamed'
  return oneLookPerName({ name, rules: all, special })
}

/** `{"<key>": {"<value>": {layer, aci, lineweight}}}` as rules. */
function pluginRules(file: Record<string, unknown>): LayerRule[] {
  const rules: LayerRule[] = []
  for (const [key, values] of Object.entries(file)) {
    if (!isRecord(values)) continue
    for (const [value, layer] of Object.entries(values)) {
      const where = `${key}.${value}`
      rules.push({
        match: { [key]: value },
        shapes: null,
        ...readLayer(objectAt(layer, where), where, null),
      })
    }
  }
  return rules
}

function readRule(value: unknown, where: string): LayerRule {
  const rule = objectAt(value, where)
  const match: TagMatch = {}
  for (const [key, wanted] of Object.entries(objectAt(rule.match, `${where}.match`))) {
    const texts = Array.isArray(wanted) ? wanted : [wanted]
    if (texts.length === 0 || !texts.every((text) => typeof text === 'string')) {
      refuse(`${where}.match.${key}`, 'must be a text or a list of texts ("*" = any value)')
    }
    match[key] = wanted as string | string[]
  }
  if (Object.keys(match).length === 0) refuse(`${where}.match`, 'names no tag')
  let shapes: LayerRule['shapes'] = null
  if (rule.shapes !== undefined) {
    shapes = arrayAt(rule.shapes, `${where}.shapes`).map((shape) => {
      if (shape !== 'point' && shape !== 'line' && shape !== 'area') {
        return refuse(`${where}.shapes`, 'may hold "point", "line" and "area" only')
      }
      return shape
    })
  }
  return { match, shapes, ...readLayer(rule, where, null) }
}

function readLayer(value: Record<string, unknown>, where: string, fallback: Layer | null): Layer {
  const given = value.layer ?? fallback?.name
  if (typeof given !== 'string') return refuse(`${where}.layer`, 'must be a text')
  const name = validLayerName(given)
  if (name === null) return refuse(`${where}.layer`, 'is empty once forbidden characters are gone')
  const aci = value.aci ?? fallback?.aci ?? 7
  if (typeof aci !== 'number' || !Number.isInteger(aci) || aci < 1 || aci > 255) {
    return refuse(`${where}.aci`, 'must be a whole number from 1 to 255')
  }
  const lineweight = value.lineweight ?? fallback?.lineweight ?? -3
  if (typeof lineweight !== 'number' || !LINEWEIGHTS.has(lineweight)) {
    return refuse(
      `${where}.lineweight`,
      `must be one of ${[...LINEWEIGHTS].join(', ')} (hundredths of a millimetre; -3 = default)`,
    )
  }
  const linetype = value.linetype ?? fallback?.linetype ?? 'Continuous'
  if (typeof linetype !== 'string' || validLayerName(linetype) !== linetype) {
    return refuse(`${where}.linetype`, 'must be the name of a line type')
  }
  return { name, aci, lineweight, linetype }
}

/** The name without characters that AutoCAD refuses, at most 255 long; null when nothing is left. */
export function validLayerName(name: string): string | null {
  const cleaned = name.replace(FORBIDDEN, '_').trim().slice(0, MAX_NAME).trim()
  return cleaned === '' || /^_+$/.test(cleaned) ? null : cleaned
}

/** Layers of one name (without regard to case) look alike: the first mention says how. */
function oneLookPerName(template: LayerTemplate): LayerTemplate {
  const first = new Map<string, Layer>()
  const settle = <T extends Layer>(layer: T): T => {
    const key = layer.name.toLowerCase()
    const known = first.get(key)
    if (known === undefined) {
      first.set(key, layer)
      return layer
    }
    const { name, aci, lineweight, linetype } = known
    return { ...layer, name, aci, lineweight, linetype }
  }
  const rules = template.rules.map(settle)
  const special = Object.fromEntries(
    Object.entries(template.special).map(([key, layer]) => [key, settle(layer as Layer)]),
  ) as unknown as SpecialLayers
  return { name: template.name, rules, special }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function objectAt(value: unknown, where: string): Record<string, unknown> {
  return isRecord(value) ? value : refuse(where, 'must be an object')
}

function arrayAt(value: unknown, where: string): unknown[] {
  return Array.isArray(value) ? value : refuse(where, 'must be a list')
}

function refuse(where: string, problem: string): never {
  throw new AppError('LAYERS_INVALID', `Layer template: ${where} ${problem}.`, {
    data: { where, problem },
  })
}
