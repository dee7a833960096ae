// What a second import means for features that are already there: added, changed, removed, untouched, or edited by the drafter
// and therefore kept. Pure bookkeeping over ids and hashes; the features themselves are not needed here.

/** What is remembered of a stored feature. */
export interface Origin {
  /** Unique in its project: the source id, with `#2`, `#3` … for further features of the same source. */
  id: string
  /** Hash of the content as the source last gave it; null for what no source knows (drawn by hand, or gone from the source). */
  imported: string | null
  /** Hash of the content as it is stored. */
  content: string
  /** Version of the project in which the content last changed. */
  since: number
  members: string[]
}

/** A feature that comes in. */
export interface Arrival {
  /** Without number; see feature-source.ts. */
  base: string
  /** Id by which a client means a stored feature; null when it does not say. */
  id: string | null
  content: string
  members: string[]
  /** It says where it is from. */
  sourced: boolean
}

export type Outcome = 'added' | 'changed' | 'removed' | 'untouched' | 'edited'

/** How the base of a feature begins that says nothing of where it is from: one that was drawn here, and one that was imported. */
export const OWN = 'own:'
export const UNSOURCED = 'hash:'

/** One feature of the new set. */
export interface Placement {
  origin: Origin
  /** Its content is the arrival of this number, or null: the stored feature of number `stored`. */
  arrival: number | null
  stored: number | null
  /** Arrival that a kept feature stands for: it lends its polygon's number. */
  standsFor: number | null
}

export interface ChangeLine {
  id: string
  outcome: Outcome
  /** For kept edits: what became of the source meanwhile. */
  source?: 'same' | 'changed' | 'gone'
  /** The drafter took it away, and it stays away. */
  deleted?: true
}

export interface Merge {
  placements: Placement[]
  /** What the drafter took away: not drawn again by the next import. */
  deleted: Origin[]
  changes: ChangeLine[]
}

export function isEdited({ imported, content }: Origin): boolean {
  return imported !== content
}

