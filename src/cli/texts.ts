// What the command line says to a person, in both languages. Errors and notes have their texts in base/.
import type { Language } from '../base/texts.ts'

const TEXTS = {
  features: { 'pt-BR': 'Feições', en: 'Features' },
  crs: { 'pt-BR': 'Sistema de referência', en: 'Coordinate system' },
  heights: { 'pt-BR': 'Altitudes', en: 'Heights' },
  noHeights: { 'pt-BR': 'sem relevo', en: 'no terrain' },
  datumUnknown: { 'pt-BR': 'datum vertical não informado', en: 'vertical datum not stated' },
  seconds: { 'pt-BR': 'Segundos', en: 'Seconds' },
  planOsm: { 'pt-BR': 'Mapa', en: 'Map' },
  planDem: { 'pt-BR': 'Relevo', en: 'Terrain' },
  planFiles: { 'pt-BR': 'Arquivos', en: 'Files' },
  fromNetwork: { 'pt-BR': 'uma consulta a', en: 'one query to' },
  offline: { 'pt-BR': 'sem servidor definido', en: 'no server set' },
  tiles: { 'pt-BR': 'recortes', en: 'windows' },
  added: { 'pt-BR': 'novas', en: 'added' },
  changed: { 'pt-BR': 'alteradas', en: 'changed' },
  removed: { 'pt-BR': 'removidas', en: 'removed' },
  untouched: { 'pt-BR': 'iguais', en: 'untouched' },
  edited: { 'pt-BR': 'editadas por você, mantidas', en: 'edited by you, kept' },
  previewOnly: {
    'pt-BR': 'Nada foi gravado. Acrescente --apply para gravar.',
    en: 'Nothing was stored. Add --apply to store it.',
  },
  imported: { 'pt-BR': 'importado', en: 'imported' },
  known: { 'pt-BR': 'já importado', en: 'imported before' },
  knownChanged: {
    'pt-BR': 'já importado; o arquivo mudou depois',
    en: 'imported before; the file has changed since',
  },
  quickOption: {
    'pt-BR':
      'confere só as entradas, por trechos: nem os dados apagáveis ao lado delas, nem as colunas em que se busca',
    en: 'checks the entries alone, in runs: neither the erasable data beside them nor the columns that searches read',
  },
  quickOnly: {
    'pt-BR':
      'Com --quick só as entradas foram conferidas. Dados e colunas ao lado delas podem ter sido alterados: sem --quick isso aparece.',
    en: 'With --quick only the entries were checked. Data and columns beside them may have been altered: without --quick that shows.',
  },
  uncheckedSignatures: {
    'pt-BR': 'com uma assinatura HMAC cuja chave não está mais aqui; o resto delas confere',
    en: 'with an HMAC signature whose key is not here any more; the rest of them is sound',
  },
  toldRollback: {
    'pt-BR':
      'O registro foi revertido: não cumpre um ponto assinado guardado fora dele, ou conta que já o descumpriu.',
    en: 'The log was rolled back: it does not fulfil a signed note kept outside of it, or tells that it once did not.',
  },
  secondUnread: {
    'pt-BR': 'A segunda pasta de âncoras não pôde ser lida; as notas dela não foram comparadas.',
    en: 'The second anchor folder could not be read; its notes were not compared.',
  },
  secondUnknownKey: {
    'pt-BR':
      'A segunda pasta de âncoras tem notas deste registro assinadas com uma chave que ele nunca teve.',
    en: 'The second anchor folder holds notes of this log signed by a key that it never had.',
  },
  recoverWebhook: {
    'pt-BR':
      'ativa o webhook e envia o que ele não recebeu desde então, também o que foi guardado enquanto estava desativado (30 dias)',
    en: 'enables the webhook and sends what it did not get since then, also what was kept while it was disabled (30 days)',
  },
  recoverSince: {
    'pt-BR': 'data, ex. 2026-11-20 ou 2026-11-20T14:30, ou há quanto tempo: 90m, 36h, 7d',
    en: 'date, e.g. 2026-11-20 or 2026-11-20T14:30, or how long ago: 90m, 36h, 7d',
  },
  example: { 'pt-BR': 'Exemplo', en: 'Example' },
  recovering: {
    'pt-BR': 'mensagens voltaram à fila; o webhook está ativo.',
    en: 'messages are on their way; the webhook is enabled.',
  },
  unreadableValues: { 'pt-BR': 'valores ilegíveis', en: 'unreadable values' },
  meant: { 'pt-BR': 'Você quis dizer', en: 'Did you mean' },
  unknownCommand: { 'pt-BR': 'comando desconhecido', en: 'unknown command' },
} as const satisfies Record<string, Record<Language, string>>

export function cliText(language: Language, key: keyof typeof TEXTS): string {
  return TEXTS[key][language]
}
