// What the gate found out about a request, for the routes behind it.
import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { AppError } from '../base/errors.ts'
import type { Language } from '../base/texts.ts'
import type { Principal } from './access.ts'
import type { Admission } from './guard.ts'

export interface Env {
  Bindings: HttpBindings
}

/** The application that routes mount themselves on. */
export type App = OpenAPIHono<Env>

/** Any route's context: the helpers below do not care which inputs it validated. */
// biome-ignore lint/suspicious/noExplicitAny: the path and input types differ per route and play no part here
export type AnyContext = Context<Env, any, any>

const admissions = new WeakMap<IncomingMessage, Admission>()

export function rememberAdmission(request: IncomingMessage, admission: Admission): void {
  admissions.set(request, admission)
}

/** Nothing reaches a route without having passed the gate; if it did, the answer is an error. */
export function admissionOf(c: AnyContext): Admission {
  const admission = admissions.get(c.env.incoming)
  if (admission === undefined) throw new AppError('INTERNAL')
  return admission
}

/** The principal of a route that is not public. */
export function actorOf(c: AnyContext): Principal {
  const { principal } = admissionOf(c)
  if (principal === null) throw new AppError('AUTH_REQUIRED')
  return principal
}

export function languageOf(c: AnyContext): Language {
  return admissionOf(c).language
}

/** Hono answers HEAD by running GET; a route that would open a file asks here first. */
export function isHead(c: AnyContext): boolean {
  return c.env.incoming.method === 'HEAD'
}
