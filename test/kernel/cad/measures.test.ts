import { describe, expect, it } from 'vitest'
import { buildingHeightMeters, buildingLevels } from '../../../src/kernel/cad/height.ts'
import { parseMeters, roadWidthMeters } from '../../../src/kernel/cad/width.ts'

const tags = (given: Record<string, string>) => (key: string) => given[key] ?? null

describe('lengths in tags', () => {
  it.each([
    ['7.5', 7.5],
    ['7,5', 7.5],
    ['7.5 m', 7.5],
    ['7 metros', 7],
    ['10 ft', 3.048],
    ['16\'7"', 5.0546],
    ["16'", 4.8768],
    ['3;4', 3],
    ['0.5 km', 500],
    ['350 cm', 3.5],
    ['-3', null],
    ['narrow', null],
    ['', null],
    ['1e5', null],
    ['Infinity', null],
  ])('%s → %s', (text, meters) => {
    const read = parseMeters(text)
    if (meters === null) expect(read).toBeNull()
    else expect(read).toBeCloseTo(meters, 9)
  })
})

describe('roadWidthMeters', () => {
  it.each([
    ['residential', {}, 7],
    ['motorway', {}, 20],
    ['primary_link', {}, 5],
    ['track', {}, null],
    ['steps', { width: '3' }, 3],
    ['primary', { width: '9', lanes: '4' }, 9],
    ['primary', { lanes: '4' }, 14],
    ['primary', { width: 'wide', lanes: '2' }, 7],
    ['primary', { width: '0', lanes: 'x' }, 12],
    ['primary', { width: '9999' }, 12],
  ])('%s %j → %s', (highway, given, width) => {
    expect(roadWidthMeters(highway, tags(given as Record<string, string>))).toBe(width)
  })
})

describe('building height', () => {
  it.each([
    [{ height: '12.5' }, 12.5, null],
    [{ 'building:levels': '4' }, 12, 4],
    [{ height: '30 ft', 'building:levels': '3' }, 9.144, 3],
    [{}, null, null],
    [{ 'building:levels': 'many' }, null, null],
    [{ height: '99999' }, null, null],
  ])('%j', (given, height, levels) => {
    expect(buildingHeightMeters(tags(given as Record<string, string>))).toBe(height)
    expect(buildingLevels(tags(given as Record<string, string>))).toBe(levels)
  })
})
