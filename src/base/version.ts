// The program's version and how it was built. package.json states the number; a build adds the commit.
import packageJson from '../../package.json' with { type: 'json' }

/** Put in by scripts/bundle.ts; absent in a checkout. */
declare const __SISRUA_BUILD__: { version: string; commit: string } | undefined

export const VERSION: string = packageJson.version

/** Short commit of the build, or null in a checkout. */
export const COMMIT: string | null =
  typeof __SISRUA_BUILD__ === 'undefined' ? null : __SISRUA_BUILD__.commit

/** How the program introduces itself to servers; Overpass asks for a name and a way to reach its maker. */
export const DEFAULT_USER_AGENT = `sisrua/${VERSION} (local AutoCAD sidecar; +https://github.com/jrlampa/plugin_autocad)`
