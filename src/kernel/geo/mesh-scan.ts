// How far a mesh is from the lattice it stands for: every triangle is walked over the lattice points under it.

/** Heights and places of a lattice's points. */
export interface Lattice {
  width: number
  height: number
  /** Metres of the drawing's plane, interleaved, one pair per point. */
  xy: Float64Array
  /** Metres; NaN where there is none. */
  z: Float64Array
  /** 1 where the mesh has to fit. */
  asked: Uint8Array
}

/** Vertices under construction. Each has a place in the plane, a height and a place in the lattice (fractional for points between). */
export interface MeshVertices {
  x: number[]
  y: number[]
  z: number[]
  columns: number[]
  rows: number[]
}

/** What `scanTriangle` found. */
export interface Scan {
  /** Lattice point with the largest error, -1 for none. */
  worst: number
  /** Metres; 0 when no asked point with a height lies in the triangle. */
  error: number
  /** Whether an asked point without a height lies in it. */
  hasVoid: boolean
}

/** Share of a cell by which a point may lie outside a triangle and still be looked at, so that none falls between two. */
const SLACK = 1e-9

/**
 * Walks the lattice points inside triangle a, b, c or on its edges. Membership is decided in the lattice, the error in the plane, where
 * the triangle is flat. `scan` is filled and used again.
 */
export function scanTriangle(
  lattice: Lattice,
  vertices: MeshVertices,
  a: number,
  b: number,
  c: number,
  scan: Scan,
): void {
  const { width, height, xy, z, asked } = lattice
  const { columns, rows } = vertices
  scan.worst = -1
  scan.error = 0
  scan.hasVoid = false
  const ax = vertices.x[a]!
  const ay = vertices.y[a]!
  const az = vertices.z[a]!
  const ux = vertices.x[b]! - ax
  const uy = vertices.y[b]! - ay
  const vx = vertices.x[c]! - ax
  const vy = vertices.y[c]! - ay
  const area = ux * vy - uy * vx
  if (area === 0) return
  const uz = vertices.z[b]! - az
  const vz = vertices.z[c]! - az
  const slopeX = (uz * vy - vz * uy) / area
  const slopeY = (vz * ux - uz * vx) / area
  const ca = columns[a]!
  const cb = columns[b]!
  const cc = columns[c]!
  const ra = rows[a]!
  const rb = rows[b]!
  const rc = rows[c]!
  const first = Math.max(0, Math.ceil(Math.min(ra, rb, rc) - SLACK))
  const last = Math.min(height - 1, Math.floor(Math.max(ra, rb, rc) + SLACK))
  for (let r = first; r <= last; r++) {
    let west = Number.POSITIVE_INFINITY
    let east = Number.NEGATIVE_INFINITY
    for (let edge = 0; edge < 3; edge++) {
      const c0 = edge === 0 ? ca : edge === 1 ? cb : cc
      const r0 = edge === 0 ? ra : edge === 1 ? rb : rc
      const c1 = edge === 0 ? cb : edge === 1 ? cc : ca
      const r1 = edge === 0 ? rb : edge === 1 ? rc : ra
      if (Math.min(r0, r1) > r + SLACK || Math.max(r0, r1) < r - SLACK) continue
      if (Math.abs(r1 - r0) <= SLACK) {
        west = Math.min(west, c0, c1)
        east = Math.max(east, c0, c1)
        continue
      }
      const t = Math.min(1, Math.max(0, (r - r0) / (r1 - r0)))
      const at = c0 + (c1 - c0) * t
      west = Math.min(west, at)
      east = Math.max(east, at)
    }
    const end = Math.min(width - 1, Math.floor(east + SLACK))
    for (let k = Math.max(0, Math.ceil(west - SLACK)); k <= end; k++) {
      const i = r * width + k
      if (asked[i] === 0) continue
      const there = z[i]!
      if (Number.isNaN(there)) {
        scan.hasVoid = true
        continue
      }
      const flat = az + (xy[2 * i]! - ax) * slopeX + (xy[2 * i + 1]! - ay) * slopeY
      const error = Math.abs(flat - there)
      if (error > scan.error) {
        scan.error = error
        scan.worst = i
      }
    }
  }
}
