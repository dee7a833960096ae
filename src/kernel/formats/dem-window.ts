// Cuts a window out of an opened elevation file: which cells, which blocks, which bytes; nothing is decoded here.
import type { Bbox } from '../geo/bbox.ts'
import type { DemFile, DemImage, DemReader, DemWindow } from './dem-file.ts'
import { demUnreadable } from './dem-file.ts'

/** Cells around the box that are read along, so that a bicubic sample at its edge has its neighbours. */
const MARGIN = 2
const MAX_WINDOW_CELLS = 1 << 27
const MAX_WINDOW_BYTES = 1 << 29
const MAX_WINDOW_BLOCKS = 1 << 20
/** Reads closer together than this are made one. */
const GAP_BYTES = 1 << 15
const RUN_BYTES = 1 << 23

/** What will be read: an image of the file, and the cells of it (north-up columns and rows, end exclusive). */
export interface DemPlan {
  image: DemImage
  firstColumn: number
  firstRow: number
  endColumn: number
  endRow: number
}

/**
 * The window that covers `bbox` (units of the file's CRS), two cells wider on each side where the file goes on; null when they do
 * not meet. `cellSize` asks for the coarsest image that is still at least that fine; 0 takes the full image.
 */
export function planWindow(file: DemFile, bbox: Bbox, cellSize = 0): DemPlan | null {
  let image = file.images[0]!
  for (const candidate of file.images) if (candidate.cellSizeX <= cellSize) image = candidate
  const column = (x: number) => (x - image.originX) / image.cellSizeX
  const row = (y: number) => (image.originY - y) / image.cellSizeY
  const plan: DemPlan = {
    image,
    firstColumn: Math.max(0, Math.floor(column(bbox.west)) - MARGIN),
    firstRow: Math.max(0, Math.floor(row(bbox.north)) - MARGIN),
    endColumn: Math.min(image.width, Math.ceil(column(bbox.east)) + MARGIN + 1),
    endRow: Math.min(image.height, Math.ceil(row(bbox.south)) + MARGIN + 1),
  }
  const outside =
    column(bbox.west) > image.width - 0.5 ||
    column(bbox.east) < -0.5 ||
    row(bbox.north) > image.height - 0.5 ||
    row(bbox.south) < -0.5
  const empty = !(plan.firstColumn < plan.endColumn && plan.firstRow < plan.endRow)
  return outside || empty ? null : plan
}

