// A few features of a project set, added or taken away by their ids; chunks that none of them is in are copied as they are.
import { AppError } from '../base/errors.ts'
import { sha256, sha256Hex } from '../base/hash.ts'
import { FEATURE_LEVELS, isNestedAtMost } from '../base/nesting.ts'
import { isEdited, type Origin, OWN } from '../kernel/formats/change-set.ts'
import { contentText } from '../kernel/formats/feature-source.ts'
import type { MergedChunk } from '../workers/merge-task.ts'
import type { FeaturePatch, ProjectFeature } from './projects.ts'

/** Most features of a chunk that others are added to. */
const CHUNK = 500

/** A chunk as it is stored. */
export interface StoredPart {
  features: readonly ProjectFeature[]
  origins: readonly Origin[]
}

/**
 * Applies one patch to chunk after chunk; `version` is the one the project will have. `gone`: what the drafter took away before and
 * may put back under its id. Throws PARAMS_INVALID.
 */
export function createPatcher(
  { set, remove }: FeaturePatch,
  version: number,
  gone: readonly Origin[],
) {
  const replacements = new Map<string, ProjectFeature>()
  const additions: ProjectFeature[] = []
  for (const feature of set) {
    if (typeof feature.feature_id === 'string') replacements.set(feature.feature_id, feature)
    else additions.push(feature)
  }
  const removals = new Set(remove)
  const named = set.filter(({ feature_id: id }) => typeof id === 'string').length
  if (named > replacements.size || [...replacements.keys()].some((id) => removals.has(id))) {
    throw new AppError(
      'PARAMS_INVALID',
      'A feature is named twice. Name each one once, in `set` or in `remove`.',
    )
  }
  if (!set.every((feature) => isNestedAtMost(feature, FEATURE_LEVELS))) {
    throw new AppError(
      'PARAMS_INVALID',
      `A feature is nested more than ${FEATURE_LEVELS} levels deep. Send it flatter.`,
    )
  }
  const taken = new Set(gone.map(({ id }) => id))
  const deleted: Origin[] = []

  const chunkOf = (features: ProjectFeature[], origins: Origin[]): MergedChunk => {
    const text = JSON.stringify(features)
    const edited = origins.filter(isEdited).length
    return {
      count: features.length,
      edited,
      features: text,
      sha256: sha256Hex(text),
      origins: JSON.stringify(origins),
    }
  }
  function patched({ features, origins }: StoredPart) {
    const kept = { features: [] as ProjectFeature[], origins: [] as Origin[] }
    origins.forEach((origin, i) => {
      if (removals.delete(origin.id)) {
        if (origin.imported !== null) deleted.push(origin)
        return
      }
      const given = replacements.get(origin.id)
      replacements.delete(origin.id)
      const content = given === undefined ? origin.content : hashOf(given)
      kept.features.push(given ?? features[i]!)
      const since = content === origin.content ? origin.since : version
      kept.origins.push({ ...origin, content, since })
    })
    return kept
  }

  return {
    /** Whether new features find room in a chunk of so many; else a chunk of each drawn line would be left behind. */
    hasRoom: (count: number): boolean => set.length > 0 && count + set.length <= CHUNK,
    /** Whether the chunk has to be written anew. */
    touches: (origins: readonly Origin[]): boolean =>
      origins.some(({ id }) => replacements.has(id) || removals.has(id)),
    /** Remembers the ids of a chunk, so that new ones differ. */
    note(origins: readonly Origin[]): void {
      for (const { id } of origins) taken.add(id)
    },
    /** The chunk after the patch; null when nothing of it is left. */
    apply(part: StoredPart): MergedChunk | null {
      const { features, origins } = patched(part)
      return features.length === 0 ? null : chunkOf(features, origins)
    },
    /** What is new, behind the rest of `last`. Call after all chunks; throws PARAMS_INVALID when an id was not there. */
    rest(last: StoredPart): MergedChunk | null {
      const kept = patched(last)
      const back: ProjectFeature[] = []
      const backOrigins: Origin[] = []
      for (const origin of gone) {
        const given = replacements.get(origin.id)
        if (given === undefined || !replacements.delete(origin.id)) deleted.push(origin)
        else {
          back.push(given)
          backOrigins.push({ ...origin, content: hashOf(given), since: version })
        }
      }
      const unknown = [...replacements.keys(), ...removals][0]
      if (unknown !== undefined) {
        throw new AppError(
          'PARAMS_INVALID',
          `The project has no feature ${unknown.slice(0, 200)}. Read its features again.`,
          { data: { feature_id: unknown.slice(0, 200) } },
        )
      }
      const features = [...kept.features, ...back, ...additions]
      if (features.length === 0) return null
      const origins = additions.map((feature): Origin => {
        const content = hashOf(feature)
        let id = OWN + content
        for (let n = 2; taken.has(id); n++) id = `${OWN}${content}#${n}`
        taken.add(id)
        return { id, imported: null, content, since: version, members: [] }
      })
      return chunkOf(features, [...kept.origins, ...backOrigins, ...origins])
    },
    /** All that the drafter has taken away, after `rest`. */
    deleted,
  }
}

function hashOf(feature: ProjectFeature): string {
  return sha256(contentText(feature)).toString('base64url').slice(0, 22)
}
