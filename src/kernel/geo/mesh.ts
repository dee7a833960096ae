// A Delaunay mesh that keeps within a stated height error of a lattice: greedy insertion (Garland & Heckbert 1995, "Fast Polygonal
// Approximation of Terrains and Height Fields"), the worst point of every triangle at a time. Breaklines become edges by halving them
// until each piece is an edge of the triangulation (conforming Delaunay).
import Delaunator from 'delaunator'
import { AppError } from '../../base/errors.ts'
import type { Lattice, MeshVertices, Scan } from './mesh-scan.ts'
import { scanTriangle } from './mesh-scan.ts'
import type { Tin } from './tin.ts'

/** Points that the mesh must have: places in the plane and in the lattice, with heights. */
export interface MeshPoint {
  x: number
  y: number
  z: number
  column: number
  row: number
}

export interface MeshOptions {
  /** Largest vertical distance between the mesh and any asked point of the lattice, metres; positive. */
  maxErrorMeters: number
  /** Vertices the mesh has whatever the error, such as those along the region's edge. */
  points: MeshPoint[]
  /** Lines that no triangle crosses; heights run straight between their points. */
  breaklines: MeshPoint[][]
  maxVertices: number
  /** Whether a triangle with this centre belongs to the mesh. */
  inside: (x: number, y: number) => boolean
  report?: (fraction: number) => void
}

export interface Mesh extends Tin {
  /** Largest error that is left, metres: at most what was asked for. */
  errorMeters: number
}

/** Rounds in which breakline pieces are cut up; millimetres are reached long before. */
const MAX_ROUNDS = 200

/**
 * The mesh. Triangles over voids and outside the region are left out; around a void every neighbouring point is a vertex, so that no
 * triangle reaches over it. Triangles run counter-clockwise. MESH_TOO_LARGE when more than `maxVertices` would be needed.
 */
export function meshLattice(lattice: Lattice, options: MeshOptions): Mesh {
  const { maxErrorMeters, maxVertices, report } = options
  if (!(maxErrorMeters > 0 && Number.isFinite(maxErrorMeters))) {
    throw new AppError('PARAMS_INVALID', 'The largest error of a mesh must be above 0 m.', {
      data: { field: 'max_error' },
    })
  }
  const vertices: MeshVertices = { x: [], y: [], z: [], columns: [], rows: [] }
  const byPlace = new Map<string, number>()
  const add = (point: MeshPoint): number => {
    const key = `${point.x},${point.y}`
    const known = byPlace.get(key)
    if (known !== undefined) return known
    if (vertices.x.length >= maxVertices) throw tooFine(maxErrorMeters, maxVertices)
    byPlace.set(key, vertices.x.length)
    vertices.x.push(point.x)
    vertices.y.push(point.y)
    vertices.z.push(point.z)
    vertices.columns.push(point.column)
    vertices.rows.push(point.row)
    return vertices.x.length - 1
  }
  // Breaklines first: a place they share with others has their height.
  let pieces = options.breaklines.flatMap((line) => {
    const numbers = line.map(add)
    return numbers.slice(1).map((to, i): [number, number] => [numbers[i]!, to])
  })
  pieces = pieces.filter(([from, to]) => from !== to)
  for (const point of options.points) add(point)
  for (const i of mustHave(lattice)) add(latticePoint(lattice, i))
  const scan: Scan = { worst: -1, error: 0, hasVoid: false }
  for (let round = 0; ; round++) {
    const triangles = triangulate(vertices)
    const split = round < MAX_ROUNDS ? halveMissing(pieces, triangles, vertices, add) : null
    const kept: number[] = []
    const wanted = new Set<number>()
    let errorMeters = 0
    for (let t = 0; t < triangles.length; t += 3) {
      const a = triangles[t]!
      const b = triangles[t + 1]!
      const c = triangles[t + 2]!
      scanTriangle(lattice, vertices, a, b, c, scan)
      if (scan.hasVoid) continue
      const x = (vertices.x[a]! + vertices.x[b]! + vertices.x[c]!) / 3
      const y = (vertices.y[a]! + vertices.y[b]! + vertices.y[c]!) / 3
      if (!options.inside(x, y)) continue
      kept.push(a, b, c)
      if (scan.error > errorMeters) errorMeters = scan.error
      if (scan.error > maxErrorMeters) wanted.add(scan.worst)
    }
    const before = vertices.x.length
    for (const i of wanted) add(latticePoint(lattice, i))
    if (split?.changed) pieces = split.pieces
    else if (wanted.size === 0 || vertices.x.length === before) {
      return { ...packed(vertices, kept), errorMeters }
    }
    report?.(Math.min(0.99, maxErrorMeters / Math.max(errorMeters, maxErrorMeters)))
  }
}

function latticePoint({ xy, z, width }: Lattice, i: number): MeshPoint {
  return {
    x: xy[2 * i]!,
    y: xy[2 * i + 1]!,
    z: z[i]!,
    column: i % width,
    row: Math.floor(i / width),
  }
}

/** Asked points beside a void, and the outermost ones of the lattice's corners. */
function mustHave({ width, height, z, asked }: Lattice): number[] {
  const found: number[] = []
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      const i = r * width + c
      if (asked[i] === 0 || Number.isNaN(z[i]!)) continue
      const corner = (r === 0 || r === height - 1) && (c === 0 || c === width - 1)
      if (corner || besideVoid(c, r)) found.push(i)
    }
  }
  return found
  function besideVoid(column: number, row: number): boolean {
    for (let r = Math.max(0, row - 1); r <= Math.min(height - 1, row + 1); r++) {
      for (let c = Math.max(0, column - 1); c <= Math.min(width - 1, column + 1); c++) {
        if (Number.isNaN(z[r * width + c]!)) return true
      }
    }
    return false
  }
}

