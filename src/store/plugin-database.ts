// Reads the projects in the plugin's own `projects.db`, out of a copy. Both spellings of the columns are understood.
import { FEATURE_LEVELS, isNestedAtMost } from '../base/nesting.ts'
import { asInvalidFile, columnNames, invalidFile, openForeignDatabase } from './foreign-database.ts'
import type { AddonOptions, Connection } from './sqlite.ts'

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

/** Throws PROJECT_FILE_INVALID for a file that cannot be opened (`openForeignDatabase`) or holds something else. */
export async function openPluginDatabase(
  file: string,
  options: AddonOptions & { scratch: string },
): Promise<PluginDatabase> {
  const { connection, close } = await openForeignDatabase(file, options)
  try {
    const tables = readTables(connection)
    return { projects: () => readProjects(connection, tables), close }
  } catch (error) {
    close()
    throw asInvalidFile(error)
  }
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
  if (!complete) throw invalidFile('has no table Projects or CadFeatures as the plugin makes them')
  return { project, feature }
}

function columnsOf(
  connection: Connection,
  table: string,
  fields: string[],
): Record<string, string> {
  const found = columnNames(connection, table)
  const expression = (field: string): string => {
    const there = (SPELLINGS[field] ?? [field]).filter((name) => found.has(name))
    if (there.length < 2) return there[0] ?? 'NULL'
    // A row is written in one spelling; the other column is empty, whichever way.
    return `coalesce(${there.map((name) => `nullif(${name}, '')`).join(', ')})`
  }
  return Object.fromEntries(fields.map((field) => [field, expression(field)]))
}

function* readProjects(
  connection: Connection,
  { project, feature }: Tables,
): Generator<PluginProject> {
  const list = ([field, column]: [string, string]): string => `${column} AS ${field}`
  const prepare = (sql: string) => {
    try {
      return connection.prepare(sql)
    } catch (error) {
      throw asInvalidFile(error)
    }
  }
  const projects = prepare(
    `SELECT ${Object.entries(project).map(list).join(', ')} FROM Projects ORDER BY rowid`,
  )
  const { project_id: owner, ...fields } = feature
  const features = prepare(
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
    throw asInvalidFile(error)
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
    if (typeof value !== 'object' || !isNestedAtMost(value, FEATURE_LEVELS - 1)) return false
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
