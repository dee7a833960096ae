// The list of pages that nothing uses, written anew from the pointer map. Only the bytes of unused pages change.
import { writeSync } from 'node:fs'
import { PAGE_BYTES } from './header.ts'
import { readPointerMap, SORT } from './pointer-map.ts'

/** Where the header keeps the first page of the list; the number of pages follows. */
const HEADER_AT = 32
/** SQLite itself leaves the last six places of a list page empty, beside its two numbers. */
const PER_TRUNK = PAGE_BYTES / 4 - 8
/** The page over the byte that SQLite locks is never used, and never free. */
const LOCK_PAGE = 2 ** 30 / PAGE_BYTES + 1

/** `handle`: a whole database file with pointer maps, open for reading and writing, with no log beside it. */
export function rebuildFreeList(handle: number): void {
  const free: number[] = []
  for (const { page, sort } of readPointerMap(handle)) {
    if (sort === SORT.free && page !== LOCK_PAGE) free.push(page)
  }
  const page = Buffer.alloc(PAGE_BYTES)
  for (let first = 0; first < free.length; first += PER_TRUNK + 1) {
    const leaves = free.slice(first + 1, first + 1 + PER_TRUNK)
    page.writeUInt32BE(free[first + 1 + PER_TRUNK] ?? 0, 0)
    page.writeUInt32BE(leaves.length, 4)
    for (const [n, leaf] of leaves.entries()) page.writeUInt32BE(leaf, 8 + 4 * n)
    writeSync(handle, page, 0, PAGE_BYTES, (free[first]! - 1) * PAGE_BYTES)
  }
  const header = Buffer.alloc(8)
  header.writeUInt32BE(free[0] ?? 0, 0)
  header.writeUInt32BE(free.length, 4)
  writeSync(handle, header, 0, header.length, HEADER_AT)
}
