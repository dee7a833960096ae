// What a user reads, in Brazilian Portuguese and English: steps of a job, notes of a result, how a language is chosen.
// Texts of errors are in error-texts.ts. Codes, field names and logs are never translated.
import type { WebhookDisabled } from './events.ts'
import { NOTE_TEXTS } from './note-texts.ts'
import type { Scalar } from './text-template.ts'
import { fillTemplate } from './text-template.ts'

export type Language = 'pt-BR' | 'en'

type Both = Record<Language, string>

/** The first language of `Accept-Language` that we speak, by weight; Portuguese when none. */
export function chooseLanguage(
  header: string | null | undefined,
  fallback: Language = 'pt-BR',
): Language {
  if (!header) return fallback
  let best: Language = fallback
  let bestWeight = 0
  for (const part of header.slice(0, 256).split(',')) {
    const [tag = '', ...parameters] = part.trim().toLowerCase().split(';')
    const quality = parameters
      .map((p) => /^\s*q=([\d.]+)$/.exec(p)?.[1])
      .find((q) => q !== undefined)
    const weight = quality === undefined ? 1 : Number(quality)
    const language = tag.startsWith('pt') ? 'pt-BR' : tag.startsWith('en') ? 'en' : null
    if (language !== null && weight > bestWeight) {
      best = language
      bestWeight = weight
    }
  }
  return best
}

/** `JobStep` of jobs/job.ts → what the progress bar says. Steps of the kernel may come through as they are. */
const STEPS: Record<string, Both> = {
  created: {
    'pt-BR': 'Pedido recebido. Aguardando início.',
    en: 'Request received. Waiting to start.',
  },
  started: { 'pt-BR': 'Iniciando o processamento.', en: 'Starting.' },
  collecting: {
    'pt-BR': 'Obtendo dados do mapa e do relevo.',
    en: 'Getting map and terrain data.',
  },
  computing: { 'pt-BR': 'Processando a geometria.', en: 'Processing geometry.' },
  saving: { 'pt-BR': 'Gravando o resultado.', en: 'Saving the result.' },
  done: { 'pt-BR': 'Concluído.', en: 'Done.' },
  cancelled: { 'pt-BR': 'Cancelado pelo usuário.', en: 'Cancelled by the user.' },
  failed: { 'pt-BR': 'Falhou.', en: 'Failed.' },
  waiting_retry: { 'pt-BR': 'Aguardando nova tentativa.', en: 'Waiting to try again.' },
}

const DISABLED: Record<WebhookDisabled['reason'], Both> = {
  gone: {
    'pt-BR':
      'O webhook {host} respondeu que não existe mais (410) e foi desativado. O que ele deixou de receber fica guardado por 30 dias.',
    en: 'The webhook {host} answered that it is gone (410) and was disabled. What it did not get is kept for 30 days.',
  },
  failing: {
    'pt-BR':
      'O webhook {host} só falha há cinco dias e foi desativado. O que ele deixou de receber fica guardado por 30 dias.',
    en: 'The webhook {host} has only failed for five days and was disabled. What it did not get is kept for 30 days.',
  },
}

/** What the panel says when an endpoint of webhooks was disabled. */
export function disabledText(language: Language, { host, reason }: WebhookDisabled): string {
  return fillTemplate(DISABLED[reason][language], { host })
}

/** Text of a step; never empty, because the plugin's contract wants a string. */
export function stepText(language: Language, step: string): string {
  return (STEPS[step] ?? STEPS.computing!)[language]
}

/** Text of a note; an unknown code is shown as it is, with its data. */
export function noteText(
  language: Language,
  note: { code: string; data: Record<string, Scalar> },
): string {
  const both = NOTE_TEXTS[note.code]
  if (both === undefined) return `${note.code} ${JSON.stringify(note.data)}`
  return fillTemplate(both[language], note.data)
}
