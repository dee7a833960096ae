// What a second import means for features that are there: cases small enough to be read, and a model that may not lose an edit.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Arrival,
  mergeEdit,
  mergeImport,
  type Origin,
} from '../../src/kernel/formats/change-set.ts'
import { contentText, sourceOf } from '../../src/kernel/formats/feature-source.ts'

const SEED = 20261121

const line = (base: string, content: string, members: string[] = [base]): Arrival => ({
  base,
  id: null,
  content,
  members,
  sourced: true,
})
const outcomes = (merge: { changes: { id: string; outcome: string }[] }) =>
  Object.fromEntries(merge.changes.map(({ id, outcome }) => [id, outcome]))
const originsOf = (merge: { placements: { origin: Origin }[] }): Origin[] =>
  merge.placements.map(({ origin }) => origin)

const first = () =>
  originsOf(mergeImport([], [], [line('way:1', 'a'), line('way:2', 'b'), line('way:3', 'c')], 2))

describe('a second import', () => {
  test('tells added, changed, removed and untouched apart by the source', () => {
    const merge = mergeImport(
      first(),
      [],
      [line('way:1', 'a'), line('way:2', 'B'), line('way:4', 'd')],
      3,
    )
    expect(outcomes(merge)).toEqual({
      'way:1': 'untouched',
      'way:2': 'changed',
      'way:3': 'removed',
      'way:4': 'added',
    })
    expect(originsOf(merge).map(({ since }) => since)).toEqual([2, 3, 3])
  })

  test.each([
    ['same', [line('way:1', 'a')], 'same'],
    ['changed', [line('way:1', 'A')], 'changed'],
    ['gone', [], 'gone'],
  ])('keeps an edited feature whose source is %s', (_, arrivals, source) => {
    const [one] = first()
    const edited = { ...one!, content: 'mine' }
    const merge = mergeImport([edited], [], arrivals, 3)
    expect(merge.changes).toEqual([{ id: 'way:1', outcome: 'edited', source }])
    expect(merge.placements).toMatchObject([
      { arrival: null, stored: 0, origin: { content: 'mine' } },
    ])
  })

  test('does not draw again what the drafter took away', () => {
    const [one] = first()
    const removed = mergeEdit([one!], [], [], 3)
    expect(removed.deleted).toEqual([one])
    const again = mergeImport([], removed.deleted, [line('way:1', 'a')], 4)
    expect(again.placements).toEqual([])
    expect(again.changes).toEqual([{ id: 'way:1', outcome: 'edited', deleted: true }])
  })

  test('knows a street joined from several ways again after one of them changed', () => {
    const base = 'osm:way/10'
    const street = originsOf(
      mergeImport([], [], [line(base, 'long', ['way:10', 'way:11', 'way:12'])], 2),
    )
    const merge = mergeImport(street, [], [line(base, 'longer', ['way:10', 'way:11', 'way:99'])], 3)
    expect(outcomes(merge)).toEqual({ [base]: 'changed' })
  })

  test('draws no piece of an edited street a second time, and no way that nobody touched less', () => {
    const street = originsOf(mergeImport([], [], [line('way:1', 'long', ['way:1', 'way:2'])], 2))
    const edited = { ...street[0]!, content: 'mine' }
    const apart = mergeImport(
      [edited],
      [],
      [line('way:1', 'x'), line('way:2', 'y'), line('way:3', 'z')],
      3,
    )
    expect(originsOf(apart).map(({ content }) => content)).toEqual(['mine', 'z'])
  })
})

