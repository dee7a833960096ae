// What lies in a folder of elevation files: every file opened once (header only) and remembered until it changes.
// A file that cannot be read is listed with the reason and disturbs nobody else.
import type { Dirent } from 'node:fs'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../base/errors.ts'
import { openDem } from '../kernel/formats/dem.ts'
import type { DemFile, DemStatement } from '../kernel/formats/dem-file.ts'
import { demUnreadable } from '../kernel/formats/dem-file.ts'
import type { Bbox } from '../kernel/geo/bbox.ts'
import { crsOf } from '../kernel/geo/crs.ts'
import { transform } from '../kernel/geo/transform.ts'
import { isDemName, openDemReader } from './dem-reader.ts'

const MAX_FILES = 20_000
const MAX_DEPTH = 8
const MAX_SIDECAR_BYTES = 1 << 16
/** Points per side when a box is carried into another system: its edges become curves there. */
const EDGE_STEPS = 8

/** One readable file. */
export interface DemEntry {
  path: string
  file: DemFile
  /** Degrees. */
  bbox: Bbox
  /** North-south size of a cell of the full image in metres. */
  cellSizeMeters: number
}

export interface DemIndex {
  entries: DemEntry[]
  unreadable: { name: string; reason: string }[]
}

interface Found {
  path: string
  relative: string
  /** Changes whenever the file or its side-car changes. */
  stamp: string
  statement: DemStatement
}

type Remembered = { stamp: string; entry: DemEntry } | { stamp: string; reason: string }

/**
 * An indexer of one folder; `refresh` looks again and opens only what is new or has changed. `epsgIfNone`: the system of files that name
 * none, for those whose side-car says nothing either.
 */
export function createDemIndex(
  folder: string,
  epsgIfNone?: number,
): {
  refresh(signal: AbortSignal): Promise<DemIndex>
} {
  let remembered = new Map<string, Remembered>()
  return {
    async refresh(signal) {
      const index: DemIndex = { entries: [], unreadable: [] }
      const next = new Map<string, Remembered>()
      for (const found of await scan(folder, { epsgIfNone }, index, signal)) {
        const before = remembered.get(found.path)
        const known = before?.stamp === found.stamp ? before : await inspect(found, signal)
        next.set(found.path, known)
        if ('entry' in known) index.entries.push(known.entry)
        else index.unreadable.push({ name: found.relative, reason: known.reason })
      }
      remembered = next
      return index
    },
  }
}

async function inspect(found: Found, signal: AbortSignal): Promise<Remembered> {
  const { stamp } = found
  try {
    const reader = await openDemReader(found.path, path.basename(found.path), signal)
    try {
      const file = await openDem(reader, reader.name, found.statement)
      requireCrs(file)
      const bbox = carryBox(imageBox(file), file.epsg, 4326)
      if (!Object.values(bbox).every(Number.isFinite)) {
        throw demUnreadable(file.name, 'it lies outside the area of its coordinate system')
      }
      const cellSizeMeters = ((bbox.north - bbox.south) * 111_000) / file.images[0]!.height
      return { stamp, entry: { path: found.path, file, bbox, cellSizeMeters } }
    } finally {
      await reader.close()
    }
  } catch (error) {
    signal.throwIfAborted()
    return { stamp, reason: error instanceof AppError ? error.message : 'it cannot be read' }
  }
}

/** A system that we cannot compute with is the file's trouble, and there is a way out of it. */
function requireCrs({ name, epsg }: DemFile): void {
  try {
    crsOf(epsg)
  } catch {
    throw demUnreadable(
      name,
      `its coordinate system EPSG:${epsg} is not among those served, which are Brazil's and WGS 84's ("sisrua crs list")`,
      'Warp it into one of them, e.g. gdalwarp -t_srs EPSG:4674.',
    )
  }
}

/** The ground that the pixels cover, in the file's CRS. */
function imageBox(file: DemFile): Bbox {
  const image = file.images[0]!
  const west = image.originX - image.cellSizeX / 2
  const north = image.originY + image.cellSizeY / 2
  return {
    west,
    south: north - image.height * image.cellSizeY,
    east: west + image.width * image.cellSizeX,
    north,
  }
}

/** The box around a box in another system, its edges followed in steps. NaN where the systems have no answer. */
export function carryBox(box: Bbox, from: number, to: number): Bbox {
  const edge: number[] = []
  for (let i = 0; i <= EDGE_STEPS; i++) {
    const x = box.west + ((box.east - box.west) * i) / EDGE_STEPS
    const y = box.south + ((box.north - box.south) * i) / EDGE_STEPS
    edge.push(x, box.south, x, box.north, box.west, y, box.east, y)
  }
  const { coords } = transform(from, to, Float64Array.from(edge))
  const xs = coords.filter((_, i) => i % 2 === 0)
  const ys = coords.filter((_, i) => i % 2 === 1)
  return {
    west: Math.min(...xs),
    south: Math.min(...ys),
    east: Math.max(...xs),
    north: Math.max(...ys),
  }
}

/** Elevation files below the folder in a stable order. Links that lead out of it are listed as unreadable. */
async function scan(
  folder: string,
  basis: DemStatement,
  index: DemIndex,
  signal: AbortSignal,
): Promise<Found[]> {
  const root = await realpath(folder).catch(() => null)
  if (root === null) return []
  const found: Found[] = []
  const visit = async (directory: string, depth: number): Promise<void> => {
    signal.throwIfAborted()
    const items = await readdir(directory, { withFileTypes: true }).catch((): Dirent[] => [])
    items.sort((a, b) => (a.name < b.name ? -1 : 1))
    const names = new Set(items.map((item) => item.name))
    const shared = names.has('dem.json')
      ? await readStatement(path.join(directory, 'dem.json'))
      : null
    for (const item of items) {
      if (found.length >= MAX_FILES) return
      const full = path.join(directory, item.name)
      if (item.isDirectory()) {
        if (depth < MAX_DEPTH) await visit(full, depth + 1)
        continue
      }
      if (!isDemName(item.name)) continue
      const relative = path.relative(root, full)
      const real = item.isSymbolicLink() ? await realpath(full).catch(() => '') : full
      if (!real.startsWith(root + path.sep)) {
        index.unreadable.push({
          name: relative,
          reason: 'it is a link that leads out of the folder',
        })
        continue
      }
      const status = await stat(real).catch(() => null)
      if (status === null || !status.isFile()) continue
      const sidecar = names.has(`${item.name}.json`) ? await readStatement(`${full}.json`) : null
      const statement = { ...basis, ...shared, ...sidecar }
      const stamp = `${status.size} ${status.mtimeMs} ${JSON.stringify(statement)}`
      found.push({ path: real, relative, stamp, statement })
    }
  }
  await visit(root, 0)
  return found
}

/** What a side-car states; members of the wrong type are left out, a broken file states nothing. */
async function readStatement(file: string): Promise<DemStatement> {
  try {
    if ((await stat(file)).size > MAX_SIDECAR_BYTES) return {}
    const stated = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
    const statement: DemStatement = {}
    const { epsg, verticalDatum, accuracyMeters, band } = stated
    if (Number.isInteger(epsg)) statement.epsg = epsg as number
    if (typeof verticalDatum === 'string') statement.verticalDatum = verticalDatum.slice(0, 100)
    if (typeof accuracyMeters === 'number' && accuracyMeters > 0) {
      statement.accuracyMeters = accuracyMeters
    }
    // Bands are counted from 1 where people count them.
    if (Number.isInteger(band) && (band as number) >= 1) statement.band = (band as number) - 1
    return statement
  } catch {
    return {}
  }
}
