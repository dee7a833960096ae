// Which streets have edges worth drawing, and on which storey of a crossing they run.

/** Streets that vehicles use. Footways, stairs and cycleways are drawn as lines: their outlines would cut through the kerbs. */
const CARRIAGEWAYS: ReadonlySet<string> = new Set([
  'motorway',
  'motorway_link',
  'trunk',
  'trunk_link',
  'primary',
  'primary_link',
  'secondary',
  'secondary_link',
  'tertiary',
  'tertiary_link',
  'residential',
  'unclassified',
  'living_street',
  'service',
  'road',
  'busway',
  'raceway',
  'track',
])

/** Whether the value of `highway` names a street with a carriageway. */
export function isCarriageway(highway: string): boolean {
  return CARRIAGEWAYS.has(highway)
}

/**
 * Storey of a way: its `layer` tag (a whole number), else 1 for a bridge, -1 for a tunnel, 0 on the ground. Roads of
 * different storeys that cross do not meet.
 */
export function roadLevel(tagOf: (key: string) => string | null): number {
  const layer = tagOf('layer')
  if (layer !== null && /^\s*[+-]?\d{1,2}\s*$/.test(layer)) return Number(layer) + 0
  if (isSet(tagOf('bridge'))) return 1
  if (isSet(tagOf('tunnel'))) return -1
  return 0
}

function isSet(value: string | null): boolean {
  return value !== null && value !== 'no'
}
