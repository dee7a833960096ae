// A terrain mesh as 3DFACE entities.
import type { Tin } from '../geo/tin.ts'
import { type DxfWriter, fragment, HANDLES } from './dxf-tags.ts'

/** Layer of the mesh. */
export const TIN_LAYER = 'SISRUA_TERRENO_TIN'

/** One 3DFACE for each triangle, its third corner repeated as the format asks; triangles with a corner that is not finite are left out. */
export function writeFaces(writer: DxfWriter, tin: Tin, layer: string): void {
  const { vertices, triangles } = tin
  const head = fragment([100, 'AcDbEntity'], [8, layer], [100, 'AcDbFace'])
  for (let t = 0; t + 2 < triangles.length; t += 3) {
    let finite = true
    for (let c = 0; c < 9; c++) {
      const value = vertices[3 * triangles[t + ((c / 3) | 0)]! + (c % 3)]!
      if (!(Math.abs(value) < 1e15)) finite = false
    }
    if (!finite) continue
    writer.record('3DFACE', writer.takeHandle(), HANDLES.modelRecord)
    writer.fragment(head)
    for (let c = 0; c < 4; c++) {
      const v = 3 * triangles[t + Math.min(c, 2)]!
      writer.point(10 + c, vertices[v]!, vertices[v + 1]!, vertices[v + 2]!)
    }
  }
}
