// The generated table against the EPSG facts that it was made from, and the rule for WGS 84 / UTM.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { allCrs, crsOf } from '../../../src/kernel/geo/crs.ts'
import { describeWithSharedData, sharedData } from '../../support/shared-data.ts'

interface Definition {
  name: string
  area: number[]
  axes: string[][]
  proj4: string
}

const ellipsoids: Record<string, [number, number]> = {
  GRS80: [6378137, 298.257222101],
  WGS84: [6378137, 298.257223563],
  aust_SA: [6378160, 298.25],
  intl: [6378388, 297],
}

describeWithSharedData('the table of systems against EPSG', () => {
  const definitions = JSON.parse(
    readFileSync(sharedData('proj/epsg_definitions.json')!, 'utf8'),
  ) as Record<string, Definition>
  const codes = Object.keys(definitions).filter((code) => code !== '4989')

  it.each(codes)('EPSG:%s', (code) => {
    const definition = definitions[code]!
    const crs = crsOf(Number(code))
    expect(crs.name).toBe(definition.name)
    expect([...crs.area]).toEqual(definition.area)
    expect(crs.kind === 'geographic').toBe(definition.axes[0]![2] === 'degree')
    const words = new Map(
      definition.proj4.split(' ').map((word) => word.slice(1).split('=') as [string, string]),
    )
    const own = new Map(
      crs.projection.split(' ').map((word) => word.slice(1).split('=') as [string, string]),
    )
    for (const key of ['proj', 'zone', 'south', 'lat_ts', 'lon_0', 'x_0', 'y_0']) {
      // An absent number is zero to PROJ.
      expect(own.get(key) ?? '0', key).toBe(words.get(key) ?? '0')
    }
    const named = words.get('ellps') ?? words.get('datum')
    if (named !== undefined) {
      const { semiMajorMeters, inverseFlattening } = crs.ellipsoid
      expect([semiMajorMeters, inverseFlattening]).toEqual(ellipsoids[named])
    }
    if (words.get('proj') === 'utm') {
      expect(crs.utm).toEqual({ zone: Number(words.get('zone')), south: words.has('south') })
    } else expect(crs.utm).toBeNull()
  })
})

describe('crsOf', () => {
  it('knows WGS 84 / UTM by its rule', () => {
    expect(crsOf(32601).name).toBe('WGS 84 / UTM zone 1N')
    expect(crsOf(32760).utm).toEqual({ zone: 60, south: true })
    expect(crsOf(32722).area).toEqual([-54, -80, -48, 0])
  })

  it('refuses neighbours of known codes and what is no code', () => {
    for (const epsg of [31986, 31964, 32661, 32700, 32761, -1, 0, 4989, 31983.5, Number.NaN]) {
      expect(() => crsOf(epsg)).toThrowError(expect.objectContaining({ code: 'CRS_UNKNOWN' }))
    }
  })

  it('lists every system once, by code', () => {
    const codes = allCrs().map((crs) => crs.epsg)
    expect(codes).toEqual([...new Set(codes)].sort((a, b) => a - b))
    expect(codes.length).toBe(69 + 120)
  })
})
