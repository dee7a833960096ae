// `sisrua doctor`: looks at everything the program depends on and says what is wrong and what to do.
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { rm, statfs, writeFile } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import type { Command } from 'commander'
import { sqliteAddon } from '../base/assets.ts'
import { AppError } from '../base/errors.ts'
import { EXIT } from '../base/exit-codes.ts'
import { makeFolder } from '../base/make-folder.ts'
import { createOutbound } from '../base/outbound.ts'
import { VERSION } from '../base/version.ts'
import type { Config } from '../config.ts'
import { findDamage } from '../store/damage.ts'
import { openToOthers } from '../store/folder-rights.ts'
import { storeFolders } from '../store/folders.ts'
import { connect, sqliteVersion } from '../store/sqlite.ts'
import type { CliContext } from './context.ts'
import { openWorld } from './world.ts'

/** `off`: not set up, which is no fault. */
type State = 'ok' | 'warning' | 'fault' | 'off'

interface Finding {
  state: State
  detail: string
}

const REACH_MS = 5_000
const LOW_BYTES = 1_073_741_824

export function registerDoctor(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .option('--json', 'one JSON document')
    .option('--offline', 'do not ask outside servers')
    .option('--dem-dir <folder>', 'elevation tiles instead of those of the settings')
    .description('checks port, folders, database, libraries, disk and outside reach')
    .action((options: { offline?: true; demDir?: string }) => examine(options, context))
}

async function examine(
  options: { offline?: true; demDir?: string },
  context: CliContext,
): Promise<void> {
  const { config, terminal } = context
  const checks: [string, () => Promise<Finding>][] = [
    ['runtime', async () => ok(`sisrua ${VERSION}, Node ${process.versions.node}`)],
    ['port', () => checkPort(config.port)],
    ...Object.entries(config.folders).map(([name, folder]): [string, () => Promise<Finding>] => [
      `folder_${name}`,
      () => checkFolder(folder),
    ]),
    ['rights', () => checkRights(config)],
    ['sqlite', checkSqlite],
    ['database', () => checkDatabase(config)],
    ['osm_library', () => checkOsmLibrary(context)],
    ['dem_library', () => checkDem(context, options.demDir ?? null)],
    ['disk', () => checkDisk(config)],
    ['overpass', () => checkReach(config, options.offline === true)],
  ]
  const findings: Record<string, Finding> = {}
  for (const [name, check] of checks) {
    findings[name] = await check().catch((error: unknown) => ({
      state: 'fault' as const,
      detail: error instanceof Error ? error.message : 'unknown',
    }))
  }
  const healthy = Object.values(findings).every(({ state }) => state !== 'fault')
  if (terminal.json) {
    await terminal.result(`${JSON.stringify({ checks: findings, healthy, version: VERSION })}\n`)
  } else {
    const width = Math.max(...Object.keys(findings).map((name) => name.length))
    const lines = Object.entries(findings).map(
      ([name, { state, detail }]) => `${state.padEnd(7)}  ${name.padEnd(width)}  ${detail}\n`,
    )
    await terminal.result(lines.join(''))
  }
  if (!healthy) process.exitCode = EXIT.failed
}

const ok = (detail: string): Finding => ({ state: 'ok', detail })

function checkPort(port: number): Promise<Finding> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve({
        state: 'warning',
        detail: `${port} is taken (${error.code}); is sisrua running already?`,
      }),
    )
    server.listen(port, '127.0.0.1', () => {
      const chosen = (server.address() as net.AddressInfo).port
      server.close(() =>
        resolve(ok(port === 0 ? `any free port, e.g. ${chosen}` : `${port} is free`)),
      )
    })
  })
}

async function checkFolder(folder: string): Promise<Finding> {
  const probe = path.join(folder, `.doctor-${randomBytes(4).toString('hex')}`)
  try {
    makeFolder(folder, 0o700)
    await writeFile(probe, '')
    return ok(folder)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code
    return { state: 'fault', detail: `${folder} cannot be written (${reason}); set --data-dir` }
  } finally {
    // What was found counts, also where not even this can be tried: below a file.
    await rm(probe, { force: true }).catch(() => {})
  }
}

