// What a person should know about the cleaning of a document, and about lines that cross themselves.
import type { Note } from '../cad/drawing.ts'
import { findIntersections } from '../geo/intersections.ts'
import type { Paths } from '../geo/paths.ts'
import type { CleanContent, CleanPart } from './geojson-clean.ts'

/** One note per step that changed anything. */
export function cleaningNotes({
  outside,
  moved,
  splits,
  duplicates,
  spikes,
  repeated,
}: CleanContent): Note[] {
  const notes: Note[] = []
  if (outside > 0) notes.push({ code: 'GEOJSON_OUTSIDE_PROJECTION', data: { count: outside } })
  if (moved + splits > 0) notes.push({ code: 'VERTICES_SNAPPED', data: { moved, splits } })
  if (duplicates > 0) notes.push({ code: 'DUPLICATES_REMOVED', data: { segments: duplicates } })
  if (spikes > 0) notes.push({ code: 'SPIKES_REMOVED', data: { count: spikes } })
  if (repeated > 0) notes.push({ code: 'REPEATED_VERTICES_REMOVED', data: { count: repeated } })
  return notes
}

/** The search ends there; more crossings than these nobody repairs one by one. */
const MOST_CROSSINGS = 1000

/** Pairs of segments that are compared at most, about a second: only where very many lines lie on one another are there more. */
const MOST_LOOKS = 50_000_000

/**
 * Rings that cross or touch themselves, and lines that cross themselves between two vertices (a line that comes back to one of its
 * own vertices is a junction, no mistake). Nothing is repaired; the note gives the first place in metres and its feature.
 */
export function crossingNotes(parts: readonly CleanPart[], paths: Paths): Note[] {
  const notes: Note[] = []
  const found = { ring: 0, line: 0 }
  const first: { ring: Note | null; line: Note | null } = { ring: null, line: null }
  const { coords } = paths
  const budget = { looks: MOST_LOOKS }
  for (const { x, y, paths: pair, segments } of findIntersections(
    paths,
    'self',
    MOST_CROSSINGS,
    budget,
  )) {
    const { kind, feature } = parts[pair[0]]!
    if (kind === 'point') continue
    const atVertex = segments.some(
      (v) =>
        (coords[2 * v] === x && coords[2 * v + 1] === y) ||
        (coords[2 * v + 2] === x && coords[2 * v + 3] === y),
    )
    if (kind === 'line' && atVertex) continue
    found[kind]++
    first[kind] ??= {
      code: kind === 'ring' ? 'RINGS_CROSS_THEMSELVES' : 'LINES_CROSS_THEMSELVES',
      data: {
        feature,
        easting: Math.round(x * 1000) / 1000,
        northing: Math.round(y * 1000) / 1000,
      },
    }
  }
  for (const kind of ['ring', 'line'] as const) {
    const note = first[kind]
    if (note !== null) notes.push({ code: note.code, data: { count: found[kind], ...note.data } })
  }
  if (budget.looks < 0) notes.push({ code: 'CROSSINGS_NOT_ALL_SEARCHED', data: {} })
  return notes
}
