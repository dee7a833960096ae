// Builds a small NTv2 grid file (.gsb) for tests: one or more sub-grids whose shifts are given by a function.

export interface SubGrid {
  west: number
  south: number
  east: number
  north: number
  /** Degrees between nodes. */
  step: number
  /** Shift in seconds of arc at a node, positive north and positive EAST (the file stores west). */
  shift: (lon: number, lat: number) => { lon: number; lat: number }
}

/** The bytes of an NTv2 file, little-endian unless told otherwise; every sub-grid after the first is a child of the first. */
export function ntv2File(subGrids: SubGrid[], little = true): Uint8Array {
  const chunks: Uint8Array[] = []
  const record = (name: string, write: (view: DataView) => void) => {
    const bytes = new Uint8Array(16)
    bytes.set(new TextEncoder().encode(name.padEnd(8)))
    write(new DataView(bytes.buffer))
    chunks.push(bytes)
  }
  const text = (value: string) => (view: DataView) => {
    for (let i = 0; i < 8; i++) view.setUint8(8 + i, value.padEnd(8).charCodeAt(i))
  }
  const integer = (value: number) => (view: DataView) => view.setInt32(8, value, little)
  const real = (value: number) => (view: DataView) => view.setFloat64(8, value, little)
  record('NUM_OREC', integer(11))
  record('NUM_SREC', integer(11))
  record('NUM_FILE', integer(subGrids.length))
  record('GS_TYPE', text('SECONDS'))
  record('VERSION', text('TEST'))
  record('SYSTEM_F', text('SAD69'))
  record('SYSTEM_T', text('SIRGAS'))
  record('MAJOR_F', real(6378160))
  record('MINOR_F', real(6356774.719))
  record('MAJOR_T', real(6378137))
  record('MINOR_T', real(6356752.314))
  subGrids.forEach((grid, index) => {
    const columns = Math.round((grid.east - grid.west) / grid.step) + 1
    const rows = Math.round((grid.north - grid.south) / grid.step) + 1
    record('SUB_NAME', text(`G${index}`))
    record('PARENT', text(index === 0 ? 'NONE' : 'G0'))
    record('CREATED', text('20260101'))
    record('UPDATED', text('20260101'))
    record('S_LAT', real(grid.south * 3600))
    record('N_LAT', real(grid.north * 3600))
    record('E_LONG', real(-grid.east * 3600))
    record('W_LONG', real(-grid.west * 3600))
    record('LAT_INC', real(grid.step * 3600))
    record('LONG_INC', real(grid.step * 3600))
    record('GS_COUNT', integer(columns * rows))
    // Rows from south to north, and within a row from EAST to west.
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const shift = grid.shift(grid.east - column * grid.step, grid.south + row * grid.step)
        const node = new Uint8Array(16)
        const view = new DataView(node.buffer)
        view.setFloat32(0, shift.lat, little)
        view.setFloat32(4, -shift.lon, little)
        chunks.push(node)
      }
    }
  })
  record('END', real(0))
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}
