// The zone and EPSG rule, scale and convergence: computed vectors, places whose answer is known, and the edges of the world.
import { describe, expect, it } from 'vitest'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { chooseCrs, gridFactors, utmZone, zoneReport } from '../../../src/kernel/geo/zone.ts'

describe('chooseCrs', () => {
  it.each([
    // lat, lon, EPSG, easting, northing (PROJ 9.5)
    [-21.7634, -41.3235, 31984, 259722.4937, 7591553.8885],
    [-21.764, -41.324, 31984, 259671.7669, 7591486.6606],
    [-22.15018, -42.92185, 31983, 714315.6692, 7549084.2128],
    [-23.5505, -46.6333, 31983, 333287.9151, 7394588.3186],
    [-9.9747, -67.81, 31979, 630437.6056, 8897150.1113],
    [-8.05, -34.88, 31985, 292814.8853, 9109698.436],
    [-3.8549, -32.4289, 31985, 563407.3587, 9573890.0293],
    [2.8235, -60.6758, 31980, 758384.4042, 10312342.3811],
    [0.0349, -51.0694, 31982, 492277.5171, 10003857.5015],
  ])('%f, %f is EPSG:%i', (lat, lon, epsg, easting, northing) => {
    expect(chooseCrs(lon, lat).epsg).toBe(epsg)
    const metres = createProjector(epsg).forward(Float64Array.of(lon, lat))
    expect(metres[0]).toBeCloseTo(easting, 3)
    expect(metres[1]).toBeCloseTo(northing, 3)
  })

  it('leaves a northern zone to whoever names it', () => {
    const boaVista = createProjector(31974).forward(Float64Array.of(-60.6758, 2.8235))
    expect(boaVista[1]).toBeCloseTo(312342.3811, 3)
    const macapa = createProjector(31976).forward(Float64Array.of(-51.0694, 0.0349))
    expect(macapa[1]).toBeCloseTo(3857.5015, 3)
    const back = createProjector(31983).inverse(Float64Array.of(788547, 7634925))
    expect(back[1]).toBeCloseTo(-21.364793585, 8)
    expect(back[0]).toBeCloseTo(-42.217599661, 8)
  })

  it.each([
    ['Bonfim, Roraima', 3.3614, -59.8333, 31981, 'S', 'SIRGAS 2000'],
    ['Lethem, Guyana, 3 km away', 3.3803, -59.7986, 31975, 'N', 'SIRGAS 2000'],
    ['Oiapoque, Amapá', 3.8408, -51.8331, 31982, 'S', 'SIRGAS 2000'],
    ['Saint-Georges, French Guiana', 3.8917, -51.8036, 31976, 'N', 'SIRGAS 2000'],
    ['Pacaraima, Roraima', 4.4794, -61.1477, 31980, 'S', 'SIRGAS 2000'],
    ['Santa Elena, Venezuela', 4.602, -61.11, 31974, 'N', 'SIRGAS 2000'],
    ['Bogotá', 4.711, -74.0721, 31972, 'N', 'SIRGAS 2000'],
    ['Quito', -0.1807, -78.4678, 31977, 'S', 'SIRGAS 2000'],
    ['Buenos Aires', -34.6037, -58.3816, 31981, 'S', 'SIRGAS 2000'],
    ['São Pedro e São Paulo', 0.917, -29.345, 5396, 'S', 'SIRGAS 2000'],
    ['Trindade', -20.5, -29.3, 5396, 'S', 'SIRGAS 2000'],
    ['off Amapá', 3, -48.5, 31982, 'S', 'SIRGAS 2000'],
    ['Lisbon', 38.7223, -9.1393, 32629, 'N', 'WGS 84'],
    ['Miami', 25.7617, -80.1918, 32617, 'N', 'WGS 84'],
    ['Sydney', -33.8688, 151.2093, 32756, 'S', 'WGS 84'],
  ] as const)('%s', (_place, lat, lon, epsg, hemisphere, system) => {
    const chosen = chooseCrs(lon, lat)
    expect(chosen).toEqual({ epsg, zone: utmZone(lon), hemisphere, system })
  })

  it('keeps zones at the ends of the world within 1 to 60', () => {
    expect(chooseCrs(-180, 0).zone).toBe(1)
    expect(chooseCrs(180, 0).zone).toBe(60)
    expect(utmZone(-42)).toBe(24)
    expect(utmZone(-42.0000001)).toBe(23)
  })

  it.each([
    [Number.NaN, 0, 'PARAMS_INVALID'],
    [0, Number.NaN, 'PARAMS_INVALID'],
    [181, 0, 'PARAMS_INVALID'],
    [0, -90.1, 'PARAMS_INVALID'],
    [0, 84.1, 'CRS_REFUSED'],
    [0, -80.1, 'CRS_REFUSED'],
  ])('refuses %f, %f', (lon, lat, code) => {
    expect(() => chooseCrs(lon, lat)).toThrowError(expect.objectContaining({ code }))
  })
})

describe('zoneReport', () => {
  it('finds the worst scale error on the meridian of a narrow area and on the edge of a wide one', () => {
    const onMeridian = zoneReport({ west: -45.1, south: -23, east: -44.9, north: -22 }, 31983)
    expect(onMeridian.worstScaleError).toBeCloseTo(0.0004, 6)
    expect(onMeridian.crossesZone).toBe(false)
    const wide = zoneReport({ west: -46, south: -2, east: -41, north: 1 }, 31983)
    // On the equator, 4° from the meridian: 0.9996 (1 + sin² 4° (1 + e'²) / 2 …) - 1.
    expect(wide.worstScaleError).toBeCloseTo(0.002055, 5)
    expect(wide.neighbourZones).toEqual([24])
    expect(wide.crossesZone).toBe(true)
  })

  it('calls an area that only touches the zone line one zone', () => {
    expect(zoneReport({ west: -43, south: -23, east: -42, north: -22 }, 31983).crossesZone).toBe(
      false,
    )
    expect(zoneReport({ west: -43, south: -23, east: -41.99, north: -22 }, 31983).crossesZone).toBe(
      true,
    )
  })

  it('signs the convergence by side and hemisphere', () => {
    const at = (lon: number, lat: number) =>
      zoneReport({ west: lon, south: lat, east: lon, north: lat }, 31983).convergenceDegrees
    expect(at(-43, -22)).toBeLessThan(0)
    expect(at(-47, -22)).toBeGreaterThan(0)
    expect(at(-43, 2)).toBeGreaterThan(0)
    expect(at(-45, -22)).toBeCloseTo(0, 12)
  })

  it('refuses systems without a zone', () => {
    expect(() => zoneReport({ west: 0, south: 0, east: 1, north: 1 }, 3857)).toThrowError(
      expect.objectContaining({ code: 'CRS_REFUSED' }),
    )
  })
})

describe('gridFactors', () => {
  it('joins scale and height', () => {
    const { scale, elevation, combined } = gridFactors(-45, -22, 31983, 1000)
    expect(scale).toBeCloseTo(0.9996, 12)
    // R = sqrt(M N) at 22°: 6 362 640 m.
    expect(elevation).toBeCloseTo(6_362_640 / 6_363_640, 7)
    expect(combined).toBeCloseTo(scale * elevation, 15)
    expect(gridFactors(-45, -22, 31983, 0).combined).toBe(scale)
  })
})