describe('what a drafter makes of a line of the source', () => {
  const named = (id: string, base: string, content: string): Arrival => ({
    ...line(base, content, ['way:1', 'way:2']),
    id,
  })
  /** A street of two ways that comes in two pieces, and one beside it. */
  const street = () =>
    originsOf(
      mergeImport(
        [],
        [],
        [
          line('way:1', 'a', ['way:1', 'way:2']),
          line('way:1', 'b', ['way:1', 'way:2']),
          line('way:3', 'c'),
        ],
        2,
      ),
    )
  const source = [
    line('way:1', 'a', ['way:1', 'way:2']),
    line('way:1', 'b', ['way:1', 'way:2']),
    line('way:3', 'c'),
  ]
  const contents = (merge: { placements: { origin: Origin }[] }) =>
    originsOf(merge)
      .map(({ content }) => content)
      .sort()

  test.each([
    ['broken in two, both with the id', ['a1', 'a2'], { edited: 2, untouched: 2 }],
    ['copied and moved', ['a', 'mine'], { edited: 1, untouched: 3 }],
    ['copied in its place', ['a', 'a'], { edited: 1, untouched: 3 }],
  ])('%s, is not lost with the next import', (_, made, expected) => {
    const drawn = made.map((content) => named('way:1', 'way:1', content))
    const rest = [named('way:1#2', 'way:1', 'b'), { ...line('way:3', 'c'), id: 'way:3' }]
    const edit = mergeEdit(street(), [], [...drawn, ...rest], 3)
    expect(new Set(originsOf(edit).map(({ id }) => id)).size).toBe(4)
    const again = mergeImport(originsOf(edit), edit.deleted, source, 4)
    expect(contents(again)).toEqual([...made, 'b', 'c'].sort())
    const counts = { edited: 0, untouched: 0 }
    for (const { outcome } of again.changes) counts[outcome as 'edited']++
    expect(counts).toEqual(expected)
  })

  test('and a copy elsewhere does not stand for the street, when that comes apart', () => {
    const rest = [named('way:1#2', 'way:1', 'b'), { ...line('way:3', 'c'), id: 'way:3' }]
    const copied = [named('way:1', 'way:1', 'a'), named('way:1', 'way:1', 'mine'), ...rest]
    const edit = mergeEdit(street(), [], copied, 3)
    const apart = [line('way:1', 'x'), line('way:2', 'y'), line('way:3', 'c')]
    const again = mergeImport(originsOf(edit), edit.deleted, apart, 4)
    expect(contents(again)).toEqual(['c', 'mine', 'x', 'y'])
  })

  test('control: what comes for the first time with its source counts as it stands there', () => {
    const first = mergeEdit([], [], source, 2)
    const again = mergeImport(originsOf(first), [], [line('way:3', 'c')], 3)
    expect(outcomes(again)).toEqual({
      'way:1': 'removed',
      'way:1#2': 'removed',
      'way:3': 'untouched',
    })
  })
})

describe('the source of a feature', () => {
  test('is the lowest way of a joined street, whatever the order they come in', () => {
    const coords_xy = [
      [0, 0],
      [1, 1],
    ]
    const one = sourceOf({
      coords_xy,
      source_id: 'way/99',
      merged_source_ids: ['way/100', 'way/7'],
    })
    const other = sourceOf({
      coords_xy,
      source_id: 'way/100',
      merged_source_ids: ['way/7', 'way/99'],
    })
    expect(one.base).toBe('osm:way/7')
    expect(other.base).toBe(one.base)
    expect(new Set(other.members)).toEqual(new Set(one.members))
  })

  test('is the id of a GeoJSON feature, and nothing where there is none', () => {
    expect(sourceOf({ original_geojson_properties: { id: 'P-17' } }).base).toBe('geojson:P-17')
    expect(sourceOf({ original_geojson_properties: { '@id': 'way/5' } }).base).toBe('osm:way/5')
    expect(sourceOf({ source_id: 'geojson/0', original_geojson_properties: {} }).base).toBeNull()
  })

  test('content does not change with the order of keys or with keys left away, and does with a coordinate', () => {
    const text = contentText({
      layer: 'x',
      name: null,
      coords_xy: [
        [1, 2],
        [3, 4],
      ],
    })
    expect(
      contentText({
        coords_xy: [
          [1, 2],
          [3, 4.000001],
        ],
        layer: 'x',
      }),
    ).toBe(text)
    expect(
      contentText({
        coords_xy: [
          [1, 2],
          [3, 4.001],
        ],
        layer: 'x',
      }),
    ).not.toBe(text)
  })
})

/** What a drafter or a source may do; numbers are taken modulo what is there. */
type Step =
  | { kind: 'edit'; at: number; content: string }
  | { kind: 'delete'; at: number }
  | { kind: 'draw'; content: string }
  | { kind: 'import'; source: { way: number; content: string }[] }

