// Sets of features, chunk by chunk: read, written beside the current set, and dropped when they did not become it. Each step is small,
// so that other writers and the event loop get their turn.
import { AppError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import type { ProjectRow } from '../store/projects.ts'
import type { Store } from '../store/store.ts'
import type { MergedChunk, StoredChunk } from '../workers/merge-task.ts'

export interface NewSet {
  featureSet: number
  count(): number
  add(chunk: MergedChunk): Promise<void>
  /** Takes a chunk of the current set over as it is. */
  copy(fromSet: number, fromChunk: number, count: number): Promise<void>
  /** To be called when the set does not become the current one. */
  drop(): Promise<void>
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export function createFeatureSets(store: Store) {
  const rows = store.projects
  /** The highest number given to a set of features since the start. */
  let newest = 0

  function check(text: string, expected: Buffer): string {
    if (sha256(text).equals(expected)) return text
    throw new AppError(
      'RESULT_CORRUPT',
      'Stored features of this project do not match their SHA-256. Restore a backup.',
    )
  }

  /** A number that neither a stored set has (a crash may have left one behind) nor a rival being written right now. */
  function nextNumber({ id, featureSet: current }: ProjectRow): number {
    newest = Math.max(rows.newestSet(id), current, newest) + 1
    return newest
  }

  /**
   * Throws sets away, some chunks in each commit. What is left of them by a failure or the end of the program goes with the
   * next change of the project: nothing reads it.
   */
  async function dropSets(id: string, first: number, last: number): Promise<void> {
    try {
      while (await store.group(() => rows.dropSome(id, first, last)));
    } catch {
      // What was promised is stored already.
    }
  }

  return {
    /** Those before this one, which became the current one. A later set is of somebody who has not lost yet. */
    dropBefore: (id: string, current: number): Promise<void> => dropSets(id, 0, current - 1),
    /** All of a project that was removed. */
    dropAll(removed: ProjectRow): Promise<void> {
      // A number of its own, so that a project that takes the name meanwhile gets a later one.
      return dropSets(removed.id, 0, nextNumber(removed))
    },
    nextNumber,
    begin(row: ProjectRow): NewSet {
      const { id } = row
      const featureSet = nextNumber(row)
      let chunks = 0
      let features = 0
      return {
        featureSet,
        count: () => features,
        async add({ count, features: text, sha256: hex, origins, edited }) {
          const row = { id, featureSet, n: chunks, count, features: text, origins, edited }
          await store.group(() => rows.addChunk({ ...row, sha256: Buffer.from(hex, 'hex') }))
          chunks++
          features += count
        },
        async copy(fromSet, fromChunk, count) {
          const place = { id, fromSet, fromChunk, toSet: featureSet, toChunk: chunks }
          await store.group(() => rows.copyChunk(place))
          chunks++
          features += count
        },
        drop: () => dropSets(id, featureSet, featureSet),
      }
    },

    /** Chunks in order, parsed by nobody. Throws RESULT_CORRUPT, VERSION_CONFLICT when the set was replaced meanwhile. */
    *chunks({ id, featureSet, featureCount, version }: ProjectRow) {
      let seen = 0
      for (let n = 0; seen < featureCount; n++) {
        const chunk = rows.chunk(id, featureSet, n)
        if (chunk === undefined) throw replaced(version)
        const origins =
          chunk.origins === null ? null : (JSON.parse(chunk.origins) as { id: string }[])
        const features = JSON.parse(check(chunk.features, chunk.sha256)) as Record<
          string,
          unknown
        >[]
        seen += features.length
        yield { n, features, origins }
      }
    },

    /** What a merge needs of the current set. Throws as `chunks`. */
    async forMerge({ id, featureSet, featureCount, version }: ProjectRow): Promise<StoredChunk[]> {
      const chunks: StoredChunk[] = []
      let seen = 0
      for (let n = 0; seen < featureCount; n++) {
        const chunk = rows.chunkOrigins(id, featureSet, n)
        if (chunk === undefined) throw replaced(version)
        const { origins, features, sha256: expected, count } = chunk
        chunks.push({ origins, features: features === null ? null : check(features, expected) })
        seen += count
        if (n % 8 === 7) await nextTurn()
      }
      return chunks
    },
  }
}

function replaced(version: number): AppError {
  return new AppError(
    'VERSION_CONFLICT',
    `The features of version ${version} were replaced while they were read. Read the project again.`,
    { data: { expected: version } },
  )
}
