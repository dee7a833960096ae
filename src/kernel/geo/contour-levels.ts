// Heights of isolines: exact decimal multiples of the interval, and the band a height falls in.

/** The multiples of an interval. */
export interface Ladder {
  intervalMeters: number
  /** Height of level `k`: k × interval as the nearest double to the decimal, so 3 × 0.1 is 0.3. Never -0. */
  level(k: number): number
  /** interval = numerator / denominator, both integers; what `level` divides. */
  numerator: number
  denominator: number
}

/** Ladder of an interval; decimals up to the sixth are exact, others are taken as they are. The interval must be positive and finite. */
export function createLadder(intervalMeters: number): Ladder {
  let denominator = 1
  while (denominator < 1e6 && !isNearInteger(intervalMeters * denominator)) denominator *= 10
  const decimal = isNearInteger(intervalMeters * denominator)
  const numerator = decimal ? Math.round(intervalMeters * denominator) : intervalMeters
  if (!decimal) denominator = 1
  return {
    intervalMeters,
    numerator,
    denominator,
    level: (k) => (k * numerator) / denominator + 0,
  }
}

function isNearInteger(value: number): boolean {
  return value >= 0.5 && Math.abs(value - Math.round(value)) < 1e-9 * Math.max(1, value)
}

/** The band of a void. */
export const NO_BAND = -0x80_00_00_00

/** Levels are numbered up to here: nobody draws a hundred thousand, and bands stay 32-bit numbers. */
export const MAX_LEVEL_NUMBER = 200_000

/** What `bandsOfRow` found besides the bands. */
export interface RowCount {
  /** Crossings of levels on the edges between the row's points, and on those to the points of the row above. */
  across: number
  down: number
  /** Whether a level beyond MAX_LEVEL_NUMBER would be crossed. */
  beyond: boolean
}

/**
 * Bands of one row of heights: `k` where level k <= height < level k + 1, NO_BAND for NaN. A height that stands on a level belongs to
 * the band above it, whatever rounding the division did. `above` holds the bands of the row above, or is `bands` itself where there is
 * none; `count` is filled.
 */
export function bandsOfRow(
  cells: Float32Array | Float64Array,
  from: number,
  width: number,
  ladder: Ladder,
  above: Int32Array,
  bands: Int32Array,
  count: RowCount,
): void {
  const perInterval = ladder.denominator / ladder.numerator
  let across = 0
  let down = 0
  let beyond = false
  let left = NO_BAND
  for (let c = 0; c < width; c++) {
    const z = cells[from + c]!
    let band = NO_BAND
    if (z - z === 0) {
      const quotient = z * perInterval
      const floor = Math.floor(quotient)
      if (floor > MAX_LEVEL_NUMBER || floor < -MAX_LEVEL_NUMBER) beyond = true
      // Only next to a level can the rounding of the quotient matter. The first column goes this way so that it is known when the
      // loop is compiled: a way met later would throw the compiled code away.
      const rest = quotient - floor
      const near = rest < 1e-6 || rest > 0.999_999 || c === 0
      band = near ? exactBand(z, floor | 0, ladder) : floor | 0
      bands[c] = band
      if (left !== NO_BAND) across += Math.abs(band - left)
      const north = above[c]!
      if (north !== NO_BAND) down += Math.abs(band - north)
    } else bands[c] = NO_BAND
    left = band
  }
  count.across = across
  count.down = down
  count.beyond = beyond
}

/** The band of a height for which rounding found `band` or a neighbour of the right one. */
function exactBand(z: number, band: number, { numerator, denominator }: Ladder): number {
  if ((band * numerator) / denominator > z) return band - 1
  return ((band + 1) * numerator) / denominator <= z ? band + 1 : band
}
