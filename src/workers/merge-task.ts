// The features of a project and a document that comes in, merged into the chunks of a new set: parsed, hashed and written here, so
// that the main thread only moves bytes.
import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { AppError } from '../base/errors.ts'
import {
  type Arrival,
  type ChangeLine,
  isEdited,
  type Merge,
  mergeEdit,
  mergeImport,
  type Origin,
  type Outcome,
  OWN,
  UNSOURCED,
} from '../kernel/formats/change-set.ts'
import { parseFeature, sliceFeatures } from '../kernel/formats/feature-slices.ts'
import { contentText, sourceOf } from '../kernel/formats/feature-source.ts'
import type { TaskContext } from './task.ts'

export interface MergeTask {
  /** `import`: what the source says now; `edit`: what the drafter hands in as the whole. */
  mode: 'import' | 'edit'
  /** JSON object with the list `features`. */
  document: Uint8Array
  /** Chunks of the current set in order; features only where some of them were edited. */
  chunks: StoredChunk[]
  /** What the drafter took away. */
  deleted: string
  /** The version that the new set will have. */
  version: number
  /** Only the changes are wanted; null: unless the document says `"dry_run": false`. */
  dryRun: boolean | null
}

export interface StoredChunk {
  /** Null: written by an older program, which kept none; then the features are here. */
  origins: string | null
  features: string | null
}

export interface MergedChunk {
  count: number
  edited: number
  features: string
  /** Hex SHA-256 of `features`. */
  sha256: string
  origins: string
}

export interface MergeOutput {
  /** `crs_out` of the document, when it has one. */
  crsOut: string | null
  /** `version` of the document: the one that its sender saw. */
  seenVersion: number | null
  /** As asked for by the task or the document. */
  dryRun: boolean
  counts: Record<Outcome, number>
  /** All but the untouched, at most `MAX_LINES` of them. */
  lines: ChangeLine[]
  truncated: boolean
  chunks: MergedChunk[]
  deleted: string
  count: number
}

/** Features per chunk: about a quarter of a megabyte of JSON, a few milliseconds to write. */
const CHUNK = 500
const MAX_LINES = 5_000

/** Throws REQUEST_INVALID when the document is none. */
export function mergeFeatures(task: MergeTask, { report }: TaskContext): MergeOutput {
  const { document, mode, version } = task
  // Else its text would be stored with other characters in it than were sent.
  if (!isUtf8(document)) {
    throw new AppError('REQUEST_INVALID', 'The features are not valid UTF-8. Send JSON in UTF-8.')
  }
  const { bounds, rest } = sliceFeatures(document)
  const asked = readOptions(rest)
  const dryRun = task.dryRun ?? asked.dryRun
  const arrivals: Arrival[] = []
  const numbers = new Float64Array(bounds.length / 2).fill(Number.NaN)
  for (let i = 0; i < bounds.length; i += 2) {
    if (i % 2_000 === 0) report('decode', (0.6 * i) / bounds.length)
    const feature = parseFeature(document, bounds[i]!, bounds[i + 1]!)
    if (Number.isSafeInteger(feature.polygon)) numbers[i / 2] = feature.polygon as number
    arrivals.push(arrivalOf(feature, mode))
  }
  const storedChunks = task.chunks.map(originsOf)
  const stored = storedChunks.flat()
  const deleted = JSON.parse(task.deleted) as Origin[]
  const merge = (mode === 'import' ? mergeImport : mergeEdit)(stored, deleted, arrivals, version)
  const counts = { added: 0, changed: 0, removed: 0, untouched: 0, edited: 0 }
  for (const { outcome } of merge.changes) counts[outcome]++
  const told = merge.changes.filter(({ outcome }) => outcome !== 'untouched')
  const chunks = dryRun ? [] : writeChunks(task, storedChunks, merge, { bounds, numbers })
  return {
    crsOut: asked.crsOut,
    seenVersion: asked.version,
    dryRun,
    counts,
    lines: told.slice(0, MAX_LINES),
    truncated: told.length > MAX_LINES,
    chunks,
    deleted: JSON.stringify(merge.deleted),
    count: merge.placements.length,
  }
}

const CRS = /^EPSG:\d{4,6}$/

/** What the document says beside its features. Throws PARAMS_INVALID. */
function readOptions(rest: Record<string, unknown>) {
  const { version = null, dry_run: dryRun = true, crs_out: crsOut = null } = rest
  const good =
    (version === null || Number.isSafeInteger(version)) &&
    typeof dryRun === 'boolean' &&
    (crsOut === null || (typeof crsOut === 'string' && CRS.test(crsOut)))
  if (!good) {
    throw new AppError(
      'PARAMS_INVALID',
      'Beside `features`, `version` is a whole number, `dry_run` true or false, and `crs_out` a text like EPSG:31984.',
    )
  }
  return { version: version as number | null, dryRun, crsOut: crsOut as string | null }
}

