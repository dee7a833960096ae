// Heights on contours: on the line, along it, upright, off the bends, as many as the line is long.
import { describe, expect, it } from 'vitest'
import { placeLabels } from '../../../src/kernel/geo/contour-label.ts'

const OPTIONS = { minLengthMeters: 60, spacingMeters: 1_000, windowMeters: 12, calmMeters: 60 }

function labelsOf(line: [number, number][], options = OPTIONS) {
  const paths = {
    coords: Float64Array.from(line.flat()),
    offsets: Uint32Array.of(0, line.length),
  }
  return placeLabels(paths, () => true, options)
}

/** Points every five metres along corners. */
function walk(corners: [number, number][]): [number, number][] {
  const line: [number, number][] = []
  for (let k = 1; k < corners.length; k++) {
    const [ax, ay] = corners[k - 1]!
    const [bx, by] = corners[k]!
    const steps = Math.round(Math.hypot(bx - ax, by - ay) / 5)
    for (let i = k === 1 ? 0 : 1; i <= steps; i++) {
      line.push([ax + ((bx - ax) * i) / steps, ay + ((by - ay) * i) / steps])
    }
  }
  return line
}

describe('labels of contours', () => {
  it('stand on the straight part, off the bends', () => {
    const zigzag = [0, 20, 40, 60, 80].map((x, i): [number, number] => [x, (i % 2) * 20])
    const [label] = labelsOf(walk([...zigzag, [200, 0]]))
    expect(label!.y).toBeLessThan(20)
    expect(label!.x).toBeGreaterThanOrEqual(80 + 30)
    expect(label!.x).toBeLessThan(200 - 30 + 5)
    // Looked at through the text's width only, a short flank is as good as the long one.
    const [near] = labelsOf(walk([...zigzag, [200, 0]]), { ...OPTIONS, calmMeters: 12 })
    expect(near!.x).toBeLessThan(80)
  })

  it.each([
    [0, 0],
    [80, 80],
    [100, -80],
    [180, 0],
    [260, 80],
    [280, -80],
  ])('a line towards %i° is read at %i°', (degrees, read) => {
    const angle = (degrees * Math.PI) / 180
    const [label] = labelsOf(
      walk([
        [0, 0],
        [200 * Math.cos(angle), 200 * Math.sin(angle)],
      ]),
    )
    expect((label!.rotation * 180) / Math.PI).toBeCloseTo(read, 6)
    expect(Math.hypot(label!.x, label!.y)).toBeLessThan(200)
  })

  it('come once for a short line, once a kilometre for a long one, never for a tiny one', () => {
    expect(
      labelsOf(
        walk([
          [0, 0],
          [55, 0],
        ]),
      ),
    ).toHaveLength(0)
    expect(
      labelsOf(
        walk([
          [0, 0],
          [65, 0],
        ]),
      ),
    ).toHaveLength(1)
    const many = labelsOf(
      walk([
        [0, 0],
        [4_000, 0],
      ]),
    )
    expect(many.map(({ x }) => Math.floor(x / 1_000))).toEqual([0, 1, 2, 3])
  })

  it('find room by the text’s width where nothing calmer is long enough', () => {
    const ring = walk([
      [0, 0],
      [20, 0],
      [20, 20],
      [0, 20],
      [0, 0],
    ])
    const [label] = labelsOf(ring, { ...OPTIONS, calmMeters: 500 })
    expect(label).toBeDefined()
    const side = [label!.x, label!.y].some((value) => value === 0 || value === 20)
    expect(side).toBe(true)
  })
})
