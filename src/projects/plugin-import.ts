// Takes projects over from the AutoCAD plugin's `projects.db`: from its usual place, or from a path that an administrator names.
import path from 'node:path'
import { AppError } from '../base/errors.ts'
import { sha256Hex } from '../base/hash.ts'
import { openPluginDatabase } from '../store/plugin-database.ts'
import type { AddonOptions } from '../store/sqlite.ts'
import type { LegacyReport, Projects } from './projects.ts'

export interface PluginImport {
  /**
   * `file` null: `projects.db` in the data folder, where the plugin keeps it. Projects that were taken over before stay as they are.
   * Throws PARAMS_INVALID for a path that is relative or on the network, PROJECT_FILE_INVALID.
   */
  run(file: string | null, actor: { id: string; role: string }): Promise<LegacyReport>
}

export interface PluginImportOptions extends AddonOptions {
  projects: Projects
  dataFolder: string
}

export function createPluginImport(options: PluginImportOptions): PluginImport {
  const { projects, dataFolder, ...addon } = options
  return {
    async run(file, actor) {
      const place = file === null ? path.join(dataFolder, 'projects.db') : checked(file)
      const database = await openPluginDatabase(place, { scratch: dataFolder, ...addon })
      try {
        return await projects.importLegacy(originOf(place), database.projects(), actor)
      } finally {
        database.close()
      }
    },
  }
}

/** A network path would send the user's name and password hash to whatever computer it names. */
function checked(file: string): string {
  if (path.isAbsolute(file) && !/^[\\/]{2}/.test(file) && !file.includes('\0')) return file
  throw new AppError(
    'PARAMS_INVALID',
    'Give the full path of the projects file on a disk of this computer.',
    { data: { field: 'path' } },
  )
}

/** The audit log names the file by its hash: a path holds the user's name. */
function originOf(place: string): string {
  const normal = path.normalize(place)
  return sha256Hex(process.platform === 'win32' ? normal.toLowerCase() : normal)
}
