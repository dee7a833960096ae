// Takes projects over from the AutoCAD plugin's `projects.db`: from its usual place, or from a path that an administrator names.
import path from 'node:path'
import { sha256Hex } from '../base/hash.ts'
import { removeLeftCopies, requireLocalPath } from '../store/foreign-database.ts'
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

/** To be called under the store's lock: removes the copies of foreign files that a killed program left in `dataFolder`. */
export function createPluginImport(options: PluginImportOptions): PluginImport {
  const { projects, dataFolder, ...addon } = options
  removeLeftCopies(dataFolder)
  return {
    async run(file, actor) {
      const place = file === null ? path.join(dataFolder, 'projects.db') : requireLocalPath(file)
      const database = await openPluginDatabase(place, { scratch: dataFolder, ...addon })
      try {
        return await projects.importLegacy(originOf(place), database.projects(), actor)
      } finally {
        database.close()
      }
    },
  }
}

/** The audit log names the file by its hash: a path holds the user's name. */
function originOf(place: string): string {
  const normal = path.normalize(place)
  return sha256Hex(process.platform === 'win32' ? normal.toLowerCase() : normal)
}
