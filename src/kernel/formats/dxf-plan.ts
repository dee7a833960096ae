// What a DXF file will hold, settled before the first byte: names, which features can be drawn, the extent.
import { symbolOf } from '../cad/blocks.ts'
import type { Drawing } from '../cad/drawing.ts'
import type { Tin } from '../geo/tin.ts'
import { TIN_LAYER } from './dxf-faces.ts'
import { type Linetype, linetypeOf } from './dxf-linetypes.ts'
import { foldCase, NameTable } from './dxf-names.ts'
import { CREDITS_LAYER, FIRST_FREE_HANDLE } from './dxf-tags.ts'

export interface PlannedLayer {
  name: string
  aci: number
  lineweight: number
  linetype: string
}

export interface PlannedBlock {
  /** Valid name in this file. */
  name: string
  /** Name the drawing used, which the symbol is looked up by. */
  symbol: string
  recordHandle: number
}

export interface DxfPlan {
  /** Layer `0`, the credits' layer, then the drawing's layers. */
  layers: PlannedLayer[]
  /** Name of the drawing's layer `i` in this file. */
  layerNames: string[]
  /** Layer of the terrain mesh; null when there is none. */
  tinLayer: string | null
  linetypes: Linetype[]
  blocks: PlannedBlock[]
  /** The drawing's block name to the planned block. */
  blockOf: Map<string, PlannedBlock>
  /** 1 where feature `i` can be drawn. */
  drawable: Uint8Array
  drawn: number
  /** Features left out, by reason. */
  skipped: { notFinite: number; tooShort: number }
  /** West, south, east, north of what is drawn; null when nothing is. */
  extent: [number, number, number, number] | null
  minElevation: number
  maxElevation: number
  /** The first handle the writer may give out. */
  firstHandle: number
  /** Greater than every handle of the file. */
  handleSeed: number
}

/** Line weights that DXF knows, in hundredths of a millimetre. */
const LINEWEIGHTS = [
  -3, -2, -1, 0, 5, 9, 13, 15, 18, 20, 25, 30, 35, 40, 50, 53, 60, 70, 80, 90, 100, 106, 120, 140,
  158, 200, 211,
]

/** AutoCAD loses precision long before this; a coordinate beyond it is a mistake. */
export const GREATEST_METERS = 1e15

