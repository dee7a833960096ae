// The person's side of a command: what goes to which stream, in which language, with or without colour, until Ctrl-C.
import { AppError } from '../base/errors.ts'
import type { Language } from '../base/texts.ts'

export interface Terminal {
  language: Language
  /** Errors and results as one JSON document on standard output. */
  json: boolean
  /** Aborted by Ctrl-C with CANCELLED. */
  signal: AbortSignal
  /**
   * Runs work that holds the thread. Ctrl-C meanwhile ends the program at once, as the system does it (130 in a shell): a handler of
   * ours would only be heard when the work is over.
   */
  holding<T>(work: () => Promise<T>): Promise<T>
  /** The result; the only thing that ever goes to standard output. */
  result(content: string | Uint8Array): Promise<void>
  /** Whether `say` is silent: what is only said need not be computed. */
  quiet: boolean
  /** A line for the person, on standard error; silent with --quiet. */
  say(line: string): void
  /** A progress line that is overwritten in place; silent when standard error is no terminal. */
  progress(text: string, fraction: number): void
  /** Removes the progress line. */
  clearProgress(): void
}

export interface TerminalOptions {
  language: Language
  json: boolean
  quiet: boolean
  signal: AbortSignal
  env: Record<string, string | undefined>
}

const BAR_WIDTH = 24

export function createTerminal({ language, json, quiet, signal, env }: TerminalOptions): Terminal {
  const live = process.stderr.isTTY === true && env.TERM !== 'dumb' && !quiet
  let shown = false
  const clearProgress = (): void => {
    if (shown) process.stderr.write('\r\x1b[2K')
    shown = false
  }
  return {
    language,
    json,
    quiet,
    signal,
    clearProgress,
    async holding(work) {
      const handlers = process.rawListeners('SIGINT') as NodeJS.SignalsListener[]
      process.removeAllListeners('SIGINT')
      try {
        return await work()
      } finally {
        for (const handler of handlers) process.on('SIGINT', handler)
      }
    },
    result: (content) =>
      new Promise((resolve, reject) => {
        process.stdout.write(content, (error) => (error ? reject(error) : resolve()))
      }),
    say(line) {
      clearProgress()
      if (!quiet) process.stderr.write(`${line}\n`)
    },
    progress(text, fraction) {
      if (!live) return
      process.stderr.write(`\r\x1b[2K${bar(fraction)} ${text}`)
      shown = true
    },
  }
}

/** `[######      ]  50 %` */
export function bar(fraction: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_WIDTH)
  const percent = String(Math.round(fraction * 100)).padStart(3)
  return `[${'#'.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}] ${percent} %`
}

/** A signal that Ctrl-C aborts; a second Ctrl-C ends the program at once with 130. */
export function interruptSignal(): { signal: AbortSignal; dispose(): void } {
  const controller = new AbortController()
  const onInterrupt = (): void => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort(new AppError('CANCELLED', 'Cancelled by Ctrl-C; nothing was written.'))
  }
  process.on('SIGINT', onInterrupt)
  return { signal: controller.signal, dispose: () => process.off('SIGINT', onInterrupt) }
}
