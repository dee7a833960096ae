// Every setting: one table with name, flag, environment name, default, check and one sentence.
// Flag beats environment beats file beats default. Read once at the door, frozen, handed down as plain values.
// Longer than 300 lines because the table is long; the rest is short.
import { readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { AppError } from './base/errors.ts'
import { DEFAULT_USER_AGENT } from './base/version.ts'

/** A switch from text: `1`, `true`, `yes`, `on` and their opposites. */
const flag = z.union([
  z.boolean(),
  z.stringbool({ truthy: ['1', 'true', 'yes', 'on'], falsy: ['0', 'false', 'no', 'off', ''] }),
])
const integer = (least: number, most: number) => z.coerce.number().int().min(least).max(most)
const list = z.union([
  z.array(z.string()),
  z.string().transform((text) => text.split(/[\s,;]+/).filter((part) => part !== '')),
])
const httpUrl = z.url({ protocol: /^https?$/ })

/** `5/60` = 5 in 60 seconds; `0` = no limit (null). */
const rate = z.string().transform((text, context) => {
  const found = /^(\d{1,6})\/(\d{1,6})$/.exec(text.trim())
  if (text.trim() === '0') return null
  if (found === null || Number(found[1]) < 1 || Number(found[2]) < 1) {
    context.addIssue({
      code: 'custom',
      message: 'write count/seconds, e.g. 5/60, or 0 for no limit',
    })
    return z.NEVER
  }
  return { count: Number(found[1]), seconds: Number(found[2]) }
})

interface Setting<T = unknown> {
  /** Command line flag, or null when there is none (secrets never have one). */
  flag: string | null
  /** Environment names, the first that is set wins. */
  env: readonly string[]
  /** Text or value given to `schema` when nothing else is set. */
  fallback: unknown
  schema: z.ZodType<T>
  secret: boolean
  sentence: string
}

function setting<T>(
  flag: string | null,
  env: string | readonly string[],
  fallback: unknown,
  schema: z.ZodType<T>,
  sentence: string,
  secret = false,
): Setting<T> {
  return { flag, env: typeof env === 'string' ? [env] : env, fallback, schema, secret, sentence }
}

const optionalText = z.string().nullable()

/** The table. `sisrua config` prints it with the origin of each value. */
export const SETTINGS = {
  host: setting(
    '--host',
    'SISRUA_HOST',
    '127.0.0.1',
    z.enum(['127.0.0.1', 'localhost']).transform(() => '127.0.0.1' as const),
    'Address to listen on; only the loopback address is accepted.',
  ),
  port: setting(
    '--port',
    ['SISRUA_PORT', 'PORT'],
    0,
    integer(0, 65535),
    'Port to listen on; 0 picks a free one and prints it in the ready line.',
  ),
  logLevel: setting(
    '--log-level',
    'SISRUA_LOG_LEVEL',
    'info',
    z.enum(['critical', 'fatal', 'error', 'warning', 'warn', 'info', 'debug', 'trace', 'silent']),
    'Least severe level that is written to the log file.',
  ),
  language: setting(
    '--lang',
    'SISRUA_LANG',
    'pt-BR',
    z.enum(['pt-BR', 'pt', 'en']).transform((l) => (l === 'en' ? 'en' : 'pt-BR')),
    'Language of texts for the user when a request does not ask for one.',
  ),
  dataDir: setting(
    '--data-dir',
    'SISRUA_DATA_DIR',
    null,
    optionalText,
    'Folder for the database, results, cache and logs; by default the place the system reserves for it.',
  ),
  configFile: setting(
    '--config',
    'SISRUA_CONFIG',
    null,
    optionalText,
    'Settings file (JSON with the names of this table); by default config.json in the data folder.',
  ),
  anchorFolder: setting(
    '--anchor-folder',
    'SISRUA_ANCHOR_FOLDER',
    null,
    optionalText,
    'Second folder, best on a server, that gets a copy of every signed checkpoint of the audit log.',
  ),
  authToken: setting(
    null,
    'SISRUA_AUTH_TOKEN',
    null,
    z
      .string()
      .regex(/^[\x21-\x7e]{8,128}$/)
      .nullable(),
    'Token that every request must carry; removed from the environment at once.',
    true,
  ),
  bootstrapStdin: setting(
    '--bootstrap-stdin',
    'SISRUA_BOOTSTRAP_STDIN',
    false,
    flag,
    'Read the token from one JSON line on standard input, and stop when standard input closes.',
  ),
  parentPid: setting(
    '--parent-pid',
    'SISRUA_PARENT_PID',
    null,
    integer(1, 4_194_304_000).nullable(),
    'Stop when this process is gone.',
  ),
  compatPipe: setting(
    '--compat-pipe',
    'SISRUA_COMPAT_PIPE',
    false,
    flag,
    'Serve the token on the named pipe of later stock plugins; off, because other users can read such a pipe.',
  ),
  numericFeatureType: setting(
    '--compat-numeric-feature-type',
    'SISRUA_COMPAT_NUMERIC_FEATURE_TYPE',
    false,
    flag,
    'Emit feature_type as a number, for the stock plugin DLL.',
  ),
  osmLibrary: setting(
    '--osm-library',
    'SISRUA_OSM_LIBRARY',
    null,
    optionalText,
    'Folder of saved Overpass JSON extracts that answer without the network when they cover the area.',
  ),
  demLibrary: setting(
    '--dem-library',
    'SISRUA_DEM_LIBRARY',
    null,
    optionalText,
    'Folder of elevation tiles (GeoTIFF, .hgt).',
  ),
  layersFile: setting(
    '--layers',
    'SISRUA_LAYERS',
    null,
    optionalText,
    'Layer template file that replaces the built-in layers.',
  ),
  overpassUrls: setting(
    '--overpass-urls',
    'SISRUA_OVERPASS_URLS',
    'https://overpass-api.de/api/interpreter,https://overpass.private.coffee/api/interpreter',
    list.pipe(z.array(httpUrl)),
    'Overpass servers in order of preference, separated by commas; empty means offline.',
  ),
  overpassTimeoutMs: setting(
    null,
    'SISRUA_OVERPASS_TIMEOUT_MS',
    180_000,
    integer(1_000, 600_000),
    'Longest wait for one answer of Overpass, milliseconds.',
  ),
  userAgent: setting(
    null,
    'SISRUA_USER_AGENT',
    DEFAULT_USER_AGENT,
    z.string().min(1).max(256),
    'How the program introduces itself to outside servers.',
  ),
  geocoderUrl: setting(
    null,
    'SISRUA_GEOCODER_URL',
    null,
    httpUrl.nullable(),
    'Nominatim-compatible search address for place names; without it only coordinates are understood.',
  ),
  assistantUrl: setting(
    null,
    'SISRUA_AI_URL',
    null,
    httpUrl.nullable(),
    'Base address of an OpenAI-compatible chat service; without it the chat says that it is off.',
  ),
  assistantKey: setting(
    null,
    ['SISRUA_AI_KEY', 'GROQ_API_KEY'],
    null,
    optionalText,
    'Key for the chat service.',
    true,
  ),
  assistantModel: setting(
    null,
    'SISRUA_AI_MODEL',
    'llama-3.3-70b-versatile',
    z.string().min(1).max(128),
    'Model name for the chat service.',
  ),
  webhookUrl: setting(
    null,
    'WEBHOOK_URL',
    null,
    httpUrl.nullable(),
    'A webhook registered at start, as in the original.',
  ),
  webhookTargets: setting(
    null,
    [],
    [],
    z.array(z.string().regex(/^[A-Za-z0-9.:-]+:\d{1,5}$/)).max(64),
    'Services on the local network that webhooks may reach, as host:port; only in the settings file.',
  ),
  inboundHooks: setting(
    null,
    [],
    {},
    z.record(
      z.string().regex(/^[a-z0-9_-]{1,64}$/),
      z
        .array(z.string().regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/))
        .min(1)
        .max(4),
    ),
    'Sources that may start jobs by signed messages, each with its secrets (whsec_…); only in the settings file.',
    true,
  ),
  jobRate: setting(
    null,
    'SISRUA_JOB_RATE',
    '5/60',
    rate,
    'New jobs per client as count/seconds; 0 = no limit.',
  ),
  readRate: setting(
    null,
    'SISRUA_READ_RATE',
    '600/60',
    rate,
    'Reading requests per client as count/seconds; 0 = no limit.',
  ),
  threads: setting(
    '--threads',
    'SISRUA_THREADS',
    Math.max(1, os.availableParallelism() - 1),
    integer(1, 64),
    'Worker threads for computation.',
  ),
  cacheBytes: setting(
    null,
    'SISRUA_CACHE_BYTES',
    1_073_741_824,
    integer(0, 2 ** 45),
    'Most bytes that cached answers of outside servers may take on disk.',
  ),
} as const

