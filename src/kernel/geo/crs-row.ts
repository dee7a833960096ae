// The shape of the generated table of systems, and the names of the datums in it.

/** As EPSG writes them. */
export type DatumName =
  | 'SIRGAS 2000'
  | 'WGS 84'
  | 'SAD69'
  | 'SAD69(96)'
  | 'Corrego Alegre 1961'
  | 'Corrego Alegre 1970-72'

/** One line of the table: EPSG code, name, datum, projection (PROJ words, no ellipsoid), area of use in degrees (W, S, E, N). */
export type CrsRow = readonly [
  epsg: number,
  name: string,
  datum: DatumName,
  projection: string,
  area: readonly [west: number, south: number, east: number, north: number],
]
