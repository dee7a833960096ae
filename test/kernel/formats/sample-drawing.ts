// A small drawing with one of everything, drawn so that the answers can be counted: for the writers' tests.
import { blankFeature, type Drawing, type Feature } from '../../../src/kernel/cad/drawing.ts'

export const ORIGIN = [674000, 7592000] as const

export interface Part {
  layer: number
  /** Metres from ORIGIN: x, y or x, y, z. */
  points: number[][]
  feature: Partial<Feature> & { kind: Feature['kind'] }
}

/** Packs parts into a drawing. */
export function drawingOf(parts: Part[], layerNames: string[]): Drawing {
  const coords: number[] = []
  const z: number[] = []
  const offsets = [0]
  const features = parts.map(({ points, layer, feature }, path) => {
    for (const [x, y, height] of points) {
      coords.push(ORIGIN[0] + x!, ORIGIN[1] + y!)
      z.push(height ?? Number.NaN)
    }
    offsets.push(coords.length / 2)
    return { ...blankFeature(feature.kind, path, layer), ...feature }
  })
  return {
    epsg: 31984,
    verticalDatum: 'EGM2008',
    layers: layerNames.map((name, i) => ({
      name,
      aci: i + 1,
      lineweight: 25,
      linetype: i === 1 ? 'CENTER2' : 'Continuous',
    })),
    features,
    paths: {
      coords: Float64Array.from(coords),
      z: Float64Array.from(z),
      offsets: Uint32Array.from(offsets),
    },
    credits: ['© colaboradores do OpenStreetMap (ODbL)'],
    sourceTimestamp: '2026-01-02T03:04:05Z',
  }
}

/** A street, a building with a courtyard, a bench turned by 90°, an unknown block, a bare point, a label, a contour, and two that cannot be drawn. */
export function sampleDrawing(): Drawing {
  return drawingOf(
    [
      {
        layer: 0,
        points: [
          [0, 0, 10],
          [100.12345, 0.00049, 11],
          [200, 50, 12.5],
        ],
        feature: {
          kind: 'line',
          source: 'way/1',
          mergedSources: ['way/2', 'way/3'],
          version: 4,
          class: 'highway=residential',
          name: 'Rua São João',
          highway: 'residential',
          width: 7,
          elevation: 11.2,
          properties: { surface: 'asphalt', lanes: 2, oneway: true, sys_sisrua_origin: 'x' },
        },
      },
      {
        layer: 1,
        points: [
          [10, 10],
          [10, 40],
          [50, 40],
          [50, 10],
          [10, 10],
        ],
        feature: { kind: 'ring', source: 'relation/5', polygon: 0, height: 6.5, levels: 2 },
      },
      {
        layer: 1,
        points: [
          [20, 20],
          [30, 20],
          [30, 30],
          [20, 30],
          [20, 20],
        ],
        feature: { kind: 'ring', source: 'relation/5', polygon: 0, hole: true },
      },
      {
        layer: 2,
        points: [[60, 60]],
        feature: {
          kind: 'point',
          source: 'node/1',
          block: 'BANCO',
          rotation: Math.PI / 2,
          scale: 2,
          color: '1',
        },
      },
      {
        layer: 2,
        points: [[65, 60]],
        feature: { kind: 'point', block: 'Meu/Bloco', elevation: 33 },
      },
      { layer: 2, points: [[70, 60]], feature: { kind: 'point', color: '255,128,0' } },
      {
        layer: 3,
        points: [[100, 5]],
        feature: { kind: 'text', text: 'Rua São João', textHeight: 3, rotation: 0.1 },
      },
      {
        layer: 4,
        points: [
          [0, 90],
          [200, 95],
        ],
        feature: { kind: 'line', class: 'contour=index', elevation: 120, color: '32' },
      },
      {
        layer: 0,
        points: [
          [0, 0],
          [Number.NaN, 5],
        ],
        feature: { kind: 'line', source: 'way/666' },
      },
      { layer: 0, points: [[0, 0]], feature: { kind: 'line', source: 'way/667' } },
    ],
    ['VIA-LOCAL', 'EDI-PROJEÇÃO', 'MOB', 'Rótulos <1>', 'rótulos _1_'],
  )
}
