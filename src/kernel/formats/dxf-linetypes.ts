// Line type patterns in metres. AutoCAD's own definitions are in millimetres on paper; these are made for 1:1000, so that
// they read as lines at site scale with LTSCALE 1.

/** A line type: its name, its description and its dashes (positive), gaps (negative) and dots (0) in metres. */
export interface Linetype {
  name: string
  description: string
  dashes: readonly number[]
}

const PATTERNS: Readonly<Record<string, Omit<Linetype, 'name'>>> = {
  CONTINUOUS: { description: 'Solid line', dashes: [] },
  CENTER: { description: 'Center ____ _ ____ _', dashes: [31.75, -6.35, 6.35, -6.35] },
  CENTER2: { description: 'Center (.5x) __ _ __', dashes: [19.05, -3.175, 3.175, -3.175] },
  DASHED: { description: 'Dashed __ __ __ __', dashes: [12.7, -6.35] },
  DASHED2: { description: 'Dashed (.5x) _ _ _ _', dashes: [6.35, -3.175] },
  HIDDEN: { description: 'Hidden __ __ __ __', dashes: [6.35, -3.175] },
  HIDDEN2: { description: 'Hidden (.5x) _ _ _ _', dashes: [3.175, -1.5875] },
  DASHDOT: { description: 'Dash dot __ . __ . __', dashes: [12.7, -6.35, 0, -6.35] },
  DASHDOT2: { description: 'Dash dot (.5x) _._._', dashes: [6.35, -3.175, 0, -3.175] },
  DOT: { description: 'Dot . . . . . . . .', dashes: [0, -6.35] },
  DOT2: { description: 'Dot (.5x) ..........', dashes: [0, -3.175] },
  DIVIDE: { description: 'Divide __ . . __ . .', dashes: [12.7, -6.35, 0, -6.35, 0, -6.35] },
  BORDER: { description: 'Border __ __ . __ __', dashes: [12.7, -6.35, 12.7, -6.35, 0, -6.35] },
  PHANTOM: {
    description: 'Phantom ____ _ _ ____',
    dashes: [31.75, -6.35, 6.35, -6.35, 6.35, -6.35],
  },
  PHANTOM2: {
    description: 'Phantom (.5x) __ _ _ __',
    dashes: [15.875, -3.175, 3.175, -3.175, 3.175, -3.175],
  },
  // AutoCAD's tracks carry cross strokes from a shape file that need not be there; long dashes stand for them.
  TRACKS: { description: 'Tracks -|-|-|-|-', dashes: [3.81, -1.27] },
}

/** The line type of that name, without regard to case; an unknown one is solid, and an office's own definition of the name wins on insertion. */
export function linetypeOf(name: string): Linetype {
  const key = name.toUpperCase()
  const known = Object.hasOwn(PATTERNS, key) ? PATTERNS[key]! : null
  return { name, description: known?.description ?? '', dashes: known?.dashes ?? [] }
}
