// What reading a place from text gives, and the one error it fails with.
import { AppError } from '../../base/errors.ts'

/** What the text leaves out, when the caller knows it (the project's zone, for instance). */
export interface CoordinatesHint {
  /** UTM zone, 1–60. */
  zone?: number
  hemisphere?: 'N' | 'S'
}

/** A place read from text. */
export interface ReadCoordinates {
  /** Degrees. UTM is taken as SIRGAS 2000, or WGS 84 outside its area: the same thing here. */
  lon: number
  lat: number
  reading: 'decimal degrees' | 'degrees, minutes, seconds' | 'UTM'
  /** For UTM what was read; null otherwise. */
  utm: { epsg: number; zone: number; easting: number; northing: number } | null
}

/** The error of this reader. `reason` continues "The coordinates were not understood: ". */
export function unreadable(reason: string): AppError {
  return new AppError(
    'COORDINATES_UNREADABLE',
    `The coordinates were not understood: ${reason}. Write for example "-21.3648 -42.2176" (latitude first), 21°21'53"S 42°13'03"W, or "23K 788547 7634925".`,
  )
}
