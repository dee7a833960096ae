// Symbol files for the stock plugin: it reads a file and wants a block definition of the wanted name inside it (contract.md §3.7).
import { BLOCKS } from '../cad/blocks.ts'
import { blankFeature } from '../cad/drawing.ts'
import { writeDxf } from './dxf.ts'

/** Name of the file that holds a symbol; null for a name the program has no symbol for. */
export function blockFileName(name: string): string | null {
  return Object.hasOwn(BLOCKS, name) ? `${name}.dxf` : null
}

/**
 * A DXF file that defines the block `name` (the generic symbol for a name that is not ours) and holds one insertion of it at the
 * origin, so that a person who opens the file sees it. Metres.
 */
export function writeBlockDxf(name: string): Uint8Array {
  return writeDxf(
    {
      epsg: 0,
      verticalDatum: null,
      layers: [{ name: '0', aci: 7, lineweight: -3, linetype: 'Continuous' }],
      features: [{ ...blankFeature('point', 0, 0), block: name }],
      paths: { coords: new Float64Array(2), offsets: Uint32Array.of(0, 1) },
      credits: [],
      sourceTimestamp: null,
    },
    { retrievedAt: null },
  )
}
