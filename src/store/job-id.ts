// A job's id says which row is the job's: no index over ids is needed, which every new job would have to write a page of.

/** Hexadecimal digits of the number: a UUID's first two groups. */
const DIGITS = 12
/** Ids that older programs gave begin with the time and lie above it until row 2^36; an index finds them. */
const OLDER = '001'

/**
 * A version 4 UUID whose first 48 bits are the number of the job's row, so that ids sort as jobs were made; 74 bits of `uuid`'s
 * random ones remain.
 */
export function jobId(n: number, uuid: string): string {
  const number = n.toString(16).padStart(DIGITS, '0')
  return `${number.slice(0, 8)}-${number.slice(8)}${uuid.slice(13)}`
}

/** The number of the row that an id was made for; null for an id of an older program and for what was never an id. */
export function numberIn(id: string): number | null {
  if (id >= OLDER || !/^[0-9a-f]{8}-[0-9a-f]{4}-/.test(id)) return null
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}
