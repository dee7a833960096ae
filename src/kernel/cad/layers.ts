// Tags to layers: the shape of a layer template and the program's own. The street layers are those of the stock plugin.
import type { Layer } from './drawing.ts'
import { GREEN_LANDUSE } from './osm-classes.ts'

/** Tags that a rule asks for: key → value, values, or `*` for any. All keys must fit. */
export type TagMatch = Record<string, string | string[]>

/** One rule: elements that fit go to the layer. The first rule that fits decides. */
export interface LayerRule extends Layer {
  match: TagMatch
  /** Only these shapes; null = all. */
  shapes: ('point' | 'line' | 'area')[] | null
}

/** What is no OSM element but needs a layer too. */
export interface SpecialLayers {
  /** Elements that no rule fits, by shape. */
  otherLines: Layer
  otherAreas: Layer
  points: Layer
  labels: Layer
  contours: Layer
  indexContours: Layer
  /** Outlines of the road surface. */
  roadEdges: Layer
  geojsonLines: Layer
  geojsonPoints: Layer
}

/**
 * ```json
 * { "name": "Office", "rules": [
 *     { "match": { "highway": ["primary", "primary_link"] }, "layer": "V-ROAD", "aci": 30, "lineweight": 25, "linetype": "CENTER" },
 *     { "match": { "building": "*" }, "shapes": ["area"], "layer": "V-BLDG-OTLN", "aci": 2 } ],
 *   "special": { "contours": { "layer": "V-TOPO-MINR", "aci": 34 } } }
 * ```
 * The user's rules come before the program's own, so a template needs to say only what differs; `"replace": true` leaves the own rules out.
 */
export interface LayerTemplate {
  name: string
  rules: LayerRule[]
  special: SpecialLayers
}

const CONTINUOUS = 'Continuous'

function layer(name: string, aci: number, lineweight = -3, linetype = CONTINUOUS): Layer {
  return { name, aci, lineweight, linetype }
}

function rule(match: TagMatch, look: Layer, shapes: LayerRule['shapes'] = null): LayerRule {
  return { match, shapes, ...look }
}

/** A street value and its slip roads. */
function street(value: string, look: Layer): LayerRule {
  return rule({ highway: [value, `${value}_link`] }, look)
}

const PEDESTRIAN = layer('SISRUA_OSM_PEDESTRIAN', 140, 13)
const PATH = layer('SISRUA_OSM_PATH', 141, 13, 'DASHED')
const WATER_AREA = layer('SISRUA_OSM_AGUA', 151, 18)
const GREEN = layer('SISRUA_OSM_VEGETACAO', 94, 9)
const POWER_EQUIPMENT = layer('SISRUA_OSM_ENERGIA_EQUIPAMENTOS', 12, 18)
const TREES = layer('SISRUA_OSM_ARVORES', 92, 9)

