// The published ways from the old Brazilian datums to SIRGAS 2000, with the accuracy their publishers state.
// Sources: EPSG dataset; IBGE resolution R.PR 1/2005 (three parameters); IBGE ProGriD (grids).
import type { DatumName } from './crs-row.ts'

/** A way to SIRGAS 2000. */
export interface DatumOperation {
  /** EPSG code of the operation. */
  epsg: number
  name: string
  accuracyMeters: number
}

export interface DatumOperations {
  grid: DatumOperation & { file: string }
  /** Geocentric translation in metres; null where none is published (Córrego Alegre 1961). */
  translation: (DatumOperation & { meters: readonly [number, number, number] }) | null
}

/** SIRGAS 2000 and WGS 84 are one and the same here: a published zero shift, good to a metre. */
export const SIRGAS_TO_WGS84: DatumOperation = {
  epsg: 15894,
  name: 'SIRGAS 2000 to WGS 84 (1)',
  accuracyMeters: 1,
}

const SAD69_METERS = [-67.35, 3.88, -38.22] as const

/** By source datum; absent for those that need no shift. */
export const DATUM_OPERATIONS: Readonly<Partial<Record<DatumName, DatumOperations>>> = {
  SAD69: {
    grid: { epsg: 5528, name: 'SAD69 to SIRGAS 2000 (2)', accuracyMeters: 1, file: 'SAD69_003' },
    translation: {
      epsg: 15485,
      name: 'SAD69 to SIRGAS 2000 (1)',
      accuracyMeters: 5,
      meters: SAD69_METERS,
    },
  },
  'SAD69(96)': {
    grid: {
      epsg: 5529,
      name: 'SAD69(96) to SIRGAS 2000 (1)',
      accuracyMeters: 0.5,
      file: 'SAD96_003',
    },
    translation: {
      epsg: 5881,
      name: 'SAD69(96) to SIRGAS 2000 (2)',
      accuracyMeters: 5,
      meters: SAD69_METERS,
    },
  },
  'Corrego Alegre 1970-72': {
    grid: {
      epsg: 5526,
      name: 'Corrego Alegre 1970-72 to SIRGAS 2000 (1)',
      accuracyMeters: 2,
      file: 'CA7072_003',
    },
    translation: {
      epsg: 6193,
      name: 'Corrego Alegre 1970-72 to SIRGAS 2000 (2)',
      accuracyMeters: 5,
      meters: [-206.05, 168.28, -3.82],
    },
  },
  'Corrego Alegre 1961': {
    grid: {
      epsg: 5525,
      name: 'Corrego Alegre 1961 to SIRGAS 2000 (1)',
      accuracyMeters: 2,
      file: 'CA61_003',
    },
    translation: null,
  },
}
