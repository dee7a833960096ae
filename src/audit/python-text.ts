// Numbers and JSON as Python 3 writes them: the original signed such text, so checking its signatures needs every space of it.
// Spelling after docs.python.org: json.dumps(sort_keys=True) with its defaults, and repr() of a float.

/** As `repr(float)`: the shortest digits that read back the same, with an exponent below 1e-4 and from 1e16 on. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value
      .toExponential()
      .replace(/e([+-])(\d+)$/, (_, sign, digits) => `e${sign}${digits.padStart(2, '0')}`)
  }
  const text = Object.is(value, -0) ? '-0' : String(value)
  return text.includes('.') ? text : `${text}.0`
}

/** A number that keeps its spelling: Python tells 1 from 1.0, and its integers have no end. */
class PythonNumber {
  readonly text: string

  constructor(source: string) {
    if (!/[.eE]/.test(source)) this.text = source === '-0' ? '0' : source
    else {
      const value = Number(source)
      this.text = Number.isFinite(value) ? pythonFloat(value) : value > 0 ? 'Infinity' : '-Infinity'
    }
  }
}

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown

/**
 * What `json.dumps(json.loads(text), sort_keys=True)` gives; null for text that JSON does not know, Python's NaN among it, and for
 * what is nested too deep to be walked.
 */
export function pythonJson(text: string): string | null {
  const keepNumbers: Reviver = (_, value, { source }) =>
    typeof value === 'number' && source !== undefined ? new PythonNumber(source) : value
  try {
    return written(JSON.parse(text, keepNumbers as (key: string, value: unknown) => unknown))
  } catch {
    return null
  }
}

function written(value: unknown): string {
  if (value instanceof PythonNumber) return value.text
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const keys = Object.keys(value).sort(byCodePoint)
  const pair = (key: string): string =>
    `${quoted(key)}: ${written((value as Record<string, unknown>)[key])}`
  return `{${keys.map(pair).join(', ')}}`
}

const SHORT: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
}

/** ASCII only, as Python does it unless told otherwise. */
function quoted(text: string): string {
  const escaped = (unit: string): string =>
    SHORT[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  return `"${text.replace(/["\\]|[^ -~]/g, escaped)}"`
}

/** Python compares characters; JavaScript halves of them. */
function byCodePoint(a: string, b: string): number {
  const left = Array.from(a, (one) => one.codePointAt(0)!)
  const right = Array.from(b, (one) => one.codePointAt(0)!)
  const at = left.findIndex((point, i) => point !== right[i])
  if (at < 0) return left.length - right.length
  return left[at]! - (right[at] ?? -1)
}