const content = fc.constantFrom('a', 'b', 'c', 'd')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('edit' as const),
    at: fc.nat(20),
    content: fc.constantFrom('m1', 'm2', 'm3'),
  }),
  fc.record({ kind: fc.constant('delete' as const), at: fc.nat(20) }),
  fc.record({ kind: fc.constant('draw' as const), content: fc.constantFrom('own1', 'own2') }),
  fc.record({
    kind: fc.constant('import' as const),
    // The same way may come in several pieces, as a clipped street does.
    source: fc.array(fc.record({ way: fc.nat(6), content }), { maxLength: 12 }),
  }),
)

describe(`random drafters and sources (seed ${SEED})`, () => {
  /** Returns what was lost or changed against the promise; the merge is a parameter so that a wrong one can be shown to fail. */
  function play(steps: Step[], merge: typeof mergeImport): string | null {
    let stored: Origin[] = []
    let deleted: Origin[] = []
    let version = 1
    /** The model: what the drafter made, by id; null for taken away. */
    const mine = new Map<string, string | null>()
    const asArrival = ({ id, content: text }: Origin): Arrival => ({
      base: id.replace(/#\d+$/, ''),
      id,
      content: text,
      members: [],
      sourced: true,
    })
    for (const one of steps) {
      version++
      if (one.kind === 'import') {
        const before = new Map(stored.map((origin) => [origin.id, origin]))
        const arrivals = one.source.map((piece) => line(`way:${piece.way}`, piece.content))
        const result = merge(stored, deleted, arrivals, version)
        stored = originsOf(result)
        deleted = result.deleted
        const now = new Map(stored.map((origin) => [origin.id, origin]))
        if (now.size !== stored.length) return 'two features with one id'
        for (const { id, outcome } of result.changes) {
          const same = now.get(id)?.content === before.get(id)?.content
          if (outcome === 'untouched' && !same) return `untouched ${id} changed`
          if (outcome === 'untouched' && now.get(id)!.since !== before.get(id)!.since)
            return `untouched ${id} has a new version`
          if (outcome === 'removed' && now.has(id)) return `removed ${id} is there`
          if (outcome === 'added' && before.has(id)) return `added ${id} was there`
        }
        for (const [id, content] of mine) {
          if (content === null ? now.has(id) : now.get(id)?.content !== content)
            return `${id} was ${content} by the drafter and is ${now.get(id)?.content}`
        }
        // Whoever the source caught up with is the source's again.
        for (const { id, imported, content } of stored) if (imported === content) mine.delete(id)
        continue
      }
      const arrivals = stored.map(asArrival)
      if (one.kind === 'draw') {
        arrivals.push({
          base: `own:${one.content}`,
          id: null,
          content: one.content,
          members: [],
          sourced: false,
        })
      } else if (stored.length > 0) {
        const at = one.at % stored.length
        if (one.kind === 'delete') arrivals.splice(at, 1)
        else arrivals[at] = { ...arrivals[at]!, content: one.content }
      }
      const result = mergeEdit(stored, deleted, arrivals, version)
      const gone = new Set(stored.map(({ id }) => id))
      stored = originsOf(result)
      deleted = result.deleted
      for (const { id } of stored) gone.delete(id)
      for (const id of gone) {
        if (deleted.some((origin) => origin.id === id)) mine.set(id, null)
        else mine.delete(id)
      }
      for (const { id, imported, content } of stored) {
        if (imported !== content) mine.set(id, content)
        else mine.delete(id)
      }
    }
    return null
  }
  const steps = fc.array(step, { maxLength: 14 })
  const options = { seed: SEED, numRuns: 3_000 }

  test('no edited feature is ever lost, no deleted one comes back, untouched ones stay as they are', () => {
    fc.assert(
      fc.property(steps, (list) => {
        expect(play(list, mergeImport)).toBeNull()
      }),
      options,
    )
  })

  test('an import that forgets who edited what does not pass (negative control)', () => {
    const careless: typeof mergeImport = (stored, deleted, arrivals, version) =>
      mergeImport(
        stored.map((origin) => ({ ...origin, imported: origin.content })),
        deleted,
        arrivals,
        version,
      )
    const verdict = fc.check(
      fc.property(steps, (list) => play(list, careless) === null),
      options,
    )
    expect(verdict.failed).toBe(true)
  })
})
