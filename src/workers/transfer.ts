// Finds the buffers inside plain data, so that they are moved between threads instead of copied.
import { isMarkedAsUntransferable } from 'node:worker_threads'

/**
 * Every ArrayBuffer under `value` (plain objects, arrays, typed arrays), each once.
 * Left out, and thus copied: shared memory, and slices of Node's common buffer pool, which belong to others too.
 */
export function transferableBuffers(value: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>()
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (next === null || typeof next !== 'object') continue
    if (ArrayBuffer.isView(next)) add(found, next.buffer)
    else if (next instanceof ArrayBuffer) add(found, next)
    else if (Array.isArray(next)) {
      // A long list of numbers holds no buffers; its first item tells.
      if (typeof next[0] === 'object') for (const item of next) waiting.push(item)
    } else for (const key in next) waiting.push((next as Record<string, unknown>)[key])
  }
  return [...found]
}

function add(found: Set<ArrayBuffer>, buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer && !isMarkedAsUntransferable(buffer)) found.add(buffer)
}
