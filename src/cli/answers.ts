// How the answers of a running daemon are shown.
import { AppError } from '../base/errors.ts'
import type { CliContext } from './context.ts'

/** Names come from anybody: a line break in one, or a command to the terminal, would draw what is not there. */
const CONTROLS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu
export const shown = (text: string): string => text.replaceAll(CONTROLS, ' ')

/** Of Unix seconds. */
export const isoOf = (seconds: number): string => new Date(seconds * 1_000).toISOString()

export function notUnderstood(): never {
  throw new AppError('UPSTREAM_UNAVAILABLE', 'The daemon sent an answer that is not understood.')
}

/** The whole document with --json, else the lines. */
export async function print(
  { terminal }: Pick<CliContext, 'terminal'>,
  document: object,
  lines: string[],
): Promise<void> {
  const text = terminal.json ? `${JSON.stringify(document)}\n` : lines.map((l) => `${l}\n`).join('')
  await terminal.result(text)
}
