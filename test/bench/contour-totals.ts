// Contour lengths per level, ours and gdal_contour's, with the cause of every difference: node test/bench/contour-totals.ts [--all] [NAME]
// prints the levels that are more than 0.5 % apart (--all: every level) of the tiles of test/support/contour-cases.ts. Lengths in units
// of the tile's system. The causes, each a rule of GDAL's that ours does not share, add up to the difference:
//   rim     GDAL goes on for half a cell beyond the outermost points and into voids
//   double  GDAL draws a line out and back along ridges and ditches one point wide that stand exactly on the level
//   saddle  GDAL cuts off the same two corners of every saddle; ours asks the surface (asymptotic decider)
import { contourGrid } from '../../src/kernel/geo/contour.ts'
import { CASES, readCase, referenceLengths } from '../support/contour-cases.ts'
import {
  gdalQuarters,
  type Lengths,
  levelLengths,
  raisedOffLevels,
  saddleDifference,
  sumLengths,
} from '../support/contour-lengths.ts'

const all = process.argv.includes('--all')
const only = process.argv.slice(2).find((word) => !word.startsWith('-')) ?? ''
const total = (lengths: Lengths) => [...lengths.values()].reduce((sum, length) => sum + length, 0)
const percent = (part: number, whole: number) =>
  (whole === 0 ? 0 : (100 * part) / whole).toFixed(3).padStart(9)

console.log(
  `${'tile'.padEnd(28)}${'interval'.padStart(9)}${'level'.padStart(8)}${'ours'.padStart(14)}${'GDAL'.padStart(14)}  GDAL is longer by % of which rim   double   saddle     rest`,
)
for (const { name, file, intervals } of CASES) {
  if (!name.includes(only)) continue
  const grid = await readCase(file)
  for (const intervalMeters of intervals) {
    const lengths = (ground: typeof grid) => levelLengths(contourGrid(ground, { intervalMeters }))
    const gdal = referenceLengths(name, intervalMeters)
    const ours = lengths(grid)
    const raised = raisedOffLevels(grid, intervalMeters)
    const quarters = gdalQuarters(grid)
    quarters.cells = raisedOffLevels(quarters, intervalMeters).cells
    const rim = sumLengths(
      lengths(quarters),
      saddleDifference(quarters, intervalMeters, 'south-west'),
    )
    const double = lengths(raised)
    for (const [level, length] of ours) double.set(level, (double.get(level) ?? 0) - length)
    const saddle = saddleDifference(raised, intervalMeters, 'south-west')
    const row = (label: string, of: (lengths: Lengths) => number) => {
      const [mine, theirs] = [of(ours), of(gdal)]
      const causes = [of(rim), of(double), of(saddle)]
      const rest = theirs - mine - causes.reduce((sum, part) => sum + part, 0)
      const figures = [theirs - mine, ...causes, rest].map((part) => percent(part, theirs))
      const length = (value: number) => value.toFixed(theirs > 1_000 ? 0 : 5).padStart(14)
      console.log(
        `${name.padEnd(28)}${String(intervalMeters).padStart(9)}${label.padStart(8)}${length(mine)}${length(theirs)} ${figures.join('')}`,
      )
    }
    let shown = 0
    for (const level of gdal.keys()) {
      const difference = gdal.get(level)! - (ours.get(level) ?? 0) - (rim.get(level) ?? 0)
      const apart = Math.abs(difference) > Math.max(0.005 * gdal.get(level)!, 1e-5)
      if (apart) shown++
      if (apart || all) row(String(level), (of) => of.get(level) ?? 0)
    }
    row('total', total)
    console.log(`  ${gdal.size - shown} of ${gdal.size} levels within 0.5 % once the rim is added`)
  }
}
