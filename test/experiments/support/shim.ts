// Builds the storage library with the C compiler of the machine and plays the power cut that it recorded.
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Chance } from './experiment.ts'

const SECTOR = 512
let built: string | null = null

/** Path of the library; throws with the compiler's words when there is none. */
export function buildShim(): string {
  if (built !== null) return built
  const folder = path.join(tmpdir(), `sisrua-experiments-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  const library = path.join(folder, 'storage.so')
  const source = path.join(import.meta.dirname, '../shim/storage.c')
  execFileSync('cc', ['-O1', '-shared', '-fPIC', '-o', library, source, '-ldl', '-lpthread'])
  built = library
  return library
}

/** Environment under which a program's writes below `dataFolder` are mirrored in `shadow` as far as they are durable. */
export function mirrored(dataFolder: string, shadow: string): Record<string, string> {
  return { LD_PRELOAD: buildShim(), STORAGE_DIR: dataFolder, STORAGE_SHADOW: shadow }
}

/** What is in the data folder counts as durable: the start of a recording. */
export function beginMirror(dataFolder: string, shadow: string): void {
  rmSync(shadow, { recursive: true, force: true })
  for (const folder of ['.data', '.names', '.pending']) {
    mkdirSync(path.join(shadow, folder), { recursive: true })
  }
  mkdirSync(dataFolder, { recursive: true })
  record('')

  function record(relative: string): void {
    const lines: string[] = []
    for (const entry of readdirSync(path.join(dataFolder, relative), { withFileTypes: true })) {
      const inside = `${relative}/${entry.name}`
      const file = path.join(dataFolder, inside)
      if (entry.isDirectory()) {
        lines.push(`0 ${entry.name}\n`)
        record(inside)
      } else {
        const { ino } = statSync(file)
        lines.push(`${ino} ${entry.name}\n`)
        const durable = path.join(shadow, '.data', String(ino))
        // A file named by its hash is never written again under that inode: a second name costs nothing.
        if (isBlob(inside)) linkSync(file, durable)
        else copyFileSync(file, durable)
      }
    }
    writeFileSync(namesOf(shadow, relative), lines.join(''))
  }
}

const isBlob = (relative: string): boolean => /^\/blobs\/../.test(relative)

const namesOf = (shadow: string, relative: string): string =>
  path.join(shadow, '.names', `root${relative.replaceAll('/', '%')}`)

/**
 * Puts the durable state into the place of the data folder. Each sector that was written but not synced survives with
 * probability `survival`, and so do the names of each folder.
 */
export function cutPower(
  dataFolder: string,
  shadow: string,
  survival: number,
  chance: Chance,
): void {
  const real = new Map<string, string>()
  findFiles('')
  const after = `${dataFolder}.after`
  rebuild('')
  rmSync(dataFolder, { recursive: true, force: true })
  renameSync(after, dataFolder)
  beginMirror(dataFolder, shadow)

  function findFiles(relative: string): void {
    for (const entry of readdirSync(path.join(dataFolder, relative), { withFileTypes: true })) {
      const inside = `${relative}/${entry.name}`
      if (entry.isDirectory()) findFiles(inside)
      else
        real.set(String(statSync(path.join(dataFolder, inside)).ino), path.join(dataFolder, inside))
    }
  }

  function namesIn(relative: string): [string, string][] {
    const now = path.join(dataFolder, relative)
    if (survival > 0 && chance.next() < survival && existsSync(now)) {
      return readdirSync(now, { withFileTypes: true })
        .filter((entry) => !/-shm$|^logs$|instance\.lock/.test(entry.name))
        .map((entry) => [
          entry.isDirectory() ? '0' : String(statSync(path.join(now, entry.name)).ino),
          entry.name,
        ])
    }
    const list = namesOf(shadow, relative)
    if (!existsSync(list)) return []
    return readFileSync(list, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)])
  }

  function rebuild(relative: string): void {
    mkdirSync(path.join(after, relative), { recursive: true })
    for (const [inode, name] of namesIn(relative)) {
      if (inode === '0') rebuild(`${relative}/${name}`)
      else place(inode, `${relative}/${name}`)
    }
  }

  function place(inode: string, relative: string): void {
    const durable = path.join(shadow, '.data', inode)
    const file = path.join(after, relative)
    const whole = !existsSync(path.join(shadow, '.pending', inode))
    if (whole && isBlob(relative) && existsSync(durable)) linkSync(durable, file)
    else writeFileSync(file, bytesOf(inode), { mode: 0o600 })
  }

  function bytesOf(inode: string): Buffer {
    const durable = path.join(shadow, '.data', inode)
    const bytes = existsSync(durable) ? readFileSync(durable) : Buffer.alloc(0)
    const list = path.join(shadow, '.pending', inode)
    const written = real.get(inode)
    if (survival === 0 || written === undefined || !existsSync(list)) return bytes
    const now = readFileSync(written)
    const ranges = readFileSync(list)
    const after = Buffer.alloc(Math.max(bytes.length, now.length))
    bytes.copy(after)
    let length = bytes.length
    for (let at = 0; at + 16 <= ranges.length; at += 16) {
      let from = Number(ranges.readBigInt64LE(at))
      const end = Math.min(now.length, from + Number(ranges.readBigInt64LE(at + 8)))
      while (from < end) {
        const next = Math.min(end, (Math.floor(from / SECTOR) + 1) * SECTOR)
        if (chance.next() < survival) {
          now.copy(after, from, from, next)
          length = Math.max(length, next)
        }
        from = next
      }
    }
    return after.subarray(0, length)
  }
}
