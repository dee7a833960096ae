// `sisrua layers`: the layer template a person may copy and change, and whether a changed one is good.
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { AppError } from '../base/errors.ts'
import type { Layer } from '../kernel/cad/drawing.ts'
import { parseLayerTemplate } from '../kernel/cad/layer-template.ts'
import { DEFAULT_LAYER_TEMPLATE } from '../kernel/cad/layers.ts'
import type { CliContext } from './context.ts'

export function registerLayers(program: Command, { terminal }: CliContext): void {
  const layers = program.command('layers').description('layer template: print, validate')
  layers
    .command('print', { isDefault: true })
    .option('--json', 'one JSON document (it always is)')
    .description('the built-in template, to be saved and changed')
    .addHelpText('before', 'Example: sisrua layers print > layers.json\n')
    .action(() => terminal.result(`${JSON.stringify(templateFile(), null, 2)}\n`))
  layers
    .command('validate')
    .argument('<file>', 'layer template')
    .option('--json', 'one JSON document')
    .description('says what is wrong with a template')
    .action(async (file: string) => {
      const template = parseLayerTemplate(await readTemplate(file))
      const document = { file, rules: template.rules.length, valid: true }
      await terminal.result(terminal.json ? `${JSON.stringify(document)}\n` : `${file}: ok\n`)
    })
}

/** The built-in template in the words of a template file. */
function templateFile(): unknown {
  const { name, rules, special } = DEFAULT_LAYER_TEMPLATE
  const look = ({ name: layer, aci, lineweight, linetype }: Layer) => {
    return { layer, aci, lineweight, linetype }
  }
  return {
    name,
    replace: true,
    rules: rules.map(({ match, shapes, ...layer }) => {
      return { match, ...(shapes === null ? {} : { shapes }), ...look(layer) }
    }),
    special: Object.fromEntries(
      Object.entries(special).map(([key, layer]) => [key, look(layer as Layer)]),
    ),
  }
}

async function readTemplate(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new AppError('FILE_UNREADABLE', `${file} cannot be read.`, { cause })
  })
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('LAYERS_INVALID', `${file} is not valid JSON.`, { cause })
  }
}
