// What a pipeline is: it asks (`needs`) and computes (`compute`); it never fetches, waits for nothing but a codec,
// and has no clock. Same inputs, same bytes.
import type { ZodType } from 'zod'
import type { Drawing, Note } from '../cad/drawing.ts'
import type { ByteSource } from '../formats/byte-source.ts'
import type { DemWindow } from '../formats/dem.ts'
import type { Bbox } from '../geo/bbox.ts'
import type { Tin } from '../geo/tin.ts'

/** Something a pipeline must be given before it can compute. */
export type Need =
  | {
      kind: 'osm'
      /** Degrees. What the answer must cover. */
      bbox: Bbox
      /** Overpass QL. */
      query: string
    }
  | {
      kind: 'dem'
      /** Degrees. What the heights should cover. */
      bbox: Bbox
      /** False: the job fails with DEM_NOT_COVERED when nothing covers it. */
      optional: boolean
    }

/** Bytes of one OSM answer, and where they came from. */
export interface OsmInput {
  /** A source crosses to no thread. */
  bytes: Uint8Array | ByteSource
  /** Overpass host, or the name of the library file. */
  source: string
}

/** A datum grid as it lies on the disk; its name says which operation it serves. */
export interface GridFile {
  /** `SAD69_003.gsb` */
  name: string
  bytes: Uint8Array
}

/** What was collected for the needs. Everything here is plain data and typed arrays (transferable). */
export interface Inputs {
  osm?: OsmInput
  /** Windows of one or more tiles, in order of preference; empty or absent when nothing covers the area. */
  dem?: DemWindow[]
  /** UTF-8 bytes of the GeoJSON to draw (geojson-site). */
  geojson?: Uint8Array
  /** NTv2 grids for documents in an old datum (geojson-site); without them the published translation serves. */
  grids?: GridFile[]
}

/** Decoders that live in Node and are handed in; the kernel has none of its own. */
export interface Codecs {
  /** zlib inflate. `expected` is the most it may produce, in bytes; more is an error. */
  inflate(bytes: Uint8Array, expected: number): Uint8Array
  /** Zstandard, bounded likewise; absent where the runtime has none. */
  zstd?(bytes: Uint8Array, expected: number): Uint8Array
}

/**
 * Progress: `fraction` 0…1 of the whole computation. Throws AppError CANCELLED once the job was cancelled,
 * so call it at least every 50 ms of work.
 */
export type Report = (step: string, fraction: number) => void

/** What a drawing pipeline answers. */
export interface PipelineResult {
  drawing: Drawing
  notes: Note[]
  /** Terrain mesh in the drawing's metres, from a pipeline that makes one: 3DFACE in the DXF, a surface in LandXML. */
  tin?: Tin
}

export interface Pipeline<P> {
  id: string
  version: number
  /** Validates and completes the parameters (camelCase). */
  params: ZodType<P>
  needs(params: P): Need[]
  compute(params: P, inputs: Inputs, codecs: Codecs, report: Report): Promise<PipelineResult>
}
