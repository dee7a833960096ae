// Which closed ways are areas: the table "Overpass turbo/Polygon Features" of the OpenStreetMap wiki, as osmtogeojson applies it.

/** `all` = any value but `no`; `only` = these values; `except` = any value but `no` and these. */
type Rule = 'all' | { only: readonly string[] } | { except: readonly string[] }

const POLYGON_FEATURES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['building', 'all'],
  ['highway', { only: ['services', 'rest_area', 'escape', 'elevator'] }],
  ['natural', { except: ['coastline', 'cliff', 'ridge', 'arete', 'tree_row'] }],
  ['landuse', 'all'],
  ['waterway', { only: ['riverbank', 'dock', 'boatyard', 'dam'] }],
  ['amenity', 'all'],
  ['leisure', 'all'],
  ['barrier', { only: ['city_wall', 'ditch', 'hedge', 'retaining_wall', 'wall', 'spikes'] }],
  ['railway', { only: ['station', 'turntable', 'roundhouse', 'platform'] }],
  ['area', 'all'],
  ['boundary', 'all'],
  ['man_made', { except: ['cutline', 'embankment', 'pipeline'] }],
  ['power', { only: ['plant', 'substation', 'generator', 'transformer'] }],
  ['place', 'all'],
  ['shop', 'all'],
  ['aeroway', { except: ['taxiway'] }],
  ['tourism', 'all'],
  ['historic', 'all'],
  ['public_transport', 'all'],
  ['office', 'all'],
  ['building:part', 'all'],
  ['military', 'all'],
  ['ruins', 'all'],
  ['area:highway', 'all'],
  ['craft', 'all'],
  ['golf', 'all'],
  ['indoor', 'all'],
])

/** What a tag says about a closed way: 1 = it is an area, -1 = `area=no`, it is none whatever else is said, 0 = nothing. */
export function areaVerdict(key: string, value: string): -1 | 0 | 1 {
  const rule = POLYGON_FEATURES.get(key)
  if (rule === undefined) return 0
  if (value === 'no') return key === 'area' ? -1 : 0
  if (rule === 'all') return 1
  if ('only' in rule) return rule.only.includes(value) ? 1 : 0
  return rule.except.includes(value) ? 0 : 1
}

/** True when some value of this key has a say in areaVerdict. */
export function hasAreaRule(key: string): boolean {
  return POLYGON_FEATURES.has(key)
}
