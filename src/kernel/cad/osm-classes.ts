// What a tagged element is: one ordered table from tags to theme and symbol. Layers are another matter (layers.ts).
import type { ThemeName } from './themes.ts'

/** Where a class applies: points, lines, areas. */
export type OsmShape = 'point' | 'line' | 'area'

/** One line of the table. The first line that fits an element says what it is. */
export interface OsmClass {
  key: string
  /** Any value but `no`, these values, or any value but `no` and these. */
  values: '*' | readonly string[] | { except: readonly string[] }
  shapes: readonly OsmShape[]
  theme: ThemeName
  /** Symbol of a point; null = it is no point, or the generic one. */
  block: string | null
}

const ONLY_POINT: readonly OsmShape[] = ['point']
const ONLY_LINE: readonly OsmShape[] = ['line']
const ONLY_AREA: readonly OsmShape[] = ['area']
const LINE_OR_AREA: readonly OsmShape[] = ['line', 'area']

function points(theme: ThemeName, key: string, values: readonly string[], block: string): OsmClass {
  return { key, values, shapes: ONLY_POINT, theme, block }
}

function drawn(
  theme: ThemeName,
  key: string,
  values: OsmClass['values'],
  shapes: readonly OsmShape[] = LINE_OR_AREA,
): OsmClass {
  return { key, values, shapes, theme, block: null }
}

/** Values of `landuse` where plants grow, for classes and layers alike. */
export const GREEN_LANDUSE = [
  'forest',
  'grass',
  'meadow',
  'recreation_ground',
  'village_green',
  'orchard',
  'vineyard',
  'plant_nursery',
  'flowerbed',
  'allotments',
]

/** Not there: planned, gone, or only an entry of a database. */
const NOT_BUILT = ['proposed', 'razed', 'abandoned', 'dismantled', 'demolished', 'historic']

/** The table. `highway=street_light` is no OSM tag, but the original asked for it and files written for it exist. */
export const OSM_CLASSES: readonly OsmClass[] = [
  points('furniture', 'highway', ['street_lamp'], 'POSTE_ILUMINACAO'),
  points('furniture', 'highway', ['street_light'], 'POSTE'),
  points('furniture', 'highway', ['bus_stop'], 'PARADA_ONIBUS'),
  points('furniture', 'highway', ['traffic_signals'], 'SEMAFORO'),
  points('furniture', 'highway', ['crossing'], 'FAIXA_PEDESTRE'),
  points('furniture', 'emergency', ['fire_hydrant'], 'HIDRANTE'),
  points('furniture', 'amenity', ['bench'], 'BANCO'),
  points('furniture', 'amenity', ['waste_basket'], 'LIXEIRA'),
  points('furniture', 'man_made', ['manhole'], 'BUEIRO'),
  { key: 'manhole', values: '*', shapes: ONLY_POINT, theme: 'furniture', block: 'BUEIRO' },
  points('furniture', 'natural', ['tree'], 'ARVORE'),
  points('power', 'power', ['pole', 'terminal'], 'POSTE'),
  points('power', 'power', ['tower', 'portal', 'catenary_mast'], 'TORRE'),
  points('power', 'power', ['transformer'], 'TRANSFORMADOR'),
  points('power', 'power', ['substation', 'plant', 'generator'], 'SUBESTACAO'),
  points('power', 'power', ['switch', 'insulator', 'compensator', 'connection'], 'PONTO'),
  points('rail', 'railway', ['station', 'halt', 'level_crossing', 'tram_stop'], 'PONTO'),
  points('barriers', 'barrier', ['gate', 'lift_gate', 'bollard'], 'PONTO'),
  drawn('streets', 'highway', { except: [...NOT_BUILT, 'platform', 'elevator'] }),
  drawn('buildings', 'building', { except: NOT_BUILT }),
  drawn('buildings', 'building:part', '*'),
  drawn('power', 'power', ['line', 'minor_line', 'cable'], ONLY_LINE),
  drawn('power', 'power', ['substation', 'plant', 'generator', 'transformer'], ONLY_AREA),
  drawn('rail', 'railway', { except: NOT_BUILT }),
  drawn('water', 'waterway', '*'),
  drawn('water', 'natural', ['water', 'coastline', 'wetland', 'bay', 'spring']),
  drawn('water', 'landuse', ['reservoir', 'basin']),
  drawn('barriers', 'barrier', '*'),
  drawn('green', 'leisure', '*'),
  drawn('green', 'natural', '*'),
  drawn('green', 'landuse', GREEN_LANDUSE),
  drawn('landuse', 'landuse', '*', ONLY_AREA),
  drawn('landuse', 'amenity', '*', ONLY_AREA),
  drawn('boundaries', 'boundary', ['administrative']),
  ...['amenity', 'shop', 'tourism', 'historic'].map(
    (key): OsmClass => ({ key, values: '*', shapes: ONLY_POINT, theme: 'places', block: 'PONTO' }),
  ),
]

/** True when a value is among those of a class. `no` never is. */
export function valueFits(values: OsmClass['values'], value: string): boolean {
  if (value === 'no') return false
  if (values === '*') return true
  if ('except' in values) return !values.except.includes(value)
  return values.includes(value)
}
