// Breaklines of a mesh from a GeoJSON document: its lines and polygon outlines, in the drawing's metres, as far as they lie in the region.
import { AppError } from '../../base/errors.ts'
import type { Note } from '../cad/drawing.ts'
import { readGeojson } from '../formats/geojson-read.ts'
import { clipLines } from '../geo/clip.ts'
import { gridToPlane } from '../geo/ground-under.ts'
import type { Paths } from '../geo/paths.ts'
import type { Region } from '../geo/region.ts'
import type { Site } from './site.ts'

/**
 * Lines and outlines cut to the region; heights of the document are kept, and a line without any has none (NaN) and lies on the ground.
 * Points are no lines and are left out. GEOJSON_INVALID when the document cannot be read, GEOMETRY_INVALID when it has no line in
 * the region at all. The note tells how many were used and how many lie outside.
 */
export function readBreaklines(
  document: Uint8Array,
  { projector }: Site,
  region: Region,
): { breaklines: Paths; notes: Note[] } {
  const content = readGeojson(document)
  const lines = linesOf(content.paths, (path) => content.parts[path]!.kind !== 'point')
  gridToPlane(lines.coords, content.epsg, projector)
  const { paths, parent } = clipLines(lines, region)
  const used = new Set(parent).size
  const outside = lines.offsets.length - 1 - used
  if (used === 0) {
    throw new AppError(
      'GEOMETRY_INVALID',
      'The breaklines have no line inside the circle; check their coordinates (longitude before latitude) or enlarge the radius.',
      { data: { outside } },
    )
  }
  return { breaklines: paths, notes: [{ code: 'BREAKLINES', data: { used, outside } }] }
}

/** Chosen paths, copied. */
function linesOf({ coords, offsets, z }: Paths, chosen: (path: number) => boolean): Paths {
  const xy: number[] = []
  const heights: number[] = []
  const starts = [0]
  for (let path = 0; path + 1 < offsets.length; path++) {
    if (!chosen(path)) continue
    for (let i = offsets[path]!; i < offsets[path + 1]!; i++) {
      xy.push(coords[2 * i]!, coords[2 * i + 1]!)
      heights.push(z === undefined ? Number.NaN : z[i]!)
    }
    starts.push(heights.length)
  }
  return {
    coords: Float64Array.from(xy),
    z: Float64Array.from(heights),
    offsets: Uint32Array.from(starts),
  }
}
