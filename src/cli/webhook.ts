// `sisrua webhook`: who is told of events, a test message, and sending once more: a message, or all that a receiver did not get. Works
// on a running daemon.
import type { Command } from 'commander'
import { AppError } from '../base/errors.ts'
import { moment } from './arguments.ts'
import type { CliContext } from './context.ts'
import { addDaemonOptions, type DaemonOptions, openDaemonClient } from './daemon-client.ts'
import { cliText } from './texts.ts'

/** An endpoint on the wire, as far as this command reads it. */
interface WireEndpoint {
  id: string
  url: string
  events: string[] | null
  state: string
  waiting: number
  delivered: number
  given_up: number
}

export function registerWebhook(program: Command, context: CliContext): void {
  const text = (key: Parameters<typeof cliText>[1]): string =>
    cliText(context.terminal.language, key)
  const webhook = program.command('webhook').description('webhooks of a running daemon')
  const commands = [
    webhook
      .command('list')
      .description('who is told, and how many messages wait, arrived or were given up')
      .action((options: DaemonOptions) => list(options, context)),
    webhook
      .command('test')
      .argument('<id>', 'webhook id')
      .description('sends a webhook.test message')
      .action((id: string, options: DaemonOptions) =>
        post(`endpoints/${encodeURIComponent(id)}/test`, options, context),
      ),
    webhook
      .command('replay')
      .argument('<message>', 'message id (msg_…)')
      .description('sends a message once more, under the same id')
      .action((id: string, options: DaemonOptions) =>
        post(`messages/${encodeURIComponent(id)}/replay`, options, context),
      ),
    webhook
      .command('recover')
      .argument('<id>', 'webhook id')
      .requiredOption('--since <when>', text('recoverSince'), (value) => moment(value))
      .description(text('recoverWebhook'))
      .addHelpText('before', `${text('example')}: sisrua webhook recover 3f2a… --since 7d\n`)
      .action((id: string, options: DaemonOptions & { since: number }) =>
        recover(id, options, context),
      ),
  ]
  for (const command of commands) addDaemonOptions(command)
}

const ROOT = '/api/v1/webhooks/'

async function list(options: DaemonOptions, context: CliContext): Promise<void> {
  const client = await openDaemonClient(options, context)
  const answer = (await client.call('GET', `${ROOT}endpoints`)) as { webhooks?: WireEndpoint[] }
  if (answer.webhooks === undefined) {
    throw new AppError('UPSTREAM_UNAVAILABLE', 'The daemon sent an answer that is not understood.')
  }
  const lines = answer.webhooks.map(({ id, url, events, state, waiting, delivered, given_up }) =>
    [id, state, url, events?.join(',') ?? '*', waiting, delivered, given_up].join('\t'),
  )
  await print(context, answer, lines)
}

/** Prints the id of the test message, or to how many a replayed one goes. */
async function post(place: string, options: DaemonOptions, context: CliContext): Promise<void> {
  const client = await openDaemonClient(options, context)
  const answer = (await client.call('POST', ROOT + place)) as Record<string, unknown>
  await print(context, answer, [String(answer.message_id ?? answer.deliveries)])
}

/** Prints how many messages go out now. */
async function recover(
  id: string,
  options: DaemonOptions & { since: number },
  context: CliContext,
): Promise<void> {
  const client = await openDaemonClient(options, context)
  const place = `${ROOT}endpoints/${encodeURIComponent(id)}/recover`
  const answer = (await client.call('POST', place, { since: options.since / 1000 })) as {
    deliveries: number
  }
  await print(context, answer, [String(answer.deliveries)])
  const { terminal } = context
  terminal.say(`${answer.deliveries} ${cliText(terminal.language, 'recovering')}`)
}

async function print({ terminal }: CliContext, document: object, lines: string[]): Promise<void> {
  const text = terminal.json ? `${JSON.stringify(document)}\n` : lines.map((l) => `${l}\n`).join('')
  await terminal.result(text)
}
