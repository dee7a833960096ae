// Reads the plugin's own `projects.db`. The file is copied first and the copy opened, so that neither its bytes nor its folder change:
// SQLite itself would write logs beside a file it only reads. Both spellings of the columns are understood.
import { type BigIntStats, mkdtempSync, rmSync } from 'node:fs'
import { copyFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../base/errors.ts'
import { type AddonOptions, type Connection, connect, sqliteCode } from './sqlite.ts'

export interface PluginProject {
  id: string
  name: string
  crsOut: string | null
  /** Milliseconds since 1970; null when the file does not say. */
  createdAt: number | null
  /** JSON object with the list `features`, each in the shape of the wire's CadFeature. */
  document: Uint8Array
  /** Values that were no JSON, or not of the kind of their column, and were left out. */
  unreadable: number
}

export interface PluginDatabase {
  /** One project after the other; only one is in memory at a time. Throws PROJECT_FILE_INVALID. */
  projects(): Generator<PluginProject>
  /** Removes the copy. */
  close(): void
}

const MAX_BYTES = 2 ** 31
const COPY_TRIES = 3
/** SQLite's log and its rollback journal belong to the state of the file. */
const COMPANIONS = ['-wal', '-journal']

/**
 * `scratch`: folder on a disk of ours for the copy. Throws PROJECT_FILE_INVALID when the file is not there, is being written to,
 * is damaged, too large, or holds something else.
 */
export async function openPluginDatabase(
  file: string,
  { scratch, ...addon }: AddonOptions & { scratch: string },
): Promise<PluginDatabase> {
  const folder = mkdtempSync(path.join(scratch, 'import-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  let connection: Connection | null = null
  try {
    const copy = path.join(folder, 'copy.db')
    await copyWhole(file, copy)
    const opened = connect(copy, { ...addon, fileMustExist: true })
    connection = opened
    opened.pragma('trusted_schema = OFF')
    opened.pragma('cell_size_check = ON')
    if (opened.pragma('quick_check(1)', { simple: true }) !== 'ok') throw invalid('is damaged')
    const tables = readTables(opened)
    return {
      projects: () => readProjects(opened, tables),
      close() {
        opened.close()
        remove()
      },
    }
  } catch (error) {
    connection?.close()
    remove()
    throw asInvalid(error)
  }
}

/** Copies the file with its companions; again when somebody wrote meanwhile. */
async function copyWhole(file: string, copy: string): Promise<void> {
  const names = ['', ...COMPANIONS]
  const look = () => Promise.all(names.map((name) => stampOf(file + name)))
  for (let n = 0; n < COPY_TRIES; n++) {
    const before = await look()
    if (before[0] === null) throw invalid('is not there')
    for (const [i, name] of names.entries()) {
      rmSync(copy + name, { force: true })
      if (before[i] !== null) await copyFile(file + name, copy + name)
    }
    if ((await look()).join() === before.join()) return
  }
  throw invalid('is being written to; close the drawing and try again')
}

async function stampOf(file: string): Promise<string | null> {
  const found: BigIntStats | null = await stat(file, { bigint: true }).catch(() => null)
  if (found === null) return null
  if (!found.isFile()) throw invalid('is no file')
  if (found.size > MAX_BYTES) throw invalid('is larger than 2 GiB')
  return `${found.size} ${found.mtimeNs}`
}

/** Column of each field as this file spells it; an SQL expression, NULL where the file has none. */
interface Tables {
  project: Record<string, string>
  feature: Record<string, string>
}

/** New spelling first: the plugin writes it, the original backend wrote the other. */
const SPELLINGS: Record<string, string[]> = {
  coords_xy: ['coords_xy_json', 'coords_xy'],
  insertion_point_xy: ['insertion_point_xy_json', 'insertion_point_xy'],
  original_geojson_properties: ['original_geojson_properties_json', 'original_geojson_properties'],
}
const TEXTS = ['feature_type', 'layer', 'name', 'highway', 'block_name', 'block_filepath', 'color']
const NUMBERS = ['width_m', 'rotation', 'scale', 'elevation', 'slope']
const JSONS = Object.keys(SPELLINGS)

function readTables(connection: Connection): Tables {
  const project = columnsOf(connection, 'Projects', [
    'project_id',
    'project_name',
    'creation_date',
    'crs_out',
  ])
  const feature = columnsOf(connection, 'CadFeatures', [
    'project_id',
    ...TEXTS,
    ...NUMBERS,
    ...JSONS,
  ])
  const complete =
    project.project_id !== 'NULL' &&
    project.project_name !== 'NULL' &&
    feature.project_id !== 'NULL' &&
    feature.coords_xy !== 'NULL'
  if (!complete) throw invalid('has no table Projects or CadFeatures as the plugin makes them')
  return { project, feature }
}

function columnsOf(
  connection: Connection,
  table: string,
  fields: string[],
): Record<string, string> {
  const found = new Set(
    connection
      .prepare(
        "SELECT c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name = ?",
      )
      .pluck()
      .all(table) as string[],
  )
  const expression = (field: string): string => {
    const there = (SPELLINGS[field] ?? [field]).filter((name) => found.has(name))
    return there.length > 1 ? `coalesce(${there.join(', ')})` : (there[0] ?? 'NULL')
  }
  return Object.fromEntries(fields.map((field) => [field, expression(field)]))
}

function* readProjects(
  connection: Connection,
  { project, feature }: Tables,
): Generator<PluginProject> {
  const list = ([field, column]: [string, string]): string => `${column} AS ${field}`
  const projects = connection.prepare(
    `SELECT ${Object.entries(project).map(list).join(', ')} FROM Projects ORDER BY rowid`,
  )
  const { project_id: owner, ...fields } = feature
  const features = connection.prepare(
    `SELECT ${Object.entries(fields).map(list).join(', ')} FROM CadFeatures WHERE ${owner} = ? ORDER BY rowid`,
  )
  try {
    for (const row of projects.all() as Record<string, unknown>[]) {
      const { project_id: id } = row
      if (typeof id !== 'string' && typeof id !== 'number') continue
      const { parts, unreadable } = readFeatures(
        features.iterate(id) as Iterable<Record<string, unknown>>,
      )
      const created = Date.parse(String(row.creation_date))
      yield {
        id: String(id),
        name: typeof row.project_name === 'string' ? row.project_name : '',
        crsOut: crsOf(row.crs_out),
        createdAt: Number.isFinite(created) && created > 0 ? created : null,
        document: Buffer.from(`{"features":[${parts.join(',')}]}`),
        unreadable,
      }
    }
  } catch (error) {
    throw asInvalid(error)
  }
}

function readFeatures(rows: Iterable<Record<string, unknown>>) {
  const parts: string[] = []
  let unreadable = 0
  for (const row of rows) {
    for (const field of TEXTS) {
      if (typeof row[field] === 'number') row[field] = String(row[field])
    }
    // The original's own enumeration stood in the column in some versions.
    if (typeof row.feature_type === 'string' && /^[012]$/.test(row.feature_type)) {
      row.feature_type = ['Polyline', 'Point', 'Text'][Number(row.feature_type)]
    }
    for (const field of TEXTS) if (!keeps(row, field, 'string')) unreadable++
    for (const field of NUMBERS) if (!keeps(row, field, 'number')) unreadable++
    for (const field of JSONS) if (!parses(row, field)) unreadable++
    parts.push(JSON.stringify(row))
  }
  return { parts, unreadable }
}

/** False when the value is of another kind, and now null. */
function keeps(row: Record<string, unknown>, field: string, kind: string): boolean {
  if (row[field] === null || typeof row[field] === kind) return true
  row[field] = null
  return false
}

/** Replaces a text by the list or object that it holds; false when it holds neither, and is now null. */
function parses(row: Record<string, unknown>, field: string): boolean {
  const text = row[field]
  row[field] = null
  if (text === null || text === '') return true
  if (typeof text !== 'string') return false
  try {
    const value: unknown = JSON.parse(text)
    if (field !== 'original_geojson_properties' && value !== null && !Array.isArray(value))
      return false
    if (typeof value !== 'object') return false
    row[field] = value
    return true
  } catch {
    return false
  }
}

function crsOf(value: unknown): string | null {
  const found = /^(?:EPSG:)?(\d{4,6})$/i.exec(String(value ?? '').trim())
  return found === null ? null : `EPSG:${found[1]}`
}

const invalid = (why: string): AppError =>
  new AppError(
    'PROJECT_FILE_INVALID',
    `The file ${why}. Name the projects.db that the AutoCAD plugin wrote.`,
  )

/** What SQLite says about a file that is not one of its own, or only in part. */
function asInvalid(error: unknown): unknown {
  const code = sqliteCode(error)
  if (code === null) return error
  const damaged = code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB'
  return invalid(damaged ? 'is damaged or no SQLite database' : 'cannot be read as a database')
}
