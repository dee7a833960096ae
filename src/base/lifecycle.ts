// Starts the parts of the program in order and stops them in the reverse order, each within its limit.

interface Part {
  name: string
  start?(): void | Promise<void>
  stop?(): void | Promise<void>
  /** Longest stop, milliseconds; after that the next part is stopped anyway. */
  limitMs: number
}

interface StopReport {
  name: string
  outcome: 'stopped' | 'late' | 'failed'
  error?: unknown
}

export interface Lifecycle {
  /** Starts one more part. When it fails, everything started before is stopped and the error goes on. */
  add(part: Part): Promise<void>
  /** Stops everything once; later calls wait for the same stop. Never rejects. */
  stop(): Promise<StopReport[]>
}

export function createLifecycle(): Lifecycle {
  const started: Part[] = []
  let stopping: Promise<StopReport[]> | null = null
  const stop = (): Promise<StopReport[]> => {
    stopping ??= stopAll(started)
    return stopping
  }
  return {
    stop,
    async add(part) {
      try {
        await part.start?.()
        started.push(part)
      } catch (error) {
        await stop()
        throw error
      }
    },
  }
}

async function stopAll(parts: Part[]): Promise<StopReport[]> {
  const reports: StopReport[] = []
  for (const part of [...parts].reverse()) reports.push(await stopOne(part))
  return reports
}

async function stopOne(part: Part): Promise<StopReport> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), part.limitMs)
  })
  const work = Promise.resolve()
    .then(() => part.stop?.())
    .then(() => 'stopped' as const)
  try {
    return { name: part.name, outcome: await Promise.race([work, late]) }
  } catch (error) {
    return { name: part.name, outcome: 'failed', error }
  } finally {
    clearTimeout(timer)
    work.catch(() => {})
  }
}
