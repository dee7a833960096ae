// Room on the disk: below one limit no new jobs, below another nothing but cancelling and stopping. A reserve file is
// given up when the disk is full, because even a DELETE needs room.
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'

const MIB = 1024 * 1024
/** More than the write-ahead log grows to before it is emptied: on a full disk the database file may have to grow by all of it. */
const RESERVE_BYTES = 24 * MIB
/** Below this many free bytes no new jobs are taken. */
const LOW_BYTES = 200 * MIB
/** Below this many free bytes nothing is written but what frees or ends. */
const READ_ONLY_BYTES = 50 * MIB
/** The reserve is made again when this much is free. */
const REFILL_BYTES = 128 * MIB

type DiskState = 'ok' | 'low' | 'read_only'

export interface Disk {
  state(): DiskState
  freeBytes(): number
  /** Looks again; call every half minute and after a failed write. */
  refresh(): DiskState
  /** Gives the reserve file's room back, so that retention can work on a full disk. */
  releaseReserve(): void
}

/** `readFree` answers free bytes; a parameter so that a test can fill the disk. */
export function createDisk(
  reserveFile: string,
  keepReserve: boolean,
  readFree: () => number = () => freeBytesAt(reserveFile),
): Disk {
  let free = readFree()
  fillReserve()

  function stateNow(): DiskState {
    return free < READ_ONLY_BYTES ? 'read_only' : free < LOW_BYTES ? 'low' : 'ok'
  }

  // A kill while it is written, or an earlier version, leaves a shorter file: that one is written anew.
  function reserveIsWhole(): boolean {
    const found = statSync(reserveFile, { throwIfNoEntry: false })
    return found?.isFile() === true && found.size >= RESERVE_BYTES
  }

  function fillReserve(): void {
    if (!keepReserve || free < REFILL_BYTES || reserveIsWhole()) return
    const block = Buffer.alloc(MIB)
    try {
      const handle = openSync(reserveFile, 'w', 0o600)
      try {
        // Real bytes, not a hole: a sparse file would reserve nothing.
        for (let written = 0; written < RESERVE_BYTES; written += MIB) writeSync(handle, block)
        fsyncSync(handle)
      } finally {
        closeSync(handle)
      }
    } catch {
      removeReserve()
    }
  }

  // It is a help, no more: what stands in its place, or holds it open, must not stop the program.
  function removeReserve(): void {
    try {
      rmSync(reserveFile, { force: true })
    } catch {
      // The disk stays as full as it is.
    }
  }

  return {
    state: stateNow,
    freeBytes: () => free,
    refresh() {
      free = readFree()
      fillReserve()
      return stateNow()
    },
    releaseReserve: removeReserve,
  }
}

function freeBytesAt(file: string): number {
  try {
    const folder = statfsSync(
      file.slice(0, Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\'))),
    )
    return folder.bavail * folder.bsize
  } catch {
    // Unknown is not full: some file systems do not say.
    return Number.MAX_SAFE_INTEGER
  }
}
