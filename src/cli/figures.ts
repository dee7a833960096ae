// What a drawing holds, as a table for a person, and the notes in the person's language.
import { noteText } from '../base/texts.ts'
import type { DrawingSummary } from '../kernel/formats/summary.ts'
import type { PipelineOutput } from '../workers/task.ts'
import type { Terminal } from './terminal.ts'
import { cliText } from './texts.ts'

/** Features per layer, system, heights, seconds, then the notes; all to standard error. */
export function sayFigures(terminal: Terminal, output: PipelineOutput, seconds: number): void {
  const { summary } = output
  if (summary !== null) {
    for (const line of figureLines(terminal.language, summary, seconds)) terminal.say(line)
  }
  for (const note of output.notes) terminal.say(`* ${noteText(terminal.language, note)}`)
}

/** The table's lines, layers without features left out. */
export function figureLines(
  language: Terminal['language'],
  summary: DrawingSummary,
  seconds: number,
): string[] {
  const text = (key: Parameters<typeof cliText>[1]): string => cliText(language, key)
  const rows = summary.layers.filter(({ features }) => features > 0)
  const width = Math.max(20, ...rows.map(({ name }) => name.length))
  const heights =
    summary.minElevation === null || summary.maxElevation === null
      ? text('noHeights')
      : `${summary.minElevation.toFixed(1)} … ${summary.maxElevation.toFixed(1)} m (${summary.verticalDatum ?? text('datumUnknown')})`
  const line = (label: string, value: string): string => `${label.padEnd(width)}  ${value}`
  return [
    ...rows.map(({ name, features }) => line(name, String(features).padStart(7))),
    line(text('features'), String(summary.features).padStart(7)),
    line(text('crs'), `EPSG:${summary.epsg}`),
    line(text('heights'), heights),
    line(text('seconds'), seconds.toFixed(2)),
  ]
}
