// What a user reads for a conflict that is more than a version: `data.why` names it. `{name}` is filled from the error's data.
import type { ErrorData } from './errors.ts'
import { fillTemplate } from './text-template.ts'
import type { Language } from './texts.ts'

const CONFLICT_TEXTS = {
  service_name_taken: {
    'pt-BR': 'Já existe um serviço com este nome. Crie uma nova versão dele.',
    en: 'There is a service of this name already. Give it another version instead.',
  },
  service_version_taken: {
    'pt-BR': 'O serviço já tem a versão {semver}. Use outro número.',
    en: 'The service has a version {semver} already. Use another number.',
  },
  service_version_frozen: {
    'pt-BR': 'A versão {semver} foi publicada e não muda mais. Crie outra versão.',
    en: 'Version {semver} was published and never changes. Draft a new one.',
  },
  service_version_draft: {
    'pt-BR': 'A versão {semver} é um rascunho. Publique-a primeiro.',
    en: 'Version {semver} is a draft. Publish it first.',
  },
  service_version_changed: {
    'pt-BR':
      'A versão {semver} foi alterada por outra pessoa ou janela. Recarregue-a e tente de novo.',
    en: 'Version {semver} was changed elsewhere. Load it again and retry.',
  },
  service_inactive: {
    'pt-BR': 'Nenhuma versão deste serviço está ativa. Ative uma ou indique-a no pedido.',
    en: 'No version of this service is active. Activate one, or name one.',
  },
} as const

export type Conflict = keyof typeof CONFLICT_TEXTS

/** Null for a conflict that has no text of its own. */
export function conflictText(language: Language, data: ErrorData): string | null {
  const { why } = data
  if (typeof why !== 'string' || !Object.hasOwn(CONFLICT_TEXTS, why)) return null
  return fillTemplate(CONFLICT_TEXTS[why as Conflict][language], data)
}
