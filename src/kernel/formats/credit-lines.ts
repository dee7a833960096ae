// The lines that must stand wherever a drawing is seen: whose data it is, in which system, of when.
import type { Drawing } from '../cad/drawing.ts'

/** Credits, then system and vertical datum, then dates; a line each. */
export function creditLines(drawing: Drawing, retrievedAt: string | null): string[] {
  const dates = [drawing.sourceTimestamp, retrievedAt].filter((date) => date !== null)
  return [
    ...drawing.credits,
    [drawing.epsg > 0 ? `EPSG:${drawing.epsg}` : null, drawing.verticalDatum]
      .filter((part) => part !== null)
      .join(' · '),
    dates.join(' · '),
  ].filter((line) => line !== '')
}
