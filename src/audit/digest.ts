// Digests as strings of one character per byte, and their way into and out of bytes. Node's encoding-specific Buffer methods
// are three times faster than the general ones and exist in every version; its types leave them out.

/** A SHA-256 digest as a string of 32 characters, one per byte: three times faster in Node than Buffers. */
export type Digest = string

declare global {
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike>
    extends Uint8Array<TArrayBuffer> {
    latin1Slice(start?: number, end?: number): string
    latin1Write(text: string, at?: number): number
    utf8Write(text: string, at?: number): number
  }
}

/** A digest read from a row. */
export const digestOf = (bytes: Buffer): Digest => bytes.latin1Slice()
/** A digest as a row wants it. */
export const bytesOf = (digest: Digest): Buffer => Buffer.from(digest, 'latin1')
export const hexOf = (digest: Digest): string => bytesOf(digest).toString('hex')
export const base64Of = (digest: Digest): string => bytesOf(digest).toString('base64')