export const baseOf = (id: string): string => id.replace(/#\d+$/, '')

/**
 * Merges an import into what is stored. Features of one source are paired by equal content first, then in order. An edited feature
 * always stays as the drafter left it; the arrival it is paired with is not drawn, nor is any line whose every way belongs to edited or
 * deleted ones. A line that also holds ways nobody touched is drawn beside the edited one: a double line is seen, a missing street is not.
 * What the drafter drew stays the drafter's, and single, when an export of the project brings it back.
 */
export function mergeImport(
  stored: readonly Origin[],
  deleted: readonly Origin[],
  arrivals: readonly Arrival[],
  version: number,
): Merge {
  const all = [...stored, ...deleted]
  const isDeleted = (i: number): boolean => i >= stored.length
  const pairs = pairUp(all, arrivals, (origin) => origin.imported)
  const owned = new Set<string>()
  all.forEach((origin, i) => {
    if (isDeleted(i) || isEdited(origin)) for (const member of origin.members) owned.add(member)
  })
  const isOwned = ({ members }: Arrival): boolean => members.every((one) => owned.has(one))
  const merge: Merge = { placements: [], deleted: [], changes: [] }
  const names = createNames(all)
  const add = (i: number): void => {
    const { base, content, members } = arrivals[i]!
    const id = names(base)
    const origin = { id, imported: content, content, since: version, members }
    merge.placements.push({ origin, arrival: i, stored: null, standsFor: null })
    merge.changes.push({ id, outcome: 'added' })
  }

  arrivals.forEach((arrival, i) => {
    const at = pairs.ofArrival[i]!
    if (at < 0) {
      if (arrival.members.length === 0 || !isOwned(arrival)) add(i)
      return
    }
    const old = all[at]!
    const replaces = isOwned(arrival)
    if (isDeleted(at)) {
      merge.deleted.push(replaces ? { ...old, imported: arrival.content } : old)
      merge.changes.push({ id: old.id, outcome: 'edited', deleted: true })
      if (!replaces) add(i)
    } else if (old.id.startsWith(OWN)) {
      merge.placements.push({ origin: old, arrival: null, stored: at, standsFor: null })
      const source = old.content === arrival.content ? 'same' : 'changed'
      merge.changes.push({ id: old.id, outcome: 'edited', source })
    } else if (old.content === arrival.content || !isEdited(old)) {
      const same = old.content === arrival.content
      const origin = {
        id: old.id,
        imported: arrival.content,
        content: arrival.content,
        since: same ? old.since : version,
        members: arrival.members,
      }
      merge.placements.push({ origin, arrival: i, stored: null, standsFor: null })
      merge.changes.push({ id: old.id, outcome: same ? 'untouched' : 'changed' })
    } else {
      const origin = { ...old, imported: replaces ? arrival.content : null }
      merge.placements.push({ origin, arrival: null, stored: at, standsFor: replaces ? i : null })
      const source = old.imported === arrival.content ? 'same' : 'changed'
      merge.changes.push({ id: old.id, outcome: 'edited', source })
      if (!replaces) add(i)
    }
  })
  all.forEach((old, i) => {
    if (pairs.used[i] === 1) return
    if (isDeleted(i)) {
      merge.deleted.push(old)
      merge.changes.push({ id: old.id, outcome: 'edited', deleted: true })
    } else if (isEdited(old)) {
      const origin = { ...old, imported: null }
      merge.placements.push({ origin, arrival: null, stored: i, standsFor: null })
      merge.changes.push({ id: old.id, outcome: 'edited', source: 'gone' })
    } else merge.changes.push({ id: old.id, outcome: 'removed' })
  })
  return merge
}

/**
 * Takes what a drafter hands in as the whole new set, and keeps what the source once said of each feature, so that the next import can
 * tell the edits. What says where it is from and was not there before counts as it stands in its source; a further feature of a source
 * that is there already is the drafter's, who broke a line in two or copied it with all that hangs on it.
 */
export function mergeEdit(
  stored: readonly Origin[],
  deleted: readonly Origin[],
  arrivals: readonly Arrival[],
  version: number,
): Merge {
  const all = [...stored, ...deleted]
  const pairs = pairUp(all, arrivals, (origin) => origin.content)
  const merge: Merge = { placements: [], deleted: [], changes: [] }
  const names = createNames(all)
  const bases = new Set(all.map(({ id }) => baseOf(id)))
  arrivals.forEach(({ base, content, members, sourced }, i) => {
    const at = pairs.ofArrival[i]!
    const old = at < 0 ? null : all[at]!
    const same = old !== null && at < stored.length && old.content === content
    const isOfSource = sourced && !bases.has(base)
    const origin: Origin =
      old === null
        ? {
            id: names(base),
            imported: isOfSource ? content : null,
            content,
            since: version,
            members: isOfSource ? members : [],
          }
        : {
            ...old,
            content,
            since: same ? old.since : version,
            members: [...new Set([...old.members, ...members])],
          }
    merge.placements.push({ origin, arrival: i, stored: null, standsFor: null })
    const outcome = at < 0 || at >= stored.length ? 'added' : same ? 'untouched' : 'changed'
    merge.changes.push({ id: origin.id, outcome })
  })
  all.forEach((old, i) => {
    if (pairs.used[i] === 1) return
    if (i >= stored.length) merge.deleted.push(old)
    else {
      merge.changes.push({ id: old.id, outcome: 'removed' })
      if (old.imported !== null) merge.deleted.push(old)
    }
  })
  return merge
}

interface Pairs {
  /** Number of the origin, -1 for none. */
  ofArrival: Int32Array
  used: Uint8Array
}

/** Pairs arrivals with origins: by the id they name, then by source and equal hash, then by source in order. Linear. */
function pairUp(
  origins: readonly Origin[],
  arrivals: readonly Arrival[],
  hashOf: (origin: Origin) => string | null,
): Pairs {
  const ofArrival = new Int32Array(arrivals.length).fill(-1)
  const used = new Uint8Array(origins.length)
  const byId = new Map<string, number[]>()
  const byHash = new Map<string, number[]>()
  const known = new Map<string, number[]>()
  const unknown = new Map<string, number[]>()
  for (let i = origins.length - 1; i >= 0; i--) {
    const origin = origins[i]!
    const base = baseOf(origin.id)
    push(byId, origin.id, i)
    push(byHash, `${base}\n${hashOf(origin)}`, i)
    // What the source knows comes before what stands beside it.
    push(origin.imported === null ? unknown : known, base, i)
  }
  const take = (map: Map<string, number[]>, key: string, arrival: number): void => {
    const waiting = map.get(key)
    while (ofArrival[arrival] === -1 && waiting !== undefined && waiting.length > 0) {
      const i = waiting.pop()!
      if (used[i] === 1) continue
      used[i] = 1
      ofArrival[arrival] = i
    }
  }
  const pass = (map: Map<string, number[]>, keyOf: (arrival: Arrival) => string | null): void => {
    arrivals.forEach((arrival, i) => {
      const key = ofArrival[i] === -1 ? keyOf(arrival) : null
      if (key !== null) take(map, key, i)
    })
  }
  pass(byId, ({ id }) => id)
  pass(byHash, ({ base, content }) => `${base}\n${content}`)
  pass(known, ({ base }) => base)
  pass(unknown, ({ base }) => base)
  // What the drafter drew, in a project that was exported and comes in again.
  pass(unknown, ({ base }) =>
    base.startsWith(UNSOURCED) ? OWN + base.slice(UNSOURCED.length) : null,
  )
  return { ofArrival, used }
}

function push(map: Map<string, number[]>, key: string, value: number): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}

/** Gives a source's next features the next free number. */
function createNames(taken: readonly Origin[]): (base: string) => string {
  const newest = new Map<string, number>()
  for (const { id } of taken) {
    const number = Number(/#(\d+)$/.exec(id)?.[1] ?? 1)
    const base = baseOf(id)
    newest.set(base, Math.max(newest.get(base) ?? 0, number))
  }
  return (base) => {
    const number = (newest.get(base) ?? 0) + 1
    newest.set(base, number)
    return number === 1 ? base : `${base}#${number}`
  }
}
