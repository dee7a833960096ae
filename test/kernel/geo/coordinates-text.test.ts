// Coordinates as engineers write them: each way of writing one place, and every ambiguity with the reading that it needs.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../../src/base/errors.ts'
import { parseCoordinates } from '../../../src/kernel/geo/coordinates-text.ts'
import { createProjector } from '../../../src/kernel/geo/projector.ts'
import { chooseCrs } from '../../../src/kernel/geo/zone.ts'

describe('parseCoordinates', () => {
  it.each([
    '-22.15 -42.92',
    '-22,15 -42,92',
    '-22.15,-42.92',
    '-22.15, -42.92',
    '-22,15; -42,92',
    '-22,15, -42,92',
    '-22,15,-42,92',
    '−22.15 −42.92',
    '(-22.15, -42.92)',
    '22.15S 42.92W',
    '22,15° S, 42,92° O',
    'S 22.15 W 42.92',
    '42.92 W, 22.15 S',
    '22.15 sul 42.92 oeste',
    'lat: -22,15 lon: -42,92',
    'longitude -42.92 latitude -22.15',
    `22°09'00"S 42°55'12"W`,
    `22° 09' 00,0" S, 42° 55' 12,0" O`,
    `S 22°09'00" W 42°55'12"`,
    `42°55'12"W 22°09'00"S`,
    `-22°09'00" -42°55'12"`,
    `22º09’00” S 42º55’12” W`,
    `22°09'S 42°55,2'W`,
    '22 09 00 S 42 55 12 W',
    '-22 09 00 -42 55 12',
    '22d09m00s S 42d55m12s W',
    `22°09'00" S - 42°55'12" W`,
    'Latitude: 22°09\'00"S Longitude: 42°55\'12"W',
    '-22.15,-42.92,',
  ])('%s is one place near Teresópolis', (text) => {
    const { lat, lon, utm } = parseCoordinates(text)
    expect(lat).toBeCloseTo(-22.15, 10)
    expect(lon).toBeCloseTo(-42.92, 10)
    expect(utm).toBeNull()
  })

  it.each([
    '23K 788547 7634925',
    '23k788547 7634925',
    '23S 788547 7634925',
    '23 788547 7634925',
    'UTM zona 23 sul 788547 7634925',
    'fuso 23 E=788547 N=7634925',
    'E 788547 N 7634925 23K',
    'N 7634925,00 E 788547,00 fuso 23 sul',
    '23K 788.547,00 7.634.925,00',
    '23K 788,547.00 7,634,925.00',
    '788547E 7634925N 23S',
    '23 K 788547.00 m E 7634925.00 m S',
    'X=788547 Y=7634925 23S',
    '23K 7634925 788547',
    '788547,7634925 23K',
    '788547 7634925 fuso 23',
    'Fuso: 23K; E: 788547; N: 7634925',
    'SIRGAS 2000 / UTM 23S 788547 7634925',
  ])('%s is one place near Campos', (text) => {
    const { lat, lon, utm, reading } = parseCoordinates(text)
    expect(reading).toBe('UTM')
    expect(lat).toBeCloseTo(-21.364793585, 8)
    expect(lon).toBeCloseTo(-42.217599661, 8)
    expect(utm).toEqual({ epsg: 31983, zone: 23, easting: 788547, northing: 7634925 })
  })

  it.each([
    ['20S 758384 10312342', 31980],
    ['20 758384 10312342', 31980],
    ['20N 758384 10312342', 31980],
    ['20N 758384 312342', 31974],
    ['20 758384 312342', 31974],
    ['fuso 20 norte E 758384 N 312342', 31974],
  ])('%s is Boa Vista, north of the equator', (text, epsg) => {
    const { lat, lon, utm } = parseCoordinates(text)
    expect(lat).toBeCloseTo(2.8234966, 6)
    expect(lon).toBeCloseTo(-60.6758036, 6)
    expect(utm!.epsg).toBe(epsg)
  })

  it('takes zone and hemisphere from the hint only when the text has none', () => {
    expect(parseCoordinates('E 788547 N 7634925', { zone: 23 }).utm!.epsg).toBe(31983)
    expect(parseCoordinates('22K 788547 7634925', { zone: 23 }).utm!.zone).toBe(22)
    expect(parseCoordinates('500000 4649776', { zone: 33, hemisphere: 'N' }).lat).toBeCloseTo(42, 1)
    expect(parseCoordinates('500000 4649776', { zone: 33, hemisphere: 'S' }).lat).toBeCloseTo(
      -48.3,
      1,
    )
  })

  it.each([
    ['788547 7634925', 'needs its zone'],
    ['33 500000 4649776', 'write "33F" (latitude -48.31) or "33T" (latitude 42.00)'],
    ['33S 500000 4000000', 'may mean the south or the latitude band S'],
    ['23L 788547 7634925', 'it would be 23K'],
    ['20M 758384 10312342', 'it would be 20N'],
    ['23N 788547 m E 7634925 m S', 'contradict'],
    ['61K 788547 7634925', 'zones are 1 to 60'],
    ['23I 788547 7634925', 'without I and O'],
    ['23K 78854 7634925', 'easting'],
    ['23K 788547 76349250', 'northing'],
    ['-22,42', 'one comma'],
    ['22 09 00 42 55 12', 'need N or S'],
    ['91 10', 'no latitude'],
    ['-122.1 -42.9', 'latitude comes first'],
    ['10 181', 'no longitude'],
    ["22°61'S 42°W", '60 minutes'],
    ["22.5°30'S 42°W", 'decimals before'],
    ['22.15S 42.92N', 'same axis'],
    ['-22.15S 42.92W', 'both a minus sign and a letter'],
    ['Rua das Flores, 123', 'no two values'],
    ['', 'empty'],
    ['   ', 'empty'],
    ['1'.repeat(201), 'longer than'],
  ])('refuses "%s": %s', (text, reason) => {
    const error = expect.objectContaining({
      code: 'COORDINATES_UNREADABLE',
      message: expect.stringContaining(reason),
    })
    expect(() => parseCoordinates(text)).toThrowError(error)
  })

  const seed = 20_260_102
  it(`reads back every UTM place of the SIRGAS area that it is given with its band (seed ${seed})`, () => {
    const bands = 'CDEFGHJKLMNPQRSTUVWX'
    fc.assert(
      fc.property(
        fc.double({ min: -74, max: -34.5, noNaN: true }),
        fc.double({ min: -33, max: 5, noNaN: true }),
        (lon, lat) => {
          const { epsg, zone } = chooseCrs(lon, lat)
          const [easting, northing] = createProjector(epsg).forward(Float64Array.of(lon, lat))
          const band = bands[Math.floor((lat + 80) / 8)]!
          const read = parseCoordinates(
            `${zone}${band} ${easting!.toFixed(3)} ${northing!.toFixed(3)}`,
          )
          expect(Math.abs(read.lat - lat)).toBeLessThan(2e-8)
          expect(Math.abs(read.lon - lon)).toBeLessThan(2e-8)
        },
      ),
      { seed, numRuns: 500 },
    )
  })

  it(`answers or refuses any text at once (seed ${seed})`, () => {
    const piece = fc.constantFrom(
      '1',
      '-',
      ',',
      '.',
      ' ',
      '°',
      "'",
      '"',
      'N',
      'S',
      'E',
      'W',
      'LAT',
      'LON',
      '23K',
      '788547',
      '7634925',
      ';',
      'x',
    )
    const text = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
    )
    fc.assert(
      fc.property(text, (input) => {
        try {
          const { lat, lon } = parseCoordinates(input)
          expect(Math.abs(lat)).toBeLessThanOrEqual(90)
          expect(Math.abs(lon)).toBeLessThanOrEqual(180)
        } catch (error) {
          expect(error).toBeInstanceOf(AppError)
        }
      }),
      { seed, numRuns: 5000 },
    )
    // Worst cases for a pattern that would try every way of splitting: the runner's time limit is the judge.
    for (const hostile of [
      '1',
      '1N',
      'N1',
      '1 ',
      '1,',
      '1°',
      'LAT ',
      '111111,',
      'E 123456 ',
      "1'",
    ]) {
      expect(() => parseCoordinates(`${hostile.repeat(200).slice(0, 199)}!`)).toThrowError(AppError)
    }
  })
})
