// The program's own symbols for point features: plain strokes in metres around the insertion point, y up.

/** A part of a symbol. Lengths in metres; angles in degrees counter-clockwise from east, as DXF has them. */
export type Stroke =
  /** x0, y0, x1, y1 …; a closed line does not repeat its first vertex. */
  | { kind: 'line'; points: readonly number[]; closed: boolean }
  | { kind: 'circle'; x: number; y: number; radius: number }
  | { kind: 'arc'; x: number; y: number; radius: number; startDegrees: number; endDegrees: number }

/** What a block name draws. */
export interface BlockSymbol {
  /** For the block's description in a DXF file; Portuguese, as the block names are. */
  description: string
  strokes: readonly Stroke[]
}

const circle = (radius: number, x = 0, y = 0): Stroke => ({ kind: 'circle', x, y, radius })
const line = (...points: number[]): Stroke => ({ kind: 'line', points, closed: false })
const outline = (...points: number[]): Stroke => ({ kind: 'line', points, closed: true })
const box = (halfWidth: number, halfHeight: number): Stroke =>
  outline(
    -halfWidth,
    -halfHeight,
    halfWidth,
    -halfHeight,
    halfWidth,
    halfHeight,
    -halfWidth,
    halfHeight,
  )
const arc = (radius: number, startDegrees: number, endDegrees: number, x = 0, y = 0): Stroke => ({
  kind: 'arc',
  x,
  y,
  radius,
  startDegrees,
  endDegrees,
})

/** Name of the symbol for points that have none of their own. */
export const GENERIC_BLOCK = 'PONTO'

/** Every block name the program draws itself. */
export const BLOCKS: Readonly<Record<string, BlockSymbol>> = {
  POSTE: {
    description: 'Poste',
    strokes: [circle(0.5), circle(0.15)],
  },
  POSTE_ILUMINACAO: {
    description: 'Poste de iluminação pública',
    strokes: [
      circle(0.5),
      line(0.5, 0, 1.3, 0),
      circle(0.3, 1.6, 0),
      line(1.39, -0.21, 1.81, 0.21),
      line(1.39, 0.21, 1.81, -0.21),
    ],
  },
  TORRE: {
    description: 'Torre de transmissão',
    strokes: [box(1.5, 1.5), line(-1.5, -1.5, 1.5, 1.5), line(-1.5, 1.5, 1.5, -1.5)],
  },
  TRANSFORMADOR: {
    description: 'Transformador',
    strokes: [circle(0.7, -0.45, 0), circle(0.7, 0.45, 0)],
  },
  SUBESTACAO: {
    description: 'Subestação',
    strokes: [
      box(2, 2),
      line(0.4, 1.4, -0.6, 0, 0.6, 0, -0.4, -1.4),
      line(-0.4, -0.7, -0.4, -1.4, 0.25, -1.15),
    ],
  },
  HIDRANTE: {
    description: 'Hidrante',
    strokes: [circle(0.5), line(-0.5, 0, -0.8, 0), line(0.5, 0, 0.8, 0), line(0, -0.5, 0, 0.5)],
  },
  BANCO: {
    description: 'Banco',
    strokes: [box(0.9, 0.25), line(-0.9, 0.12, 0.9, 0.12)],
  },
  LIXEIRA: {
    description: 'Lixeira',
    strokes: [outline(-0.35, 0.4, -0.25, -0.4, 0.25, -0.4, 0.35, 0.4), line(-0.45, 0.4, 0.45, 0.4)],
  },
  BUEIRO: {
    description: 'Bueiro ou boca de lobo',
    strokes: [
      box(0.5, 0.3),
      line(-0.25, -0.3, -0.25, 0.3),
      line(0, -0.3, 0, 0.3),
      line(0.25, -0.3, 0.25, 0.3),
    ],
  },
  ARVORE: {
    description: 'Árvore',
    strokes: [
      arc(0.9, 340, 110, 0.8, 0.5),
      arc(0.9, 70, 200, -0.8, 0.5),
      arc(0.9, 190, 350, 0, -0.8),
      circle(0.15),
    ],
  },
  PARADA_ONIBUS: {
    description: 'Parada de ônibus',
    strokes: [
      box(0.9, 0.6),
      line(-0.9, 0, 0.9, 0),
      circle(0.2, -0.5, -0.6),
      circle(0.2, 0.5, -0.6),
    ],
  },
  SEMAFORO: {
    description: 'Semáforo',
    strokes: [box(0.35, 0.9), circle(0.2, 0, 0.55), circle(0.2), circle(0.2, 0, -0.55)],
  },
  FAIXA_PEDESTRE: {
    description: 'Faixa de pedestres',
    strokes: [-1.5, -0.75, 0, 0.75, 1.5].map((x) =>
      outline(x - 0.2, -1.2, x + 0.2, -1.2, x + 0.2, 1.2, x - 0.2, 1.2),
    ),
  },
  [GENERIC_BLOCK]: {
    description: 'Ponto',
    strokes: [circle(0.4), line(-0.6, 0, 0.6, 0), line(0, -0.6, 0, 0.6)],
  },
}

/** The symbol of a block name; a foreign name gets the generic one, so that its points are never lost. */
export function symbolOf(name: string): BlockSymbol {
  return Object.hasOwn(BLOCKS, name) ? BLOCKS[name]! : BLOCKS[GENERIC_BLOCK]!
}
