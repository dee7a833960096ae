// The place of a job: its coordinate system, its projector and what the choice costs.
import { AppError } from '../../base/errors.ts'
import type { Note } from '../cad/drawing.ts'
import type { Bbox } from '../geo/bbox.ts'
import { crsOf } from '../geo/crs.ts'
import type { Projector } from '../geo/projector.ts'
import { createProjector } from '../geo/projector.ts'
import { chooseCrs, zoneReport } from '../geo/zone.ts'

export interface Site {
  epsg: number
  projector: Projector
  notes: Note[]
}

/**
 * The system for an area (degrees): `epsg` when the request names one, else the UTM zone of the area's centre. CRS_REFUSED for a system in
 * degrees, for Pseudo-Mercator, whose metres are none, and for old datums, whose shift needs a transformation of its own.
 */
export function chooseSite(bbox: Bbox, epsg: number | null): Site {
  const notes: Note[] = []
  const lon = (bbox.west + bbox.east) / 2
  const lat = (bbox.south + bbox.north) / 2
  let code = epsg
  if (code === null) {
    const chosen = chooseCrs(lon, lat)
    code = chosen.epsg
    if (chosen.system === 'WGS 84') notes.push({ code: 'CRS_OUTSIDE_SIRGAS', data: { epsg: code } })
  }
  const crs = crsOf(code)
  refuseUnsuitable(code, crs.kind, crs.datum)
  if (crs.utm !== null) {
    const report = zoneReport(bbox, code)
    if (report.crossesZone) {
      notes.push({
        code: 'ZONE_CROSSED',
        data: {
          epsg: code,
          worstScaleErrorPpm: Math.round(report.worstScaleError * 1e6),
          convergenceDegrees: Math.round(report.convergenceDegrees * 1e4) / 1e4,
        },
      })
    }
  }
  return { epsg: code, projector: createProjector(code, bbox), notes }
}

function refuseUnsuitable(epsg: number, kind: string, datum: string): void {
  let why: string | null = null
  if (kind === 'geographic') why = 'is in degrees, and a drawing needs metres'
  else if (epsg === 3857)
    why = 'is Pseudo-Mercator, whose metres are up to twice too long in Brazil'
  else if (datum !== 'SIRGAS 2000' && datum !== 'WGS 84') {
    why = `has the datum ${datum}; draw in SIRGAS 2000 and transform the result`
  }
  if (why === null) return
  throw new AppError(
    'CRS_REFUSED',
    `EPSG:${epsg} ${why}. Leave "crs" out to get the UTM zone of the place.`,
    {
      data: { epsg },
    },
  )
}
