// `sisrua webhook`: who is told of events, a test message, and sending a message once more. Works on a running daemon.
import type { Command } from 'commander'
import { AppError } from '../base/errors.ts'
import type { CliContext } from './context.ts'
import { addDaemonOptions, type DaemonOptions, openDaemonClient } from './daemon-client.ts'

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

async function print({ terminal }: CliContext, document: object, lines: string[]): Promise<void> {
  const text = terminal.json ? `${JSON.stringify(document)}\n` : lines.map((l) => `${l}\n`).join('')
  await terminal.result(text)
}
