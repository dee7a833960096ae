// What a person may ask for by name: the themes of a job, and the Overpass selections that fetch each.

/** Themes, what they draw, and their Overpass QL selections (inside the area, without `;`). */
export const THEMES = {
  streets: {
    doc: 'Streets, paths and squares: everything with a highway value that is a way.',
    selections: ['way["highway"]', 'rel["highway"]["type"="multipolygon"]'],
  },
  buildings: {
    doc: 'Buildings and their parts, with height and levels.',
    selections: [
      'way["building"]',
      'rel["building"]["type"="multipolygon"]',
      'way["building:part"]',
      'rel["building:part"]["type"="multipolygon"]',
    ],
  },
  power: {
    doc: 'Power lines and cables, poles, towers, transformers, substations.',
    selections: ['nwr["power"]'],
  },
  water: {
    doc: 'Rivers, streams, canals, lakes, reservoirs, coast line.',
    selections: [
      'way["waterway"]',
      'rel["waterway"]["type"="multipolygon"]',
      'way["natural"~"^(water|coastline|wetland|spring|bay)$"]',
      'rel["natural"~"^(water|wetland|bay)$"]["type"="multipolygon"]',
      'way["landuse"~"^(reservoir|basin)$"]',
      'rel["landuse"~"^(reservoir|basin)$"]["type"="multipolygon"]',
    ],
  },
  rail: {
    doc: 'Railways, light rail, metro, trams, platforms and stations.',
    selections: ['way["railway"]', 'node["railway"~"^(station|halt|level_crossing|tram_stop)$"]'],
  },
  barriers: {
    doc: 'Walls, fences, hedges, retaining walls, gates and bollards.',
    selections: ['way["barrier"]', 'node["barrier"~"^(gate|lift_gate|bollard)$"]'],
  },
  green: {
    doc: 'Parks, gardens, woods, grass, pitches, rows of trees.',
    selections: [
      'way["leisure"]',
      'rel["leisure"]["type"="multipolygon"]',
      'way["natural"]',
      'rel["natural"]["type"="multipolygon"]',
      'way["landuse"~"^(forest|grass|meadow|recreation_ground|village_green|orchard|vineyard|plant_nursery|flowerbed|allotments)$"]',
      'rel["landuse"~"^(forest|grass|meadow|recreation_ground|village_green|orchard|vineyard|plant_nursery|flowerbed|allotments)$"]["type"="multipolygon"]',
    ],
  },
  landuse: {
    doc: 'Use of land: residential, commercial, industrial, farmland, cemetery, parking, school grounds.',
    selections: [
      'way["landuse"]',
      'rel["landuse"]["type"="multipolygon"]',
      'way["amenity"]',
      'rel["amenity"]["type"="multipolygon"]',
    ],
  },
  furniture: {
    doc: 'Points in the street: lamps, hydrants, benches, bins, manholes, trees, bus stops, signals, crossings.',
    selections: [
      'node["highway"~"^(street_lamp|street_light|bus_stop|traffic_signals|crossing)$"]',
      'node["emergency"="fire_hydrant"]',
      'node["amenity"~"^(bench|waste_basket)$"]',
      'node["man_made"="manhole"]',
      'node["manhole"]',
      'node["natural"="tree"]',
    ],
  },
  places: {
    doc: 'Named points of interest: schools, hospitals, shops, stations, monuments.',
    selections: [
      'node["amenity"]["name"]',
      'node["shop"]["name"]',
      'node["tourism"]["name"]',
      'node["historic"]["name"]',
    ],
  },
  boundaries: {
    doc: 'Administrative boundaries.',
    selections: ['rel["boundary"="administrative"]', 'way["boundary"="administrative"]'],
  },
} as const satisfies Record<string, { doc: string; selections: readonly string[] }>

export type ThemeName = keyof typeof THEMES

export const THEME_NAMES = Object.keys(THEMES) as ThemeName[]

/** What a job draws when nobody says: everything a street plan has. Boundaries and points of interest come on request. */
export const DEFAULT_THEMES: readonly ThemeName[] = [
  'streets',
  'buildings',
  'power',
  'water',
  'rail',
  'barriers',
  'green',
  'landuse',
  'furniture',
]