export const DEFAULT_LAYER_TEMPLATE: LayerTemplate = {
  name: 'sisRUA',
  rules: [
    rule({ natural: 'tree' }, TREES, ['point']),
    rule(
      { power: ['tower', 'portal', 'transformer', 'substation', 'plant', 'generator'] },
      POWER_EQUIPMENT,
      ['point', 'area'],
    ),
    street('motorway', layer('SISRUA_OSM_MOTORWAY', 1, 35)),
    street('trunk', layer('SISRUA_OSM_TRUNK', 2, 35)),
    street('primary', layer('SISRUA_OSM_PRIMARY', 3, 25)),
    street('secondary', layer('SISRUA_OSM_SECONDARY', 4, 25)),
    street('tertiary', layer('SISRUA_OSM_TERTIARY', 5, 25)),
    rule({ highway: 'residential' }, layer('SISRUA_OSM_RESIDENTIAL', 7, 13), ['line', 'area']),
    rule({ highway: 'service' }, layer('SISRUA_OSM_SERVICE', 8, 13), ['line', 'area']),
    rule({ highway: 'unclassified' }, layer('SISRUA_OSM_UNCLASSIFIED', 9, 13), ['line', 'area']),
    rule({ highway: 'living_street' }, layer('SISRUA_OSM_LIVING', 30, 13), ['line', 'area']),
    rule({ highway: ['footway', 'pedestrian', 'steps'] }, PEDESTRIAN, ['line', 'area']),
    rule({ highway: ['path', 'track', 'bridleway'] }, PATH, ['line', 'area']),
    rule({ highway: 'cycleway' }, layer('SISRUA_OSM_CYCLE', 150, 13), ['line', 'area']),
    rule({ highway: '*' }, layer('SISRUA_OSM_OUTROS', 6, 13), ['line', 'area']),
    rule({ building: '*' }, layer('SISRUA_OSM_EDIFICIOS', 42, 25), ['line', 'area']),
    rule({ 'building:part': '*' }, layer('SISRUA_OSM_EDIFICIOS_PARTES', 43, 13), ['line', 'area']),
    rule({ power: 'line' }, layer('SISRUA_OSM_ENERGIA_AT', 10, 25, 'DASHDOT'), ['line']),
    rule({ power: 'minor_line' }, layer('SISRUA_OSM_ENERGIA_MT_BT', 20, 18, 'DASHDOT'), ['line']),
    rule({ power: 'cable' }, layer('SISRUA_OSM_ENERGIA_CABO', 21, 18, 'HIDDEN'), ['line']),
    rule({ railway: '*' }, layer('SISRUA_OSM_FERROVIA', 200, 25, 'TRACKS'), ['line', 'area']),
    rule({ waterway: '*' }, layer('SISRUA_OSM_HIDROGRAFIA', 160, 18), ['line']),
    rule({ waterway: '*' }, WATER_AREA, ['area']),
    rule({ natural: 'coastline' }, layer('SISRUA_OSM_COSTA', 170, 25), ['line', 'area']),
    rule({ natural: ['water', 'wetland', 'bay', 'spring'] }, WATER_AREA, ['line', 'area']),
    rule({ landuse: ['reservoir', 'basin'] }, WATER_AREA, ['line', 'area']),
    rule({ barrier: '*' }, layer('SISRUA_OSM_BARREIRAS', 34, 13), ['line', 'area']),
    rule(
      { leisure: ['pitch', 'playground', 'sports_centre', 'stadium', 'track', 'swimming_pool'] },
      layer('SISRUA_OSM_LAZER', 84, 9),
      ['line', 'area'],
    ),
    rule({ leisure: '*' }, GREEN, ['line', 'area']),
    rule({ natural: '*' }, GREEN, ['line', 'area']),
    rule({ landuse: GREEN_LANDUSE }, GREEN, ['line', 'area']),
    rule({ landuse: '*' }, layer('SISRUA_OSM_USO_SOLO', 36, 9, 'HIDDEN'), ['line', 'area']),
    rule({ amenity: 'parking' }, layer('SISRUA_OSM_ESTACIONAMENTO', 254, 13), ['line', 'area']),
    rule({ amenity: '*' }, layer('SISRUA_OSM_EQUIPAMENTOS', 190, 9), ['line', 'area']),
    rule({ boundary: '*' }, layer('SISRUA_OSM_LIMITES', 210, 30, 'PHANTOM'), ['line', 'area']),
  ],
  special: {
    otherLines: layer('SISRUA_OSM_DIVERSOS', 8, 13),
    otherAreas: layer('SISRUA_OSM_DIVERSOS', 8, 13),
    points: layer('SISRUA_OSM_PONTOS', 50, 13),
    labels: layer('SISRUA_OSM_TEXTOS', 7, 13),
    contours: layer('SISRUA_CURVAS_NIVEL', 34, 13),
    indexContours: layer('SISRUA_CURVAS_NIVEL_MESTRAS', 32, 30),
    roadEdges: layer('SISRUA_OSM_BORDOS_VIA', 8, 18),
    geojsonLines: layer('SISRUA_GEOJSON', 7, 13),
    geojsonPoints: layer('SISRUA_GEOJSON_POINT', 7, 13),
  },
}