/** Reads the blocks of a plan: only their bytes, neighbouring ones in one go. DEM_UNREADABLE when they are not all in the file. */
export async function readWindow(
  reader: DemReader,
  file: DemFile,
  plan: DemPlan,
): Promise<DemWindow> {
  const { image } = plan
  const { encoding, table } = image
  const width = plan.endColumn - plan.firstColumn
  const height = plan.endRow - plan.firstRow
  if (width * height > MAX_WINDOW_CELLS) {
    throw demUnreadable(
      file.name,
      `a window of ${width} × ${height} cells is more than is read at once`,
      'Ask for a smaller area or a coarser cell size.',
    )
  }
  // File order of the rows: counted from the south when the file is stored bottom-up.
  const topRow = file.bottomUp ? image.height - plan.endRow : plan.firstRow
  const endRow = topRow + height
  const { blockWidth, blockHeight } = encoding
  const firstAcross = Math.floor(plan.firstColumn / blockWidth)
  const lastAcross = Math.floor((plan.endColumn - 1) / blockWidth)
  const firstDown = Math.floor(topRow / blockHeight)
  const lastDown = Math.floor((endRow - 1) / blockHeight)
  const count = (lastAcross - firstAcross + 1) * (lastDown - firstDown + 1)
  if (count > MAX_WINDOW_BLOCKS) throw demUnreadable(file.name, `the window has ${count} blocks`)
  const base = table.first + firstDown * table.across
  const entries = (lastDown - firstDown + 1) * table.across
  const offsets = await readTable(reader, table.offsetsAt, table.offsetSize, base, entries, file)
  const counts = await readTable(reader, table.countsAt, table.countSize, base, entries, file)
  const at = new Float64Array(count)
  const window = {
    starts: new Uint32Array(count),
    lengths: new Uint32Array(count),
    columns: new Int32Array(count),
    rows: new Int32Array(count),
    rowCounts: new Uint32Array(count),
  }
  // Plain rows that span the image can be read one by one; everything else only as whole blocks.
  const rowBytes = blockWidth * encoding.samplesPerPixel * (encoding.bitsPerSample / 8)
  const plainRows = encoding.compression === 1
  let total = 0
  let i = 0
  for (let down = firstDown; down <= lastDown; down++) {
    for (let across = firstAcross; across <= lastAcross; across++, i++) {
      const blockTop = down * blockHeight
      const entry = (down - firstDown) * table.across + across
      let offset = offsets === null ? 0 : offsets[entry]!
      let length = counts === null ? reader.size : counts[entry]!
      const sparse = offsets !== null && length === 0
      let skip = 0
      let rows = Math.min(blockHeight, image.height - blockTop)
      if (plainRows && !sparse) {
        skip = Math.max(0, topRow - blockTop)
        rows = Math.min(endRow, blockTop + rows) - blockTop - skip
        if ((skip + rows) * rowBytes > length) {
          throw demUnreadable(file.name, 'one of its blocks is cut short')
        }
        offset += skip * rowBytes
        length = rows * rowBytes
      }
      if (!sparse && !(offset >= 0 && offset + length <= reader.size)) {
        throw demUnreadable(file.name, 'it is cut short: a block lies beyond its end')
      }
      at[i] = offset
      window.starts[i] = total
      window.lengths[i] = sparse ? 0 : length
      window.columns[i] = across * blockWidth - plan.firstColumn
      window.rows[i] = blockTop + skip - topRow
      window.rowCounts[i] = rows
      total += sparse ? 0 : length
      if (total > MAX_WINDOW_BYTES) {
        throw demUnreadable(file.name, 'the window has more than 512 MB of compressed blocks')
      }
    }
  }
  const bytes = new Uint8Array(total)
  await readRuns(reader, at, window.starts, window.lengths, bytes)
  return {
    name: file.name,
    format: file.format,
    epsg: file.epsg,
    verticalDatum: file.verticalDatum,
    accuracyMeters: file.accuracyMeters,
    width,
    height,
    originX: image.originX + plan.firstColumn * image.cellSizeX,
    originY: image.originY - plan.firstRow * image.cellSizeY,
    cellSizeX: image.cellSizeX,
    cellSizeY: image.cellSizeY,
    bottomUp: file.bottomUp,
    encoding,
    nodata: file.nodata,
    scale: file.scale,
    offset: file.offset,
    bytes,
    ...window,
  }
}

/** A run of entries of a block table as numbers; null when the file has no table (hgt). */
async function readTable(
  reader: DemReader,
  tableAt: number,
  size: number,
  first: number,
  count: number,
  file: DemFile,
): Promise<Float64Array | null> {
  if (tableAt < 0) return null
  const bytes = new Uint8Array(count * size)
  await reader.read(tableAt + first * size, bytes)
  const view = new DataView(bytes.buffer)
  const numbers = new Float64Array(count)
  const { littleEndian } = file
  for (let i = 0; i < count; i++) {
    if (size === 2) numbers[i] = view.getUint16(i * 2, littleEndian)
    else if (size === 4) numbers[i] = view.getUint32(i * 4, littleEndian)
    else numbers[i] = Number(view.getBigUint64(i * 8, littleEndian))
  }
  return numbers
}

/** Fills `bytes` with the blocks; blocks that follow each other in the file share a read. */
async function readRuns(
  reader: DemReader,
  at: Float64Array,
  starts: Uint32Array,
  lengths: Uint32Array,
  bytes: Uint8Array,
): Promise<void> {
  const order = Uint32Array.from(at.keys()).filter((i) => lengths[i]! > 0)
  order.sort((a, b) => at[a]! - at[b]!)
  for (let from = 0; from < order.length; ) {
    const begin = at[order[from]!]!
    let end = begin + lengths[order[from]!]!
    let to = from + 1
    for (; to < order.length; to++) {
      const next = at[order[to]!]!
      const nextEnd = Math.max(end, next + lengths[order[to]!]!)
      if (next - end > GAP_BYTES || nextEnd - begin > RUN_BYTES) break
      end = nextEnd
    }
    if (to === from + 1) {
      const i = order[from]!
      await reader.read(begin, bytes.subarray(starts[i]!, starts[i]! + lengths[i]!))
    } else {
      const run = new Uint8Array(end - begin)
      await reader.read(begin, run)
      for (let k = from; k < to; k++) {
        const i = order[k]!
        const offset = at[i]! - begin
        bytes.set(run.subarray(offset, offset + lengths[i]!), starts[i]!)
      }
    }
    from = to
  }
}
