// The program's icon, drawn by arithmetic: two streets crossing on a dark drawing, one pole. No binary in git.
import { crc32, deflateSync } from 'node:zlib'

type Rgba = [number, number, number, number]

const SIZES = [16, 24, 32, 48, 64, 256]
const PAPER: Rgba = [33, 40, 48, 255]
const STREET: Rgba = [230, 230, 230, 255]
const AXIS: Rgba = [255, 191, 0, 255]
const POLE: Rgba = [0, 200, 255, 255]
const CLEAR: Rgba = [0, 0, 0, 0]

/** Colour at (x, y) of the unit square, y down. */
function colorAt(x: number, y: number): Rgba {
  const corner = Math.hypot(
    Math.max(0, Math.abs(x - 0.5) - 0.36),
    Math.max(0, Math.abs(y - 0.5) - 0.36),
  )
  if (corner > 0.14) return CLEAR
  if (Math.hypot(x - 0.76, y - 0.24) < 0.085) return POLE
  const first = Math.abs(x - 0.42 - (0.5 - y) * 0.35) / 1.06
  const second = Math.abs(y - 0.6 + (0.5 - x) * 0.2) / 1.02
  if (Math.min(first, second) < 0.022) return AXIS
  if (Math.min(first, second) < 0.1) return STREET
  return PAPER
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

/** A square PNG, each pixel the mean of 4 × 4 samples. */
function png(size: number): Buffer {
  const samples = 4
  const rows = Buffer.alloc(size * (size * 4 + 1))
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const sum = [0, 0, 0, 0]
      for (let i = 0; i < samples * samples; i++) {
        const x = (column + ((i % samples) + 0.5) / samples) / size
        const y = (row + (Math.floor(i / samples) + 0.5) / samples) / size
        const [red, green, blue, alpha] = colorAt(x, y)
        sum[0]! += red * alpha
        sum[1]! += green * alpha
        sum[2]! += blue * alpha
        sum[3]! += alpha
      }
      const at = row * (size * 4 + 1) + 1 + column * 4
      const weight = sum[3]! || 1
      for (let channel = 0; channel < 3; channel++)
        rows[at + channel] = Math.round(sum[channel]! / weight)
      rows[at + 3] = Math.round(sum[3]! / (samples * samples))
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(size, 0)
  header.writeUInt32BE(size, 4)
  header.set([8, 6, 0, 0, 0], 8)
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** A Windows .ico file with PNG images (Vista and later). */
export function makeIcon(): Buffer {
  const images = SIZES.map(png)
  const directory = Buffer.alloc(6 + 16 * images.length)
  directory.writeUInt16LE(1, 2)
  directory.writeUInt16LE(images.length, 4)
  let offset = directory.length
  images.forEach((image, i) => {
    const at = 6 + 16 * i
    const size = SIZES[i]!
    directory[at] = size % 256
    directory[at + 1] = size % 256
    directory.writeUInt16LE(1, at + 4)
    directory.writeUInt16LE(32, at + 6)
    directory.writeUInt32LE(image.length, at + 8)
    directory.writeUInt32LE(offset, at + 12)
    offset += image.length
  })
  return Buffer.concat([directory, ...images])
}