function arrivalOf(feature: Record<string, unknown>, mode: MergeTask['mode']): Arrival {
  const { base, members } = sourceOf(feature)
  // 128 bits are enough to tell features of one project apart.
  const content = hash('sha256', contentText(feature), 'base64url').slice(0, 22)
  const { feature_id: id } = feature
  return {
    base: base ?? (mode === 'import' ? UNSOURCED : OWN) + content,
    id: mode === 'edit' && typeof id === 'string' ? id : null,
    content,
    members,
    sourced: base !== null,
  }
}

/** What an older program kept of a feature counts as it stands in its source. */
function originsOf({ origins, features }: StoredChunk, chunk: number): Origin[] {
  if (origins !== null) return JSON.parse(origins) as Origin[]
  const found = (JSON.parse(features!) as Record<string, unknown>[]).map((one) =>
    arrivalOf(one, 'edit'),
  )
  return found.map(({ base, content, members, sourced }, i) => ({
    // Numbers far above those that are given to new ones.
    id: `${base}#${1_000 + chunk * CHUNK + i}`,
    imported: sourced ? content : null,
    content,
    since: 1,
    members,
  }))
}

interface Incoming {
  /** Start and end of each feature in the document, interleaved. */
  bounds: Uint32Array
  /** Of the polygon that each feature is a ring of; NaN for none. */
  numbers: Float64Array
}

function writeChunks(
  task: MergeTask,
  storedChunks: readonly Origin[][],
  merge: Merge,
  { bounds, numbers }: Incoming,
): MergedChunk[] {
  const bytes = Buffer.from(
    task.document.buffer,
    task.document.byteOffset,
    task.document.byteLength,
  )
  const textOf = (i: number): string =>
    bytes.toString('utf8', bounds[2 * i]!, bounds[2 * i + 1]!).trim()
  const stored = createStoredReader(task.chunks, storedChunks)
  const polygons = createPolygonNumbers()
  // Numbers of the polygons that come in are known before any kept one gets a fresh number.
  const lent = new Map<number, number>()
  for (const { arrival, standsFor } of merge.placements) {
    const i = arrival ?? standsFor
    const number = i === null ? Number.NaN : numbers[i]!
    if (Number.isNaN(number)) continue
    polygons.take(number)
    if (standsFor !== null) lent.set(standsFor, number)
  }
  const chunks: MergedChunk[] = []
  for (let from = 0; from < merge.placements.length; from += CHUNK) {
    const part = merge.placements.slice(from, from + CHUNK)
    const texts = part.map(({ arrival, stored: kept, standsFor }) => {
      if (arrival !== null) return textOf(arrival)
      const feature = stored(kept!)
      if (typeof feature.polygon === 'number') {
        const own = standsFor === null ? undefined : lent.get(standsFor)
        feature.polygon = own ?? polygons.fresh(feature.polygon)
      }
      return JSON.stringify(feature)
    })
    const features = `[${texts.join(',')}]`
    const origins = part.map(({ origin }) => origin)
    chunks.push({
      count: part.length,
      edited: origins.filter(isEdited).length,
      features,
      sha256: hash('sha256', features, 'hex'),
      origins: JSON.stringify(origins),
    })
  }
  return chunks
}

/** Gives kept polygons, whose rings share a number, one that no other polygon has. */
function createPolygonNumbers() {
  let newest = -1
  const given = new Map<number, number>()
  return {
    take(number: number): void {
      newest = Math.max(newest, number)
    },
    fresh(old: number): number {
      if (!given.has(old)) given.set(old, ++newest)
      return given.get(old)!
    },
  }
}

/** Stored features by their number in the set; each chunk is parsed once, when the first of its features is asked for. */
function createStoredReader(
  chunks: readonly StoredChunk[],
  origins: readonly Origin[][],
): (i: number) => Record<string, unknown> {
  const starts: number[] = []
  let count = 0
  for (const part of origins) {
    starts.push(count)
    count += part.length
  }
  const parsed = new Map<number, Record<string, unknown>[]>()
  return (i) => {
    let chunk = starts.length - 1
    while (starts[chunk]! > i) chunk--
    if (!parsed.has(chunk)) parsed.set(chunk, JSON.parse(chunks[chunk]!.features!))
    return parsed.get(chunk)![i - starts[chunk]!]!
  }
}
