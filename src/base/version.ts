// The program's version and how it was built. package.json states the number; a build adds the commit.
import packageJson from '../../package.json' with { type: 'json' }

/** Put in by scripts/bundle.ts; absent in a checkout. */
declare const __SISRUA_BUILD__: { commit: string; target: string; node: string } | undefined

export const VERSION: string = packageJson.version

/** Short commit of the build, or null in a checkout. */
export const COMMIT: string | null =
  typeof __SISRUA_BUILD__ === 'undefined' ? null : __SISRUA_BUILD__.commit

/** What `--version` tells: number, and of a build also commit, system and runtime. */
export const VERSION_LINE: string =
  typeof __SISRUA_BUILD__ === 'undefined'
    ? VERSION
    : `${VERSION} (${__SISRUA_BUILD__.commit}, ${__SISRUA_BUILD__.target}, Node ${__SISRUA_BUILD__.node})`

/** How the program introduces itself to servers; Overpass asks for a name and a way to reach its maker. */
export const DEFAULT_USER_AGENT = `sisrua/${VERSION} (local AutoCAD sidecar; +https://github.com/jrlampa/plugin_autocad)`
