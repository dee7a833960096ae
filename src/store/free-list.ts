// The list of pages that nothing uses, written anew from the pointer map, which says of every page what it is for
// (https://www.sqlite.org/fileformat.html#pointer_map_or_ptrmap_pages). Only the bytes of unused pages change.
import { fstatSync, readSync, writeSync } from 'node:fs'
import { PAGE_BYTES } from './header.ts'

/** Where the header keeps the first page of the list; the number of pages follows. */
const HEADER_AT = 32
/** Page sort in the pointer map: nothing uses it. */
const FREE_PAGE = 2
/** An entry of the pointer map is a sort and the page's parent. */
const ENTRY_BYTES = 5
const PER_MAP = Math.floor(PAGE_BYTES / ENTRY_BYTES)
/** SQLite itself leaves the last six places of a list page empty, beside its two numbers. */
const PER_TRUNK = PAGE_BYTES / 4 - 8
/** The page over the byte that SQLite locks is never used, and never free. */
const LOCK_PAGE = 2 ** 30 / PAGE_BYTES + 1

/** `handle`: a whole database file with pointer maps, open for reading and writing, with no log beside it. */
export function rebuildFreeList(handle: number): void {
  const free = freePages(handle)
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

function freePages(handle: number): number[] {
  const total = Math.floor(fstatSync(handle).size / PAGE_BYTES)
  const map = Buffer.alloc(PAGE_BYTES)
  const free: number[] = []
  for (let mapPage = 2; mapPage <= total; mapPage += PER_MAP + 1) {
    readSync(handle, map, 0, PAGE_BYTES, (mapPage - 1) * PAGE_BYTES)
    for (let n = 0; n < PER_MAP && mapPage + 1 + n <= total; n++) {
      const page = mapPage + 1 + n
      if (map[n * ENTRY_BYTES] === FREE_PAGE && page !== LOCK_PAGE) free.push(page)
    }
  }
  return free
}
