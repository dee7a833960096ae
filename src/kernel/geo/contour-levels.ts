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

/**
 * Bands of one row of heights: `k` where level k <= height < level k + 1, NO_BAND for NaN. A height that stands on a level belongs to
 * the band above it, whatever rounding the division did.
 */
export function bandsOfRow(
  cells: Float32Array | Float64Array,
  from: number,
  width: number,
  ladder: Ladder,
  bands: Int32Array,
): void {
  const { numerator, denominator } = ladder
  const perInterval = denominator / numerator
  for (let c = 0; c < width; c++) {
    const z = cells[from + c]!
    const quotient = z * perInterval
    let k = Math.floor(quotient)
    // Only next to a level can the rounding of the quotient matter.
    const above = quotient - k
    if (above < 1e-6) {
      if ((k * numerator) / denominator > z) k--
    } else if (above > 0.999_999) {
      if (((k + 1) * numerator) / denominator <= z) k++
    }
    bands[c] = z - z === 0 ? k : NO_BAND
  }
}