export function planDxf(drawing: Drawing, tin: Tin | null): DxfPlan {
  const names = new NameTable(['0'])
  const layers: PlannedLayer[] = [{ name: '0', aci: 7, lineweight: -3, linetype: 'Continuous' }]
  const linetypes = new Map<string, Linetype>([['continuous', linetypeOf('Continuous')]])
  const linetypeNames = new NameTable(['ByLayer', 'ByBlock', 'Continuous'])
  let creditsThere = false
  const layerNames = drawing.layers.map((layer) => {
    // The drawing may well bring the layers that are always there.
    if (layer.name === '0') return '0'
    const name = names.add(layer.name)
    if (foldCase(name) === foldCase(CREDITS_LAYER)) creditsThere = true
    const key = foldCase(layer.linetype)
    if (!linetypes.has(key) && key !== 'bylayer' && key !== 'byblock') {
      linetypes.set(key, { ...linetypeOf(layer.linetype), name: linetypeNames.add(layer.linetype) })
    }
    layers.push({
      name,
      aci: layer.aci >= 1 && layer.aci <= 255 ? Math.round(layer.aci) : 7,
      lineweight: nearestLineweight(layer.lineweight),
      linetype: linetypes.get(key)?.name ?? 'Continuous',
    })
    return name
  })
  if (!creditsThere) {
    const credits = names.add(CREDITS_LAYER)
    layers.push({ name: credits, aci: 7, lineweight: -3, linetype: 'Continuous' })
  }
  const tinLayer = tin === null ? null : names.add(TIN_LAYER)
  if (tinLayer !== null) {
    layers.push({ name: tinLayer, aci: 34, lineweight: 9, linetype: 'Continuous' })
  }

  const { features, paths } = drawing
  const drawable = new Uint8Array(features.length)
  const skipped = { notFinite: 0, tooShort: 0 }
  const blockNames = new NameTable(['*Model_Space', '*Paper_Space'])
  const blockOf = new Map<string, PlannedBlock>()
  const blocks: PlannedBlock[] = []
  let nextHandle = FIRST_FREE_HANDLE
  let west = Number.POSITIVE_INFINITY
  let south = Number.POSITIVE_INFINITY
  let east = Number.NEGATIVE_INFINITY
  let north = Number.NEGATIVE_INFINITY
  let minElevation = Number.POSITIVE_INFINITY
  let maxElevation = Number.NEGATIVE_INFINITY
  let drawn = 0
  for (let i = 0; i < features.length; i++) {
    const feature = features[i]!
    const first = paths.offsets[feature.path]!
    const end = paths.offsets[feature.path + 1]!
    const least = feature.kind === 'line' ? 2 : feature.kind === 'ring' ? 3 : 1
    if (!(end - first >= least)) {
      skipped.tooShort++
      continue
    }
    if (!allFinite(paths.coords, first, end)) {
      skipped.notFinite++
      continue
    }
    // The extent seldom grows, so these branches cost next to nothing.
    for (let v = 2 * first; v < 2 * end; v += 2) {
      const x = paths.coords[v]!
      const y = paths.coords[v + 1]!
      if (x < west) west = x
      if (x > east) east = x
      if (y < south) south = y
      if (y > north) north = y
    }
    const { packed } = feature
    const elevation =
      packed === undefined
        ? feature.elevation
        : packed.figures === null
          ? null
          : packed.figures.mean[packed.place]!
    if (elevation !== null && Math.abs(elevation) < GREATEST_METERS) {
      if (elevation < minElevation) minElevation = elevation
      if (elevation > maxElevation) maxElevation = elevation
    }
    if (feature.kind === 'point' && feature.block !== null && !blockOf.has(feature.block)) {
      const block = {
        name: blockNames.add(feature.block),
        symbol: feature.block,
        recordHandle: nextHandle++,
      }
      blocks.push(block)
      blockOf.set(feature.block, block)
    }
    drawable[i] = 1
    drawn++
  }
  return {
    layers,
    layerNames,
    tinLayer,
    linetypes: [...linetypes.values()],
    blocks,
    blockOf,
    drawable,
    drawn,
    skipped,
    extent: drawn > 0 ? [west, south, east, north] : null,
    minElevation: minElevation === Number.POSITIVE_INFINITY ? 0 : minElevation,
    maxElevation: maxElevation === Number.NEGATIVE_INFINITY ? 0 : maxElevation,
    firstHandle: nextHandle,
    // Each of these takes one handle; 64 is more than the records that are always there.
    handleSeed:
      nextHandle +
      layers.length +
      linetypes.size +
      blockHandleCount(blocks) +
      features.length +
      (tin === null ? 0 : tin.triangles.length / 3) +
      64,
  }
}

/** Whether vertices `first … end - 1` can be drawn; false for NaN and infinities. */
function allFinite(coords: Float64Array, first: number, end: number): boolean {
  for (let i = 2 * first; i < 2 * end; i++) {
    if (!(Math.abs(coords[i]!) < GREATEST_METERS)) return false
  }
  return true
}

/** Handles that the definitions of these blocks take: begin, end and each stroke. */
function blockHandleCount(blocks: readonly PlannedBlock[]): number {
  return blocks.reduce((sum, block) => sum + 2 + symbolOf(block.symbol).strokes.length, 0)
}

function nearestLineweight(wanted: number): number {
  if (LINEWEIGHTS.includes(wanted)) return wanted
  if (!(wanted > 0)) return -3
  let best = 0
  for (const weight of LINEWEIGHTS) {
    if (weight >= 0 && Math.abs(weight - wanted) < Math.abs(best - wanted)) best = weight
  }
  return best
}
