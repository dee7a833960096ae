// Numbers for vertices whose node nobody named: equal positions get equal ids, so that their lines still meet.

/** First id given; far below any id of OpenStreetMap and of editors (which count down from -1). */
const FIRST_ID = -(2 ** 52)

/** Position (degrees) → id, by exact equality. Open addressing; grows. */
export class PositionIds {
  private lons = new Float64Array(512)
  private lats = new Float64Array(512)
  private slots = new Int32Array(1024)
  private count = 0

  /** The id of a position; NaN for NaN. */
  idOf(lon: number, lat: number): number {
    if (Number.isNaN(lon) || Number.isNaN(lat)) return Number.NaN
    const mask = this.slots.length - 1
    let slot = hash(lon, lat) & mask
    for (;;) {
      const entry = this.slots[slot]!
      if (entry === 0) break
      if (this.lons[entry - 1] === lon && this.lats[entry - 1] === lat) return FIRST_ID - entry
      slot = (slot + 1) & mask
    }
    if (this.count === this.lons.length) {
      this.grow()
      return this.idOf(lon, lat)
    }
    this.lons[this.count] = lon
    this.lats[this.count] = lat
    this.count++
    this.slots[slot] = this.count
    return FIRST_ID - this.count
  }

  private grow(): void {
    const lons = new Float64Array(this.count * 2)
    const lats = new Float64Array(this.count * 2)
    lons.set(this.lons)
    lats.set(this.lats)
    this.lons = lons
    this.lats = lats
    this.slots = new Int32Array(this.count * 4)
    const mask = this.slots.length - 1
    for (let i = 0; i < this.count; i++) {
      let slot = hash(lons[i]!, lats[i]!) & mask
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask
      this.slots[slot] = i + 1
    }
  }
}

/** OSM keeps seven decimals; finer differences fall into the same slot and are told apart by comparison. */
function hash(lon: number, lat: number): number {
  const x = Math.round(lon * 1e7) | 0
  const y = Math.round(lat * 1e7) | 0
  const mixed = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
