// Fills `{name}` in a text.

/** A value that a text can show. */
export type Scalar = string | number | boolean | null

/** A name that has no value becomes `?`, so that a gap shows. */
export function fillTemplate(template: string, data: Record<string, Scalar>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(data[name] ?? '?'))
}