async function checkRights({ folders }: Config): Promise<Finding> {
  const places = await openToOthers(storeFolders(folders.data))
  if (places === null) return { state: 'off', detail: 'the system does not say' }
  if (places.length === 0) return ok('only the owner may use the data folder')
  const told = places.map(({ place, to }) => `${place} (${to})`).join(', ')
  const advice =
    process.platform === 'win32'
      ? `icacls "${folders.data}" /inheritance:r /grant:r "%USERNAME%:(OI)(CI)F" "*S-1-5-18:(OI)(CI)F" "*S-1-5-32-544:(OI)(CI)F"`
      : `chmod -R go= '${folders.data}'`
  return { state: 'warning', detail: `others may use the data folder: ${told}; ${advice}` }
}

async function checkSqlite(): Promise<Finding> {
  try {
    const connection = connect(':memory:', { nativeBinding: sqliteAddon() })
    const version = sqliteVersion(connection)
    connection.close()
    return ok(version)
  } catch (error) {
    if (error instanceof AppError && error.code === 'STORE_UNSAFE') {
      return { state: 'fault', detail: error.message }
    }
    throw error
  }
}

async function checkDatabase({ folders }: Config): Promise<Finding> {
  const file = path.join(folders.data, 'sisrua.db')
  if (statSync(file, { throwIfNoEntry: false }) === undefined) {
    return { state: 'off', detail: 'none yet; the first start makes it' }
  }
  const damage = findDamage(file, { nativeBinding: sqliteAddon(), readonly: true })
  return damage === null
    ? ok(file)
    : {
        state: 'fault',
        detail: `${damage}; the next start mends it or restores the last sound backup`,
      }
}

async function checkOsmLibrary({ config }: CliContext): Promise<Finding> {
  const { library } = openWorld(config)
  if (library === null) return { state: 'off', detail: 'SISRUA_OSM_LIBRARY is not set' }
  const extracts = await library.list()
  if (extracts.length === 0)
    return { state: 'warning', detail: 'no .json or .json.gz in the folder' }
  const boxes = extracts.map(({ name, coverage: { west, south, east, north } }) => {
    return `${name} [${[west, south, east, north].map((v) => v.toFixed(4)).join(', ')}]`
  })
  return ok(boxes.join('; '))
}

async function checkDem({ config }: CliContext, folder: string | null): Promise<Finding> {
  if (folder === null && config.demLibrary === null) {
    return { state: 'off', detail: 'SISRUA_DEM_LIBRARY is not set; drawings will have no heights' }
  }
  const { files, unreadable } = await openWorld(
    config,
    folder === null ? {} : { demDir: folder },
  ).dem.coverage()
  const bad = unreadable.map(({ name, reason }) => `${name}: ${reason}`)
  const good = files.map(({ name, bbox, verticalDatum }) => {
    const box = [bbox.west, bbox.south, bbox.east, bbox.north].map((v) => v.toFixed(4)).join(', ')
    return `${name} [${box}] ${verticalDatum ?? 'vertical datum not stated'}`
  })
  return {
    state: bad.length > 0 || good.length === 0 ? 'warning' : 'ok',
    detail: [...good, ...bad].join('; ') || 'no elevation file in the folder',
  }
}

async function checkDisk({ folders }: Config): Promise<Finding> {
  const { bavail, bsize } = await statfs(folders.data)
  const free = bavail * bsize
  const detail = `${(free / 2 ** 30).toFixed(1)} GiB free`
  return free < LOW_BYTES ? { state: 'warning', detail: `${detail}; make room` } : ok(detail)
}

/** Asks each Overpass server for its status page; being offline is no fault of the program. */
async function checkReach({ overpassUrls, userAgent }: Config, offline: boolean): Promise<Finding> {
  if (offline || overpassUrls.length === 0) return { state: 'off', detail: 'not asked' }
  const outbound = createOutbound({ userAgent, allow: () => true })
  const answers: string[] = []
  let reached = 0
  for (const endpoint of overpassUrls) {
    const url = new URL('status', endpoint).href
    try {
      const { status } = await outbound.request({ url, timeoutMs: REACH_MS, maxBytes: 65_536 })
      reached++
      answers.push(`${new URL(url).host} answered ${status}`)
    } catch (error) {
      const reason = error instanceof AppError ? error.data.reason : 'unknown'
      answers.push(`${new URL(url).host}: ${reason}`)
    }
  }
  return { state: reached > 0 ? 'ok' : 'warning', detail: answers.join('; ') }
}