type Settings = { readonly [K in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[K]['schema']> }

/** Absolute folders; created when first needed. */
interface Folders {
  /** sisrua.db, keys, blobs. */
  data: string
  /** May be deleted at any time. */
  cache: string
  logs: string
  /** DXF files of the block symbols. */
  blocks: string
}

type Origin = 'flag' | 'environment' | 'file' | 'default'
export type SettingName = keyof Settings

export interface Config extends Settings {
  readonly folders: Readonly<Folders>
  readonly origins: Readonly<Record<SettingName, Origin>>
}

/** What the settings are read from; tests hand in their own. */
export interface ConfigSources {
  /** Values by setting name, as commander gives them. */
  flags?: Partial<Record<SettingName, unknown>>
  env?: Record<string, string | undefined>
  platform?: NodeJS.Platform
  home?: string
}

/** Reads every setting. A value that does not fit is an AppError PARAMS_INVALID naming the setting. */
export function loadConfig(sources: ConfigSources = {}): Config {
  const { flags = {}, env = {}, platform = process.platform, home = os.homedir() } = sources
  const origins = {} as Record<SettingName, Origin>
  const values = {} as Record<SettingName, unknown>
  const read = (name: SettingName, file: Record<string, unknown>): void => {
    const { env: names, fallback, schema } = SETTINGS[name] as Setting
    const fromEnv = names.map((n) => env[n]).find((value) => value !== undefined && value !== '')
    const candidates: [Origin, unknown][] = [
      ['flag', flags[name]],
      ['environment', fromEnv],
      ['file', file[name]],
    ]
    const [origin, raw] = candidates.find(([, value]) => value !== undefined) ?? [
      'default',
      fallback,
    ]
    origins[name] = origin
    values[name] = parse(name, schema, raw)
  }
  read('dataDir', {})
  read('configFile', {})
  const folders = foldersFor(values.dataDir as string | null, env, platform, home)
  const file = readFile(values.configFile as string | null, folders.data)
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    if (name !== 'dataDir' && name !== 'configFile') read(name, file)
  }
  return Object.freeze({
    ...(values as unknown as Settings),
    folders: Object.freeze(folders),
    origins: Object.freeze(origins),
  })
}

