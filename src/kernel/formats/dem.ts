// Elevation files: what the source room reads (windows of bytes) and what the kernel makes of them (a grid).

/** A window of one elevation file: its undecoded blocks and all that is needed to decode them. Plain data. */
export interface DemWindow {
  /** File name (no folder), for notes and sources. */
  name: string
  format: 'geotiff' | 'hgt'
}
