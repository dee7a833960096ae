// A folder of saved Overpass answers (.json, .json.gz) that serves a request without the network when one of them covers it.
// What a file covers, first that is there: `<file>.bbox` beside it (west,south,east,north in degrees), `"bounds"` or `"bbox"`
// before its elements, else the extent of its data with a twentieth of slack, because nobody wrote down what was asked for.
import { open, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { AppError } from '../base/errors.ts'
import { makeFolder } from '../base/make-folder.ts'
import type { Bbox } from '../kernel/geo/bbox.ts'
import { dataExtent, statedBounds } from './osm-extent.ts'

export interface OsmLibrary {
  /** The smallest extract that covers the box, or null. A file that cannot be read is passed over. */
  find(bbox: Bbox): Promise<{ bytes: Uint8Array; source: string } | null>
  /** The name of that extract, without reading it. */
  covering(bbox: Bbox): Promise<string | null>
  /** What the folder holds, for diagnosis. */
  list(): Promise<Extract[]>
}

export interface Extract {
  name: string
  coverage: Bbox
  /** False when the coverage was taken from the data's extent. */
  stated: boolean
}

interface Indexed extends Extract {
  size: number
  modifiedMs: number
}

export interface OsmLibraryOptions {
  folder: string
  /** Where the coverage of each file is remembered; null = in memory only. */
  indexFile: string | null
}

/** Most bytes of an extract after decompression. */
const MAX_BYTES = 1_073_741_824
/** Share of the asked box that may lie outside an extent that nobody stated, on each side. */
const SLACK = 0.05
const unzip = promisify(gunzip)

export function createOsmLibrary({ folder, indexFile }: OsmLibraryOptions): OsmLibrary {
  let index: Map<string, Indexed> | null = null

  async function refresh(): Promise<Indexed[]> {
    const known = index ?? (await readIndex(indexFile))
    const names = await readdir(folder).catch((cause) => {
      throw new AppError(
        'FILE_UNREADABLE',
        'The OSM library folder cannot be read; check SISRUA_OSM_LIBRARY.',
        { cause },
      )
    })
    const next = new Map<string, Indexed>()
    let changed = false
    for (const name of names.filter((n) => /\.json(\.gz)?$/i.test(n)).sort()) {
      const file = path.join(folder, name)
      const status = await stat(file).catch(() => null)
      if (status === null || !status.isFile()) continue
      const sidecar = await stat(`${file}.bbox`).catch(() => null)
      const modifiedMs = Math.max(status.mtimeMs, sidecar?.mtimeMs ?? 0)
      const old = known.get(name)
      if (old !== undefined && old.size === status.size && old.modifiedMs === modifiedMs) {
        next.set(name, old)
        continue
      }
      changed = true
      const found = await coverageOf(file).catch(() => null)
      if (found !== null) next.set(name, { name, size: status.size, modifiedMs, ...found })
    }
    index = next
    if (indexFile !== null && (changed || next.size !== known.size)) {
      await writeIndex(indexFile, next).catch(() => {})
    }
    return [...next.values()]
  }

  async function coveringExtracts(bbox: Bbox): Promise<Indexed[]> {
    const covering = (await refresh()).filter((extract) => covers(extract, bbox))
    return covering.sort((a, b) => area(a.coverage) - area(b.coverage))
  }

  return {
    list: refresh,
    covering: async (bbox) => (await coveringExtracts(bbox))[0]?.name ?? null,
    async find(bbox) {
      for (const { name } of await coveringExtracts(bbox)) {
        const bytes = await readExtract(path.join(folder, name)).catch(() => null)
        if (bytes !== null) return { bytes, source: name }
      }
      return null
    },
  }
}

/** Bytes of a saved answer, decompressed when its name says so. */
export async function readExtract(file: string): Promise<Uint8Array> {
  const content = await readWhole(file)
  return /\.gz$/i.test(file) ? await unzip(content, { maxOutputLength: MAX_BYTES }) : content
}

/** The file in as few reads as the system allows: Node's own `readFile` takes hundreds for a large one. */
async function readWhole(file: string): Promise<Uint8Array> {
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    // What says no size, such as a pipe, is read until it ends.
    if (size === 0) return await handle.readFile()
    const bytes = new Uint8Array(size)
    let length = 0
    while (length < size) {
      const { bytesRead } = await handle.read(bytes, length, size - length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return bytes.subarray(0, length)
  } finally {
    await handle.close()
  }
}

async function coverageOf(file: string): Promise<{ coverage: Bbox; stated: boolean } | null> {
  const sidecar = await readFile(`${file}.bbox`, 'utf8').catch(() => null)
  const numbers = sidecar
    ?.split(/[\s,;]+/)
    .filter(Boolean)
    .map(Number)
  if (numbers?.length === 4 && numbers.every(Number.isFinite)) {
    const [west, south, east, north] = numbers as [number, number, number, number]
    return { coverage: { west, south, east, north }, stated: true }
  }
  const bytes = await readExtract(file)
  const stated = statedBounds(bytes)
  if (stated !== null) return { coverage: stated, stated: true }
  const extent = await dataExtent(bytes)
  return extent === null ? null : { coverage: extent, stated: false }
}

/** The box an extract states, else that of its data; null when it holds no coordinates. */
export async function extentOfExtract(bytes: Uint8Array): Promise<Bbox | null> {
  return statedBounds(bytes) ?? (await dataExtent(bytes))
}

function covers({ coverage, stated }: Extract, bbox: Bbox): boolean {
  const slack = stated ? 1e-9 : SLACK
  const slackX = (bbox.east - bbox.west) * slack + 1e-9
  const slackY = (bbox.north - bbox.south) * slack + 1e-9
  return (
    coverage.west <= bbox.west + slackX &&
    coverage.east >= bbox.east - slackX &&
    coverage.south <= bbox.south + slackY &&
    coverage.north >= bbox.north - slackY
  )
}

const area = ({ west, south, east, north }: Bbox): number => (east - west) * (north - south)

async function readIndex(file: string | null): Promise<Map<string, Indexed>> {
  try {
    const rows = JSON.parse(await readFile(file ?? '', 'utf8')) as Indexed[]
    return new Map(rows.map((row) => [row.name, row]))
  } catch {
    return new Map()
  }
}

async function writeIndex(file: string, index: Map<string, Indexed>): Promise<void> {
  makeFolder(path.dirname(file))
  const temporary = `${file}.${process.pid}.tmp`
  await writeFile(temporary, JSON.stringify([...index.values()]))
  await rename(temporary, file)
}
