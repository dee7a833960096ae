// The files a drawing command can make, and where they go.
import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { AppError } from '../base/errors.ts'
import type { OutputName, PipelineOutput } from '../workers/tasks.ts'
import type { Terminal } from './terminal.ts'
import { type PiecedFile, writeFiles } from './write-file.ts'

/** Option values as commander gives them: absent, true (default name), or a file name. */
export interface ArtefactOptions {
  dxf?: string | true
  geojson?: string | true
  svg?: string | true
  json?: string | true
  /** Only where a command makes a terrain mesh. */
  landxml?: string | true
  output?: string
}

/** One file to make; `-` is standard output. */
export interface Artefact {
  output: OutputName
  target: string
}

type Format = 'dxf' | 'geojson' | 'svg' | 'json' | 'landxml'
const DEFAULT_NAMES: Record<Format, string> = {
  dxf: 'drawing.dxf',
  geojson: 'features.geojson',
  svg: 'preview.svg',
  json: 'result.json',
  landxml: 'surface.landxml',
}
const FORMATS = Object.keys(DEFAULT_NAMES) as Format[]

export function addArtefactOptions(command: Command): Command {
  return command
    .option('--dxf [file]', 'AutoCAD drawing (default name drawing.dxf)')
    .option('--geojson [file]', 'GeoJSON in WGS 84 (features.geojson)')
    .option('--svg [file]', 'picture in layer colours (preview.svg)')
    .option('--json [file]', 'the result as the plugin gets it; standard output unless named')
    .option('-o, --output <place>', 'folder for the files, one file name, or - for standard output')
}

/** What was asked for; a DXF when nothing was. PARAMS_INVALID when two things would go to standard output. */
export function planArtefacts(options: ArtefactOptions): Artefact[] {
  const place = options.output
  const asked = FORMATS.filter((format) => options[format] !== undefined)
  const byName = FORMATS.find((format) => place?.toLowerCase().endsWith(`.${format}`))
  const formats = asked.length > 0 ? asked : [byName ?? ('dxf' as const)]
  const isFile =
    place !== undefined && byName !== undefined && formats.length === 1 && !isFolder(place)
  const artefacts = formats.map((format): Artefact => {
    const output = format === 'json' ? 'result' : format
    const name = options[format]
    if (typeof name === 'string') {
      return { output, target: name === '-' ? '-' : inFolder(folderOf(place, isFile), name) }
    }
    if (place === '-' || (format === 'json' && place === undefined)) return { output, target: '-' }
    if (isFile) return { output, target: place }
    return { output, target: path.join(place ?? '.', DEFAULT_NAMES[format]) }
  })
  if (artefacts.filter(({ target }) => target === '-').length > 1) {
    throw new AppError(
      'PARAMS_INVALID',
      'Only one output can go to standard output; name files for the others.',
    )
  }
  return artefacts
}

/** A name with its own root is meant as it stands. */
const inFolder = (folder: string, name: string): string =>
  path.isAbsolute(name) ? name : path.join(folder, name)

const isFolder = (place: string): boolean => existsSync(place) && statSync(place).isDirectory()

function folderOf(place: string | undefined, isFile: boolean): string {
  return place === undefined || place === '-' ? '.' : isFile ? path.dirname(place) : place
}

/** Files first, standard output last, so that a failure leaves nothing behind. `drawn` is the DXF that was written in pieces. */
export async function deliver(
  artefacts: readonly Artefact[],
  output: PipelineOutput,
  terminal: Terminal,
  drawn: PiecedFile | null,
): Promise<void> {
  const bytesOf = (name: OutputName): Uint8Array => output.outputs[name]!.bytes
  const files = artefacts.filter(({ target }) => target !== '-')
  await writeFiles(
    files.map(({ output: name, target }) => ({
      file: target,
      bytes: name === 'dxf' && drawn !== null ? drawn : bytesOf(name),
    })),
    terminal.signal,
  )
  const piped = artefacts.find(({ target }) => target === '-')
  if (piped !== undefined) await terminal.result(bytesOf(piped.output))
  for (const { target } of files) terminal.say(target)
}
