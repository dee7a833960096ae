// A synthetic but plausible town from a seed: real formats, no real place.
import { fillCells } from './blocks.ts'
import { drawRailway, drawRiver } from './corridors.ts'
import { createOsmWriter } from './osm-writer.ts'
import { planTown } from './plan.ts'
import { createRandom } from './random.ts'
import { drawStreets } from './streets.ts'
import { makeTerrain } from './terrain.ts'

export interface TownOptions {
  seed: number
  latitude: number
  longitude: number
  /** How far the town reaches; 1080 m give about 6,000 ways, and the number grows with the square. */
  radiusMeters: number
}

export interface Town {
  /** Overpass JSON, `out meta geom`. */
  osm: Uint8Array
  /** West, south, east, north in degrees. */
  bbox: [number, number, number, number]
  /** Deflate GeoTIFF that covers the town with room to spare. */
  dem: Uint8Array
  counts: { nodes: number; ways: number; relations: number }
}

/** The place the contract's tests ask about. */
export const SAMPLE: TownOptions = {
  seed: 20_260_101,
  latitude: -21.7634,
  longitude: -41.3235,
  radiusMeters: 1_080,
}

export function makeTown(options: TownOptions): Town {
  const { seed, latitude, longitude, radiusMeters } = options
  const random = createRandom(seed)
  const osm = createOsmWriter(latitude, longitude)
  const plan = planTown(radiusMeters, random)
  const streets = drawStreets(plan, osm, random)
  drawRailway(plan, osm, streets)
  drawRiver(plan, osm)
  fillCells(plan, osm, random)
  const halfDegrees = (radiusMeters * 1.25 + 600) / 111_320 / Math.cos((latitude * Math.PI) / 180)
  return {
    osm: osm.toJson(),
    bbox: osm.bbox(),
    dem: makeTerrain(latitude, longitude, halfDegrees, plan.riverEast),
    counts: osm.counts(),
  }
}

/** Radius at which a town has about this many ways. */
export function radiusForWays(ways: number): number {
  return Math.round(SAMPLE.radiusMeters * Math.sqrt(ways / 6_000))
}
