// Calls of the system that may never come back, as those to a network share that is gone: waited for only so long, and counted,
// because Node does not end by itself while one of them runs.
let unanswered = 0

/** Whether `work` ended within `limitMs`, in whatever way. It goes on when it did not. Never rejects. */
export async function inTime(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs)
  })
  const ended = work.then(
    () => true,
    () => true,
  )
  const done = await Promise.race([ended, late])
  clearTimeout(timer)
  if (!done) {
    unanswered++
    void ended.then(() => unanswered--)
  }
  return done
}

/** Whether a call that was given up still runs: the process must then be left with `leaveNow`. */
export const hasUnanswered = (): boolean => unanswered > 0
