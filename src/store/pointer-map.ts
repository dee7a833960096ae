// The pointer map, which says of every page of the file what it is for and which page points to it
// (https://www.sqlite.org/fileformat.html#pointer_map_or_ptrmap_pages).
import { fstatSync, readSync } from 'node:fs'
import { PAGE_BYTES } from './header.ts'

/** What a page is for. */
export const SORT = { root: 1, free: 2, firstOverflow: 3, overflow: 4, inner: 5 } as const

/** An entry is a sort and the page's parent. */
const ENTRY_BYTES = 5
const PER_MAP = Math.floor(PAGE_BYTES / ENTRY_BYTES)

interface MapEntry {
  page: number
  /** One of SORT; anything else is damage. */
  sort: number
  /** 0 for roots and free pages. */
  parent: number
}

/** Entries of all pages that have one, in order. `handle`: a whole database file with pointer maps, and no log beside it. */
export function* readPointerMap(handle: number): Generator<MapEntry> {
  const total = Math.floor(fstatSync(handle).size / PAGE_BYTES)
  const map = Buffer.alloc(PAGE_BYTES)
  for (let mapPage = 2; mapPage <= total; mapPage += PER_MAP + 1) {
    readSync(handle, map, 0, PAGE_BYTES, (mapPage - 1) * PAGE_BYTES)
    for (let n = 0; n < PER_MAP && mapPage + 1 + n <= total; n++) {
      const at = n * ENTRY_BYTES
      yield { page: mapPage + 1 + n, sort: map[at]!, parent: map.readUInt32BE(at + 1) }
    }
  }
}

export const isMapPage = (page: number): boolean => (page - 2) % (PER_MAP + 1) === 0
