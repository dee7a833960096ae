// How deeply a parsed JSON value is nested, so that what is taken in can be read again by who counts levels.

/** A feature of a project: a document of them may be nested two levels deeper (kernel/formats/feature-slices.ts). */
export const FEATURE_LEVELS = 38

/** Whether lists and objects lie at most so many levels deep in each other; a number or text has none. */
export function isNestedAtMost(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((one) => isNestedAtMost(one, levels - 1))
}
