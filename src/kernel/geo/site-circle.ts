// The circle a person asks for, in true metres on the ground: its box in degrees and its radius in grid metres.
import type { Bbox } from './bbox.ts'
import { curvatureRadii, GRS80 } from './ellipsoid.ts'
import type { Projector } from './projector.ts'

const RADIANS = Math.PI / 180

/**
 * Box (degrees) that holds the circle of true metres around lon, lat, widened by `marginMeters`. The parallel nearest the pole decides
 * the width. Cut off at ±180° and ±90°.
 */
export function circleBbox(
  lon: number,
  lat: number,
  radiusMeters: number,
  marginMeters: number,
): Bbox {
  const reach = radiusMeters + marginMeters
  const halfHeight = reach / curvatureRadii(GRS80, lat).meridianMeters / RADIANS
  const widestLat = Math.min(89.9, Math.abs(lat) + halfHeight)
  const { primeVerticalMeters } = curvatureRadii(GRS80, widestLat)
  const halfWidth = reach / (primeVerticalMeters * Math.cos(widestLat * RADIANS)) / RADIANS
  return {
    west: Math.max(-180, lon - halfWidth),
    south: Math.max(-90, lat - halfHeight),
    east: Math.min(180, lon + halfWidth),
    north: Math.min(90, lat + halfHeight),
  }
}

/**
 * Grid metres per true metre at a place: how far the projector takes a metre east and a metre north, as their geometric mean.
 * UTM is conformal, so both are its scale factor; over 5 km the factor itself changes by less than 4e-5 (10 cm in the radius).
 */
export function gridScale(projector: Projector, lon: number, lat: number): number {
  const { meridianMeters, primeVerticalMeters } = curvatureRadii(GRS80, lat)
  const step = 10
  const dLat = step / meridianMeters / RADIANS
  const dLon = step / (primeVerticalMeters * Math.cos(lat * RADIANS)) / RADIANS
  const p = projector.forward(
    Float64Array.of(lon - dLon, lat, lon + dLon, lat, lon, lat - dLat, lon, lat + dLat),
  )
  const east = Math.hypot(p[2]! - p[0]!, p[3]! - p[1]!)
  const north = Math.hypot(p[6]! - p[4]!, p[7]! - p[5]!)
  return Math.sqrt(east * north) / (2 * step)
}
