// Who a client says did it. The name of a person must be erasable, and an entry never changes: so the entry's actor only points to the
// data, where the name stands beside what else was told, and goes when the data is erased (reliability.md 11.1).
import type { AuditRow } from '../store/audit.ts'

/** Actor of such an entry. */
export const IN_DATA = 'data.person'

/** What is stored as the entry's data. */
export const withPerson = (person: string, data: unknown): unknown => ({
  data: data ?? null,
  person,
})

/** Who did it and the data as it was told; both null when they were erased. Entries of former versions name the person themselves. */
export function openData(row: Pick<AuditRow, 'userId' | 'data'>): {
  userId: string | null
  data: unknown
} {
  const data = row.data === null ? null : parse(row.data)
  if (row.userId !== IN_DATA) return { userId: row.userId, data }
  if (!isWrapped(data)) return { userId: null, data }
  return { userId: data.person, data: data.data }
}

/** What a disk spoilt so that it is no JSON any more stays the text it is: the entry is not intact, and its neighbours are read. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const isWrapped = (data: unknown): data is { data: unknown; person: string } =>
  typeof data === 'object' &&
  data !== null &&
  'data' in data &&
  typeof (data as { person?: unknown }).person === 'string'
