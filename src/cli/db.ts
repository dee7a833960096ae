// `sisrua db`: the database of a data folder, for the person who keeps it. Looking and copying work beside a running server;
// restoring and migrating take the folder's lock, so they wait until nobody works on it.
import path from 'node:path'
import type { Command } from 'commander'
import { sqliteAddon } from '../base/assets.ts'
import { systemClock } from '../base/clock.ts'
import { startProblem } from '../base/disk-trouble.ts'
import { AppError } from '../base/errors.ts'
import { EXIT } from '../base/exit-codes.ts'
import { isSoundBackup, listBackups, makeBackup } from '../store/backup.ts'
import { prepareFolders, storeFolders } from '../store/folders.ts'
import { inspectStore, openReadOnly } from '../store/inspect.ts'
import { takeInstanceLock } from '../store/lock.ts'
import { refuseNewer, schemaVersion } from '../store/migrate.ts'
import { restoreBackup } from '../store/recovery.ts'
import { MIGRATIONS } from '../store/sql/migrations.ts'
import { connect } from '../store/sqlite.ts'
import { openStore } from '../store/store.ts'
import type { CliContext } from './context.ts'

const addon = () => ({ nativeBinding: sqliteAddon() })

export function registerDb(program: Command, context: CliContext): void {
  const db = program
    .command('db')
    .description('the database of the data folder: check, backup, restore, migrate')
  const commands = [
    db
      .command('check')
      .description('reads everything and changes nothing; exit code 1 when something is damaged')
      .action(() => told(check(context))),
    db
      .command('backup')
      .description('a verified copy in backups/; a server may be running')
      .action(() => told(backup(context))),
    db
      .command('restore')
      .argument('[file]', 'name of a backup as `db check` lists it', 'newest')
      .option('--yes', 'really put it in the place of the database')
      .description('puts the database into quarantine and a backup in its place')
      .action((file: string, options: { yes?: true }) => told(restore(file, options, context))),
    db
      .command('migrate')
      .option('--dry-run', 'only say which steps are missing')
      .description("brings the database to this program's schema, after a backup")
      .action((options: { dryRun?: true }) => told(migrate(options, context))),
  ]
  for (const command of commands) command.option('--json', 'one JSON document')
}

/** What the system says of a folder that may not be used is no mistake of the program. */
async function told(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    const problem = startProblem(error)
    throw problem.code === 'INTERNAL' ? error : problem
  }
}

async function check(context: CliContext): Promise<void> {
  const found = await inspectStore(context.config.folders.data, addon())
  const { schema, jobs, blobs, backups } = found
  const sound =
    found.damage === null && jobs.damaged + blobs.damaged === 0 && backups.every((one) => one.sound)
  await print(context, { ...found, sound }, [
    `database\t${found.damage ?? 'sound'}\t${found.bytes} bytes, ${found.walBytes} in its log`,
    `schema\t${schema.found} of ${schema.known}`,
    `jobs\t${jobs.count}\t${jobs.damaged} damaged`,
    `results\t${blobs.count}\t${blobs.damaged} damaged`,
    ...backups.map(
      (one) => `backup\t${one.file}\t${one.sound ? 'sound' : 'damaged'}, ${one.size} bytes`,
    ),
  ])
  if (!sound) process.exitCode = EXIT.failed
}

async function backup(context: CliContext): Promise<void> {
  const folders = storeFolders(context.config.folders.data)
  const connection = openReadOnly(folders, addon())
  try {
    if (schemaVersion(connection) === 0) {
      throw new AppError('NOT_FOUND', 'The database is empty: nothing was ever stored in it.')
    }
    const made = makeBackup(connection, folders.backups, 'manual', systemClock.now(), addon())
    const file = path.join(folders.backups, made.file)
    await print(context, { ...made, path: file }, [file])
  } finally {
    connection.close()
  }
}

/** Works where `db check` says that the database is damaged: it is never opened. The next start tells the log's rollback. */
async function restore(file: string, options: { yes?: true }, context: CliContext): Promise<void> {
  const folders = storeFolders(context.config.folders.data)
  const backups = listBackups(folders.backups)
  const chosen = file === 'newest' ? backups[0] : backups.find((one) => one.file === file)
  if (chosen === undefined) {
    const names = backups.map((one) => one.file).join(', ')
    throw new AppError(
      'NOT_FOUND',
      names === ''
        ? 'There is no backup in the data folder. Make one with: sisrua db backup.'
        : `There is no such backup. Choose one of: ${names}.`,
    )
  }
  if (!options.yes) {
    throw new AppError(
      'PARAMS_INVALID',
      `This puts ${chosen.file} of ${new Date(chosen.createdAt).toISOString()} in the place of the database; later work is then only in quarantine. Repeat with --yes.`,
    )
  }
  // A database in a folder that somebody half copied may have none of the others.
  prepareFolders(context.config.folders.data)
  const lock = takeInstanceLock(folders.lock, addon())
  try {
    if (!isSoundBackup(folders.backups, chosen, addon())) {
      throw new AppError(
        'STORE_UNAVAILABLE',
        `The backup ${chosen.file} is damaged; nothing was changed. Choose another one: sisrua db check lists them.`,
      )
    }
    refuseNewerBackup(path.join(folders.backups, chosen.file))
    const quarantine = restoreBackup(folders, chosen, systemClock.now(), 'restored by hand')
    await print(context, { restored: chosen.file, quarantine }, [
      `${chosen.file} is the database now`,
      ...(quarantine === null ? [] : [`the former one is kept in ${quarantine}`]),
    ])
  } finally {
    lock.release()
  }
}

/** Throws STORE_NEWER: nothing would start on it. */
function refuseNewerBackup(file: string): void {
  const copy = connect(file, { ...addon(), readonly: true, fileMustExist: true })
  try {
    refuseNewer(copy, MIGRATIONS)
  } finally {
    copy.close()
  }
}

async function migrate(options: { dryRun?: true }, context: CliContext): Promise<void> {
  const dataFolder = context.config.folders.data
  const connection = openReadOnly(storeFolders(dataFolder), addon())
  const from = schemaVersion(connection)
  connection.close()
  const steps = MIGRATIONS.filter(({ version }) => version > from).map(({ version, name }) => ({
    version,
    name,
  }))
  const lines = steps.map(({ version, name }) => `${version}\t${name}`)
  let restored: string | null = null
  if (!options.dryRun && steps.length > 0) {
    const store = openStore({ dataFolder, clock: systemClock, ...addon() })
    const { storage, mended, backup, quarantine, reason } = store.recovery
    await store.close()
    if (storage === 'restored') {
      restored = mended ? 'all rows' : (backup?.file ?? 'readable rows')
      lines.push(`damaged: ${reason}`, `restored from ${restored}`)
    }
    if (quarantine !== null) lines.push(`the former one is kept in ${quarantine}`)
  }
  await print(context, { from, steps, done: !options.dryRun, restored }, [
    ...lines,
    steps.length === 0 ? `up to date: ${from}` : options.dryRun ? 'to do' : 'done',
  ])
}

async function print({ terminal }: CliContext, document: unknown, lines: string[]): Promise<void> {
  await terminal.result(
    terminal.json ? `${JSON.stringify(document)}\n` : lines.map((text) => `${text}\n`).join(''),
  )
}
