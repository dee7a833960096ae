// The small page at `/`: that the program lives, which version, and where the description of the API is.
import { createHash } from 'node:crypto'
import type { Language } from '../../base/texts.ts'
import { VERSION } from '../../base/version.ts'
import { type App, languageOf } from '../context.ts'
import type { Rooms } from '../rooms.ts'

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:38rem;margin:4rem auto;padding:0 1rem;color:#1d2733;background:#f7f8fa}h1{font-size:1.4rem}dt{color:#5b6875}dd{margin:0 0 .6rem}a{color:#0b5cad}@media(prefers-color-scheme:dark){body{color:#e6e9ee;background:#14181d}dt{color:#9aa7b4}a{color:#79b8ff}}'

const CSP = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

const WORDS: Record<Language, Record<string, string>> = {
  'pt-BR': {
    intro: 'Serviço local do plugin sisRUA. Só responde a este computador.',
    state: 'Estado',
    ready: 'pronto',
    starting: 'iniciando ou encerrando',
    version: 'Versão',
    docs: 'Descrição da API',
  },
  en: {
    intro: 'Local service of the sisRUA plugin. It answers only to this computer.',
    state: 'State',
    ready: 'ready',
    starting: 'starting or stopping',
    version: 'Version',
    docs: 'Description of the API',
  },
}

export function mountStatus(app: App, rooms: Rooms): void {
  app.get('/', (c) => {
    const language = languageOf(c)
    const words = WORDS[language]
    const state = rooms.ready() ? words.ready : words.starting
    const page = `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>sisrua</title>
<link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><h1>sisrua</h1><p>${words.intro}</p><dl><dt>${words.state}</dt><dd>${state}</dd><dt>${words.version}</dt><dd>${VERSION}</dd></dl>
<p><a href="/docs">${words.docs}</a></p></body></html>`
    return c.body(page, 200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Language': language,
      'Content-Security-Policy': CSP,
    })
  })
}