function parse(name: string, schema: z.ZodType, raw: unknown): unknown {
  const result = schema.safeParse(raw)
  if (result.success) return result.data
  const why = result.error.issues.map((issue) => issue.message).join('; ')
  throw new AppError('PARAMS_INVALID', `Setting ${name} does not fit: ${why}.`, { data: { name } })
}

/** Settings file, an object; absent is fine unless it was asked for by name. */
function readFile(asked: string | null, dataFolder: string): Record<string, unknown> {
  const file = asked ?? path.join(dataFolder, 'config.json')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if (asked === null) return {}
    throw new AppError('FILE_UNREADABLE', 'The settings file cannot be read; check --config.', {
      cause,
    })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AppError('PARAMS_INVALID', 'The settings file is not valid JSON.', { cause })
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new AppError('PARAMS_INVALID', 'The settings file must hold one JSON object.')
  }
  const unknown = Object.keys(value).filter((key) => !(key in SETTINGS))
  if (unknown.length > 0) {
    throw new AppError(
      'PARAMS_INVALID',
      `The settings file has unknown names: ${unknown.join(', ')}.`,
    )
  }
  return value as Record<string, unknown>
}

/** All folders: one root when asked for, else the places the system reserves (LOCALAPPDATA, XDG). */
function foldersFor(
  asked: string | null,
  env: Record<string, string | undefined>,
  platform: NodeJS.Platform,
  home: string,
): Folders {
  const join = platform === 'win32' ? path.win32.join : path.join
  const windows = join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'sisRUA')
  const root = asked !== null ? path.resolve(asked) : platform === 'win32' ? windows : null
  if (root !== null) {
    return {
      data: root,
      cache: join(root, 'cache'),
      logs: join(root, 'logs'),
      blocks: join(root, 'blocks'),
    }
  }
  const data = join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'sisrua')
  return {
    data,
    cache: join(env.XDG_CACHE_HOME || join(home, '.cache'), 'sisrua'),
    logs: join(env.XDG_STATE_HOME || join(home, '.local', 'state'), 'sisrua', 'logs'),
    blocks: join(data, 'blocks'),
  }
}