/** Vertex numbers, counter-clockwise. Places are taken relative to the first, where doubles are densest. */
function triangulate({ x, y }: MeshVertices): Uint32Array {
  const coords = new Float64Array(2 * x.length)
  for (let i = 0; i < x.length; i++) {
    coords[2 * i] = x[i]! - x[0]!
    coords[2 * i + 1] = y[i]! - y[0]!
  }
  const { triangles } = new Delaunator(coords)
  // Delaunator's are clockwise where y points north.
  for (let t = 0; t < triangles.length; t += 3) {
    const second = triangles[t + 1]!
    triangles[t + 1] = triangles[t + 2]!
    triangles[t + 2] = second
  }
  return triangles
}

/** Vertices this near to a breakline lie on it, and pieces as short are not cut up further. */
const NEAR_METERS = 0.001

/** Breakline pieces that are no edge yet are cut at a vertex that lies on them, else in their middle. */
function halveMissing(
  pieces: [number, number][],
  triangles: Uint32Array,
  vertices: MeshVertices,
  add: (point: MeshPoint) => number,
): { pieces: [number, number][]; changed: boolean } {
  if (pieces.length === 0) return { pieces, changed: false }
  const { x, y, z, columns, rows } = vertices
  const size = x.length
  const edges = new Set<number>()
  for (let i = 0; i < triangles.length; i++) {
    const a = triangles[i]!
    const b = triangles[i % 3 === 2 ? i - 2 : i + 1]!
    edges.add(Math.min(a, b) * size + Math.max(a, b))
  }
  const isMissing = ([a, b]: [number, number]): boolean =>
    !edges.has(Math.min(a, b) * size + Math.max(a, b)) &&
    Math.hypot(x[b]! - x[a]!, y[b]! - y[a]!) > NEAR_METERS
  const missing = pieces.filter(isMissing)
  if (missing.length === 0) return { pieces, changed: false }
  const onPiece = verticesOn(missing, triangles, vertices)
  const next = pieces.flatMap((piece): [number, number][] => {
    if (!isMissing(piece)) return [piece]
    const [a, b] = piece
    let cut = onPiece.get(piece)
    if (cut === undefined) {
      cut = add({
        x: (x[a]! + x[b]!) / 2,
        y: (y[a]! + y[b]!) / 2,
        z: (z[a]! + z[b]!) / 2,
        column: (columns[a]! + columns[b]!) / 2,
        row: (rows[a]! + rows[b]!) / 2,
      })
    } else {
      // The line's height holds where it runs.
      z[cut] = z[a]! + positionOn(vertices, a, b, cut) * (z[b]! - z[a]!)
    }
    return [
      [a, cut],
      [cut, b],
    ]
  })
  return { pieces: next, changed: true }
}

/** For missing pieces that run through a vertex: that vertex, the neighbour of their start that is nearest to it. */
function verticesOn(
  missing: [number, number][],
  triangles: Uint32Array,
  vertices: MeshVertices,
): Map<[number, number], number> {
  const byStart = new Map<number, [number, number][]>()
  for (const piece of missing) {
    const list = byStart.get(piece[0])
    if (list === undefined) byStart.set(piece[0], [piece])
    else list.push(piece)
  }
  const { x, y } = vertices
  const found = new Map<[number, number], number>()
  const look = (from: number, to: number): void => {
    for (const piece of byStart.get(from) ?? []) {
      const [a, b] = piece
      const t = positionOn(vertices, a, b, to)
      if (!(t > 0 && t < 1)) continue
      const away = Math.hypot(
        x[a]! + t * (x[b]! - x[a]!) - x[to]!,
        y[a]! + t * (y[b]! - y[a]!) - y[to]!,
      )
      const before = found.get(piece)
      if (away > NEAR_METERS) continue
      if (before === undefined || t < positionOn(vertices, a, b, before)) found.set(piece, to)
    }
  }
  for (let i = 0; i < triangles.length; i++) {
    const a = triangles[i]!
    const b = triangles[i % 3 === 2 ? i - 2 : i + 1]!
    look(a, b)
    look(b, a)
  }
  return found
}

/** Where a vertex lies along the way from one to another: 0 at the first, 1 at the second. */
function positionOn({ x, y }: MeshVertices, from: number, to: number, vertex: number): number {
  const dx = x[to]! - x[from]!
  const dy = y[to]! - y[from]!
  return ((x[vertex]! - x[from]!) * dx + (y[vertex]! - y[from]!) * dy) / (dx * dx + dy * dy)
}

/** Only the vertices that a triangle uses, in their order. */
function packed({ x, y, z }: MeshVertices, triangles: number[]): Tin {
  const number = new Int32Array(x.length).fill(-1)
  for (const v of triangles) number[v] = 0
  let count = 0
  for (let v = 0; v < x.length; v++) if (number[v] === 0) number[v] = count++
  const vertices = new Float64Array(3 * count)
  for (let v = 0; v < x.length; v++) {
    if (number[v]! >= 0) vertices.set([x[v]!, y[v]!, z[v]!], 3 * number[v]!)
  }
  return { vertices, triangles: Uint32Array.from(triangles, (v) => number[v]!) }
}

function tooFine(maxErrorMeters: number, maxVertices: number): AppError {
  return new AppError(
    'MESH_TOO_LARGE',
    `A mesh within ${maxErrorMeters} m needs more than ${maxVertices} points here; ask for a larger error or a smaller area.`,
    { data: { maxErrorMeters, maxVertices } },
  )
}
