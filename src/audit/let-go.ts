// Memory that is given back by hand, where a loop reads hundreds of megabytes in pieces.

/**
 * Gives the memory of these bytes back at once; nobody may use them any more (they are empty then). The collector would wait until
 * tens of megabytes are unused, so that every piece comes to memory that no cache knows: a fifth of a sweep. Bytes that share their
 * memory with others keep it.
 */
export function letGo({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}
