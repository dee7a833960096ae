// Which entries lost their data by an erasure that the log itself tells of. Data that is gone without one was removed in silence.

import type { AuditRow } from '../store/audit.ts'
import type { Store } from '../store/store.ts'

/** Entity and event of the entries that tell of an erasure; their `entity_id` lists audit ids: `3,7-12`. */
export const ERASED_ENTITY = 'audit.entry'
export const ERASED_EVENT = 'data.erased'

/** What each erasure lists. */
export function erasuresIn(audit: Pick<Store['audit'], 'list'>): string[] {
  const lists: string[] = []
  const filter = { entityType: ERASED_ENTITY, entityId: null, eventType: ERASED_EVENT }
  for (let before: number | null = null; ; ) {
    const rows: AuditRow[] = audit.list({ ...filter, before, limit: 1000 })
    for (const { entityId } of rows) lists.push(entityId ?? '')
    if (rows.length < 1000) return lists
    before = rows.at(-1)!.seq
  }
}

/** Of lists of audit ids, whether a `seq` is in one. */
export function erasedIn(lists: readonly string[]): (seq: number) => boolean {
  const ranges = lists
    .flatMap((list) => list.split(','))
    .map((part) => {
      const [first = 0, last = first] = part.split('-').map(Number)
      return { first, last }
    })
  return (seq) => ranges.some(({ first, last }) => first <= seq + 1 && seq + 1 <= last)
}

/** The same over a log that grows: `read` answers its lists, asked again only when `size` has changed and a `seq` is in none. */
export function createErased(
  read: () => readonly string[],
  size: () => number,
): (seq: number) => boolean {
  let known = (_: number): boolean => false
  let readAt = -1
  return (seq) => {
    if (known(seq)) return true
    const now = size()
    if (now === readAt) return false
    readAt = now
    known = erasedIn(read())
    return known(seq)
  }
}
