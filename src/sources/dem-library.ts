// A folder of elevation files as one source: finds the tiles that cover a box and reads windows of undecoded bytes out of them.
import { AppError } from '../base/errors.ts'
import type { DemWindow } from '../kernel/formats/dem-file.ts'
import { planWindow, readWindow } from '../kernel/formats/dem-window.ts'
import type { Bbox } from '../kernel/geo/bbox.ts'
import { carryBox, createDemIndex, type DemEntry, type DemIndex } from './dem-index.ts'
import { openDemReader } from './dem-reader.ts'

/** A listing is taken for true this long; a folder of thousands of tiles is not walked for every point. */
const RESCAN_MS = 2_000
const MAX_WINDOWS = 256
const SHOWN_REASONS = 3
const NOT_COVERED =
  'No elevation file covers this place; put a GeoTIFF or .hgt tile into the elevation library (SISRUA_DEM_LIBRARY, --dem-dir).'

/** What `doctor` shows. */
export interface DemCoverage {
  files: {
    name: string
    format: 'geotiff' | 'hgt'
    epsg: number
    verticalDatum: string | null
    /** Degrees. */
    bbox: Bbox
    cellSizeMeters: number
  }[]
  unreadable: { name: string; reason: string }[]
}

export interface DemLibrary {
  /**
   * Windows that cover parts of `bbox` (degrees), finest tiles first; empty when no tile does. Tiles whose cells are much finer than
   * `cellSizeMeters` are read from an overview. DEM_UNREADABLE when a tile that is needed turns out damaged.
   */
  windows(
    bbox: Bbox,
    options?: { signal?: AbortSignal; cellSizeMeters?: number },
  ): Promise<DemWindow[]>
  /** Why nothing was found for a place: DEM_NOT_COVERED, naming files that could not be read and might have covered it. */
  notCovered(signal?: AbortSignal): Promise<AppError>
  /** What is there, and what cannot be read and why. */
  coverage(signal?: AbortSignal): Promise<DemCoverage>
}

/** A library over `folder` (null: an empty library). `epsgIfNone`: see `createDemIndex`. `timeoutMs` bounds one call. */
export function createDemLibrary(options: {
  folder: string | null
  epsgIfNone?: number
  timeoutMs?: number
  rescanMs?: number
}): DemLibrary {
  const { folder, epsgIfNone, timeoutMs = 30_000, rescanMs = RESCAN_MS } = options
  const index = folder === null ? null : createDemIndex(folder, epsgIfNone)
  let latest: DemIndex = { entries: [], unreadable: [] }
  let fresh = Number.NEGATIVE_INFINITY

  async function listing(signal: AbortSignal): Promise<DemIndex> {
    if (index === null) return latest
    if (performance.now() - fresh > rescanMs) {
      latest = await index.refresh(signal)
      fresh = performance.now()
    }
    return latest
  }

  /** Runs `work` under the caller's signal and our time limit, with an AppError for either. */
  async function bounded<T>(
    caller: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const limit = AbortSignal.timeout(timeoutMs)
    const signal = caller === undefined ? limit : AbortSignal.any([caller, limit])
    try {
      return await work(signal)
    } catch (error) {
      if (error instanceof AppError) throw error
      if (caller?.aborted) throw new AppError('CANCELLED')
      const reason = limit.aborted
        ? `The elevation folder did not answer within ${timeoutMs / 1_000} s; is it on a network drive that is gone?`
        : 'An elevation file could not be read; "sisrua doctor" lists the files of the folder.'
      throw new AppError('DEM_UNREADABLE', reason, { cause: error })
    }
  }

  return {
    windows: (bbox, { signal: caller, cellSizeMeters = 0 } = {}) =>
      bounded(caller, async (signal) => {
        const { entries } = await listing(signal)
        const needed = entries.filter((entry) => meets(entry.bbox, bbox))
        needed.sort((a, b) => a.cellSizeMeters - b.cellSizeMeters)
        const windows: DemWindow[] = []
        for (const entry of needed) {
          if (windows.length >= MAX_WINDOWS) break
          const window = await cut(entry, bbox, cellSizeMeters, signal)
          if (window !== null) windows.push(window)
        }
        return windows
      }),
    notCovered: (caller) =>
      bounded(caller, async (signal) => {
        const { unreadable } = await listing(signal)
        const shown = unreadable.slice(0, SHOWN_REASONS).map(({ name, reason }) => {
          return reason.includes(name) ? reason : `${name}: ${reason}.`
        })
        const more = unreadable.length - shown.length
        if (more > 0) shown.push(`And ${more} more files; "sisrua doctor" lists them.`)
        return new AppError('DEM_NOT_COVERED', [NOT_COVERED, ...shown].join(' '), {
          data: { unreadable: unreadable.length },
        })
      }),
    coverage: (caller) =>
      bounded(caller, async (signal) => {
        const { entries, unreadable } = await listing(signal)
        const files = entries.map(({ file, bbox, cellSizeMeters }) => {
          const { name, format, epsg, verticalDatum } = file
          return { name, format, epsg, verticalDatum, bbox, cellSizeMeters }
        })
        return { files, unreadable }
      }),
  }
}

async function cut(
  entry: DemEntry,
  bbox: Bbox,
  cellSizeMeters: number,
  signal: AbortSignal,
): Promise<DemWindow | null> {
  const { file } = entry
  const finest = file.images[0]!
  const cellSize = (cellSizeMeters / entry.cellSizeMeters) * finest.cellSizeX
  const plan = planWindow(file, carryBox(bbox, 4326, file.epsg), cellSize)
  if (plan === null) return null
  const reader = await openDemReader(entry.path, entry.file.name + packing(entry.path), signal)
  try {
    return await readWindow(reader, file, plan)
  } finally {
    await reader.close()
  }
}

/** `.zip` or `.gz` of a packed tile, which its inner name does not have. */
function packing(path: string): string {
  return /\.(zip|gz)$/i.exec(path)?.[0] ?? ''
}

/** Boxes touch counts: a point on the edge of a tile belongs to it. */
function meets(a: Bbox, b: Bbox): boolean {
  return a.west <= b.east && a.east >= b.west && a.south <= b.north && a.north >= b.south
}
