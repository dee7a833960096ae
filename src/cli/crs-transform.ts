// `sisrua crs transform`: points on standard input to points on standard output, one line for one line, in constant memory.
import { once } from 'node:events'
import type { Command } from 'commander'
import { AppError } from '../base/errors.ts'
import { crsOf } from '../kernel/geo/crs.ts'
import { DATUM_OPERATIONS } from '../kernel/geo/datum-operations.ts'
import type { ShiftGrid } from '../kernel/geo/ntv2.ts'
import { openShiftGrid } from '../kernel/geo/ntv2.ts'
import type { TransformOperation, TransformOptions } from '../kernel/geo/transform.ts'
import { transform } from '../kernel/geo/transform.ts'
import { readGridFiles } from './grid-files.ts'

/** Lines were bad: the rest is on standard output, each bad one as `nan,nan`. */
const EXIT_BAD_LINES = 5

/** Points transformed at a time. */
const BATCH_LINES = 8192

interface Options {
  from: string
  to: string
  grids?: string
  operation: string
  json?: true
}

export function registerCrsTransform(crs: Command): void {
  crs
    .command('transform')
    .requiredOption('--from <epsg>', 'EPSG code of the input')
    .requiredOption('--to <epsg>', 'EPSG code of the output')
    .option('--grids <folder>', "folder with IBGE's NTv2 grids (.gsb)")
    .option('--operation <which>', 'best, grid or translation', 'best')
    .option('--json', 'one JSON document')
    .description(
      'transforms CSV lines "lon,lat" or "x,y" from standard input, one line for one line',
    )
    .addHelpText(
      'before',
      'Example: echo -45.5,-23.5 | sisrua crs transform --from 4674 --to 31983\n',
    )
    .action(async (options: Options) => {
      const bad = await transformLines(process.stdin, process.stdout, process.stderr, options)
      if (bad > 0) process.exitCode = EXIT_BAD_LINES
    })
}

/** One line that could not be transformed. */
interface BadLine {
  line: number
  reason: string
}

/** Transforms everything and answers the number of bad lines. Metres are written with 7 decimals, degrees with 12. */
async function transformLines(
  input: AsyncIterable<Uint8Array | string>,
  output: NodeJS.WritableStream,
  messages: NodeJS.WritableStream,
  options: Options,
): Promise<number> {
  const from = epsgCode(options.from, '--from')
  const to = epsgCode(options.to, '--to')
  const grids = await readGrids(options.grids, [from, to])
  const method = methodOf(options.operation, grids, [from, to])
  // An empty list answers which operation will serve all lines, or refuses before any is read.
  const { operation } = transform(from, to, new Float64Array(0), method)
  if (!options.json && operation.name !== 'none') messages.write(`${describe(operation)}\n`)
  const decimals = crsOf(to).kind === 'geographic' ? 12 : 7
  const points: ([number, number] | null)[] = []
  const bad: BadLine[] = []
  let badLines = 0
  let firstLine = 1
  for await (const lines of batches(input)) {
    const coords = new Float64Array(2 * lines.length)
    const reasons = new Map<number, string>()
    for (let i = 0; i < lines.length; i++) {
      const reason = readPoint(lines[i]!, coords, 2 * i)
      if (reason !== null) reasons.set(i, reason)
    }
    const moved = transform(from, to, coords, method).coords
    let text = ''
    for (let i = 0; i < lines.length; i++) {
      const x = moved[2 * i]!
      const y = moved[2 * i + 1]!
      const good = !(Number.isNaN(x) || Number.isNaN(y))
      if (!good) {
        const line = firstLine + i
        const reason = reasons.get(i) ?? 'the point lies outside the projection or the grid'
        badLines++
        if (options.json) bad.push({ line, reason })
        else messages.write(`line ${line}: ${reason}\n`)
      }
      if (options.json)
        points.push(good ? [Number(x.toFixed(decimals)), Number(y.toFixed(decimals))] : null)
      else text += good ? `${x.toFixed(decimals)},${y.toFixed(decimals)}\n` : 'nan,nan\n'
    }
    firstLine += lines.length
    if (text !== '' && !output.write(text)) await once(output, 'drain')
  }
  if (options.json) {
    const { accuracyMeters, fallback, grids: used, name } = operation
    const document = {
      errors: bad,
      from,
      operation: { accuracy_meters: accuracyMeters, fallback, grids: used, name },
      points,
      to,
    }
    output.write(`${JSON.stringify(document)}\n`)
  }
  return badLines
}

/** Lines in batches, without their ends; a last line needs no end. */
async function* batches(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder()
  let rest = ''
  let lines: string[] = []
  for await (const chunk of input) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    const pieces = rest.split('\n')
    rest = pieces.pop()!
    for (const piece of pieces) lines.push(piece)
    if (lines.length >= BATCH_LINES) {
      yield lines
      lines = []
    }
  }
  rest += decoder.decode()
  if (rest !== '') lines.push(rest)
  if (lines.length > 0) yield lines
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** Puts the line's two numbers into `coords` at `at`, NaN for a bad line; answers what is wrong with it, or null. */
function readPoint(line: string, coords: Float64Array, at: number): string | null {
  const fields = line.trim().split(/\s*[,;\t]\s*|\s+/)
  coords[at] = Number.NaN
  coords[at + 1] = Number.NaN
  if (fields.length !== 2)
    return `expected two numbers, found ${fields[0] === '' ? 0 : fields.length} values`
  const [x, y] = fields as [string, string]
  for (const field of [x, y]) {
    if (!NUMBER.test(field)) return `"${field.slice(0, 30)}" is no number`
  }
  coords[at] = Number(x)
  coords[at + 1] = Number(y)
  return null
}

/** `31983` or `EPSG:31983`. */
function epsgCode(text: string, option: string): number {
  const digits = /^(?:epsg:)?(\d{4,6})$/i.exec(text)
  if (digits === null) {
    throw new AppError(
      'PARAMS_INVALID',
      `${option} needs an EPSG code such as 31983, not "${text.slice(0, 40)}".`,
    )
  }
  return crsOf(Number(digits[1])).epsg
}

function gridNames(codes: number[]): string[] {
  return codes.flatMap((epsg) => DATUM_OPERATIONS[crsOf(epsg).datum]?.grid.file ?? [])
}

/** Opens those grids of the folder that the two systems can use. */
async function readGrids(folder: string | undefined, codes: number[]): Promise<ShiftGrid[]> {
  const files = await readGridFiles(folder, gridNames(codes))
  return files.map(({ name, bytes }) => openShiftGrid(name, bytes))
}

/**
 * One operation for the whole stream, chosen before its first line: with `best` the grid if it is at hand (points outside it become
 * bad lines), else the translation.
 */
function methodOf(which: string, grids: ShiftGrid[], codes: number[]): TransformOptions {
  if (which === 'translation') return { grids, method: 'translation' }
  if (which !== 'best' && which !== 'grid') {
    throw new AppError('PARAMS_INVALID', '--operation must be best, grid or translation.')
  }
  const complete = gridNames(codes).every((name) => grids.some((grid) => grid.name === name))
  if (which === 'grid' || complete) return { grids, method: 'grid', outsideGrid: 'nan' }
  return { grids, method: 'best' }
}

function describe(operation: TransformOperation): string {
  const used = operation.grids.length === 0 ? '' : `, grid ${operation.grids.join(', ')}`
  const fallback = operation.fallback === null ? '' : ` (${operation.fallback})`
  return `operation: ${operation.name}, accuracy ${operation.accuracyMeters} m${used}${fallback}`
}
