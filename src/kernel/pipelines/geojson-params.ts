// What a request may ask of a GeoJSON drawing. Every cleaning step is off by default: a surveyor's vertex stays where it was measured.
import { z } from 'zod'

/** null and absent mean the default. */
function optional<T extends z.ZodType, D>(schema: T, fallback: D) {
  return schema.nullish().transform((value) => value ?? fallback)
}

const fields = z.object({
  /** EPSG code; null = the UTM zone of the document's centre. */
  crs: optional(z.number().int(), null),
  /** Where heights are wanted (degrees: west, south, east, north), when the caller knows; null asks for none. */
  bbox: optional(
    z
      .tuple([z.number(), z.number(), z.number(), z.number()])
      .refine(([west, south, east, north]) => west <= east && south <= north, {
        message: 'west must not be greater than east, south not greater than north',
      }),
    null,
  ),
  /** Names of lines, areas and points as texts. */
  labels: optional(z.boolean(), false),
  layerTemplate: optional(z.unknown(), null),
  /** Metres; vertices nearer than this become one, and line ends are led onto lines that pass. 0 = none moves. */
  snapToleranceMeters: optional(z.number().min(0).max(100), 0),
  /** Points and stretches of line that the same thing already draws (same layer, same attributes but for its ids) go. */
  removeDuplicates: optional(z.boolean(), false),
  /** Lines of one layer and equal attributes that meet end to end, and nothing else there, become one; implies removeDuplicates. */
  joinLines: optional(z.boolean(), false),
  /** Out-and-back stretches go, unless another line meets their tip. */
  removeSpikes: optional(z.boolean(), false),
  /** Metres; no vertex that is dropped lies further from the line. Vertices that lines share stay. 0 keeps every vertex. */
  simplifyToleranceMeters: optional(z.number().min(0).max(100), 0),
  /** `visvalingam` drops triangles smaller than the tolerance squared. */
  simplifyMethod: optional(z.enum(['douglas-peucker', 'visvalingam']), 'douglas-peucker' as const),
  /** Outlines of the streets (features with `width_m` or `highway`) on a layer of their own. */
  roadEdges: optional(z.boolean(), false),
})

export type GeojsonSiteParams = z.output<typeof fields>

/** The wire's names carry no unit; a name with its unit wins. */
const UNITLESS_NAMES: Readonly<Record<string, string>> = {
  simplifyTolerance: 'simplifyToleranceMeters',
  snapTolerance: 'snapToleranceMeters',
}

export const geojsonSiteParams = z.preprocess((value) => {
  if (typeof value !== 'object' || value === null) return value
  const named: Record<string, unknown> = { ...value }
  for (const [name, unitful] of Object.entries(UNITLESS_NAMES)) {
    if (Object.hasOwn(named, name) && !Object.hasOwn(named, unitful)) named[unitful] = named[name]
  }
  return named
}, fields)
