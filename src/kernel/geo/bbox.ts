// A box on the map. Geographic boxes are degrees, projected boxes metres; the name of the variable says which.

/** West, south, east, north. `west <= east`; nothing here crosses the antimeridian. */
export interface Bbox {
  west: number
  south: number
  east: number
  north: number
}
