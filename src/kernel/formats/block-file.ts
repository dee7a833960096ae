// Symbol files for the stock plugin: it reads a file and wants a block definition of the wanted name inside it (contract.md §3.7).
import { BLOCKS, GENERIC_BLOCK } from '../cad/blocks.ts'
import { blankFeature, type Drawing } from '../cad/drawing.ts'
import { writeDxf } from './dxf.ts'
import { symbolName } from './dxf-names.ts'
import { encodeUtf8 } from './utf8.ts'

/** So many block names of their own may one drawing's points bring; points beyond that get the generic symbol. */
export const MAX_FOREIGN_BLOCKS = 200

/** A block as the plugin is told of it. */
export interface BlockFile {
  /** Name of the definition inside the file. */
  name: string
  /** File name, without folder. */
  file: string
}

/**
 * The files behind the block names of a drawing's points, those left out whose request named a file itself. The program's
 * symbols have their own; a foreign name, cleaned as AutoCAD takes it, stands for the generic symbol under that name.
 */
export function blockFilesOf(drawing: Drawing): Map<string, BlockFile> {
  const files = new Map<string, BlockFile>()
  let foreign = 0
  for (const { kind, block, blockFile } of drawing.features) {
    if (kind !== 'point' || block === null || blockFile !== null || files.has(block)) continue
    if (!isOurs(block)) foreign++
    const name = isOurs(block) ? block : symbolName(block)
    files.set(
      block,
      foreign > MAX_FOREIGN_BLOCKS && !isOurs(block)
        ? { name: GENERIC_BLOCK, file: blockFileName(GENERIC_BLOCK) }
        : { name, file: blockFileName(name) },
    )
  }
  return files
}

/** Whether the program draws this block itself, and its file is always there. */
export function isOurs(name: string): boolean {
  return Object.hasOwn(BLOCKS, name)
}

/**
 * Name of the file that holds a block. A foreign one is told by a hash of its exact name, for file systems that take `a` and `A` for
 * the same; only letters, digits, `-` and `_` of the name itself come into it.
 */
export function blockFileName(name: string): string {
  if (isOurs(name)) return `${name}.dxf`
  const readable = name.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 40)
  return `${readable}-${hash(name, 0x811c9dc5)}${hash(name, 0x01234567)}.dxf`
}

/** FNV-1a over the name's bytes, eight digits. */
function hash(name: string, start: number): string {
  let value = start
  for (const byte of encodeUtf8(name)) value = Math.imul(value ^ byte, 0x01000193)
  return (value >>> 0).toString(16).padStart(8, '0')
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
