// `sisrua licenses`: the licence texts of everything inside the executable.
import type { Command } from 'commander'
import { readAsset } from '../base/assets.ts'
import { AppError } from '../base/errors.ts'
import type { CliContext } from './context.ts'

export function registerLicenses(program: Command, { terminal }: CliContext): void {
  program
    .command('licenses')
    .description('licence texts of the software inside this program')
    .action(() => {
      const text = readAsset('THIRD-PARTY-NOTICES.txt', 'sisrua/dist/THIRD-PARTY-NOTICES.txt')
      if (text === null) {
        throw new AppError(
          'NOT_FOUND',
          'The licence texts are part of the executable only. In a checkout read node_modules/*/LICENSE, or run npm run build:exe and read dist/THIRD-PARTY-NOTICES.txt.',
        )
      }
      return terminal.result(text)
    })
}
