// Which thing in the world a feature of the wire shows, and what of it a person would call a change: the two questions that a
// re-import asks of every feature, old and new.

/** A feature in the shape of the wire's CadFeature; keys that we do not know are kept and count as content. */
export type WireFeature = Record<string, unknown>

export interface FeatureSource {
  /**
   * `osm:way/123`, `dem:10`, `geojson:<its own id>`; null when the feature says nothing of where it is from. Of a street joined from
   * several ways it is the lowest way, so that the id outlives any change of the others.
   */
  base: string | null
  /** Every OSM element a line was joined from, in the same form; empty for everything that is not a line from OSM. */
  members: string[]
}

const OSM_ID = /^(node|way|relation)\/(\d{1,19})$/
/** Where GeoJSON from elsewhere keeps its ids; the first that is there. `source` is our own GeoJSON's. */
const ID_PROPERTIES = ['source', '@id', 'id', 'ID', 'Id', 'fid', 'OBJECTID', 'gid', 'globalid']
const MAX_ID = 200

/** Several features may have the same source: the pieces of a clipped street, the rings of a polygon, contours of one height. */
export function sourceOf(feature: WireFeature): FeatureSource {
  const given = textOf(feature.source_id)
  const role = roleOf(feature)
  if (given === null || given.startsWith('geojson/')) {
    const own = ownId(feature.original_geojson_properties)
    return { base: own === null ? null : unnumbered(own + role), members: [] }
  }
  if (!OSM_ID.test(given)) {
    const base = given.replace('/', ':').slice(0, MAX_ID)
    return { base: unnumbered(base + role), members: [] }
  }
  const merged = Array.isArray(feature.merged_source_ids) ? feature.merged_source_ids : []
  const all = [given, ...merged.filter((id) => typeof id === 'string' && OSM_ID.test(id))]
  const base = `osm:${lowest(all)}${role}`
  return { base, members: isLine(feature) ? all.map((id) => `osm:${id}${role}`) : [] }
}

/** Ends in `%2312` what ends in `#12`: that is how further features of the same source are numbered. */
function unnumbered(base: string): string {
  return base.replace(/#(\d+)$/, '%23$1')
}

/** A label or a road's edge is another thing than the street whose id it carries. */
function roleOf(feature: WireFeature): string {
  const kind = textOf(feature.class) ?? ''
  if (feature.feature_type === 'Text' || feature.feature_type === 2 || /label/.test(kind)) {
    return '/label'
  }
  return kind === 'road=edge' ? '/edge' : ''
}

function isLine({ coords_xy: coords, polygon }: WireFeature): boolean {
  return Array.isArray(coords) && typeof polygon !== 'number'
}

function ownId(properties: unknown): string | null {
  if (typeof properties !== 'object' || properties === null) return null
  for (const key of ID_PROPERTIES) {
    if (!Object.hasOwn(properties, key)) continue
    const value = (properties as Record<string, unknown>)[key]
    if (typeof value === 'number' && Number.isFinite(value)) return `geojson:${value}`
    const text = textOf(value)
    if (text !== null) return OSM_ID.test(text) ? `osm:${text}` : `geojson:${text.slice(0, MAX_ID)}`
  }
  return null
}

function lowest(ids: readonly string[]): string {
  let best = ids[0]!
  for (const id of ids) {
    const shorter = id.length - best.length
    if (shorter < 0 || (shorter === 0 && id < best)) best = id
  }
  return best
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null
}

/** Bookkeeping that may change while the drawn thing stays the same: a way split in two and joined again, a polygon's number. */
const NOT_CONTENT = new Set([
  'feature_id',
  'source_id',
  'source_version',
  'merged_source_ids',
  'polygon',
])
const TYPE_NAMES = ['Polyline', 'Point', 'Text']

/**
 * The content in one canonical text, to be hashed: keys in order, coordinates to a tenth of a millimetre, and no difference between
 * null, false, `{}` and a key that is not there, for clients leave such keys away.
 */
export function contentText(feature: WireFeature): string {
  const parts: string[] = []
  for (const key of Object.keys(feature).sort()) {
    if (NOT_CONTENT.has(key)) continue
    let value = feature[key]
    if (key === 'feature_type' && typeof value === 'number') value = TYPE_NAMES[value] ?? value
    if (value === null || value === undefined || value === false) continue
    const isPlace = key === 'coords_xy' || key === 'insertion_point_xy' || key === 'elevations'
    const text = isPlace ? placeText(value) : canonical(value)
    if (text !== '{}') parts.push(`${JSON.stringify(key)}:${text}`)
  }
  return parts.join('\n')
}

function placeText(value: unknown): string {
  if (typeof value === 'number') return String(Math.round(value * 1e4) / 1e4 + 0)
  return Array.isArray(value) ? `[${value.map(placeText).join()}]` : canonical(value)
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const map = value as Record<string, unknown>
  return `{${Object.keys(map)
    .sort()
    .filter((key) => map[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${canonical(map[key])}`)
    .join()}}`
}
