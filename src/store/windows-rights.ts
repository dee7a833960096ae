// Whom Windows lets into a folder: its access list in Microsoft's notation (SDDL), which names accounts by number, because the usual
// output of icacls is in the language of the system. icacls and whoami are part of every Windows since Vista.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const LIMIT_MS = 10_000

/** Who else than the user, SYSTEM and administrators has a right to the folder: SIDs or their short names; null: not understood. */
export async function strangersOnWindows(folder: string): Promise<string[] | null> {
  const saved = path.join(tmpdir(), `sisrua-${randomBytes(6).toString('hex')}.acl`)
  try {
    const user = userIn(await run('whoami.exe', ['/user', '/fo', 'csv', '/nh']))
    await run('icacls.exe', [folder, '/save', saved, '/q'])
    return user === null ? null : strangersIn(textOf(await readFile(saved)), user)
  } finally {
    await rm(saved, { force: true })
  }
}

/** By its full name: whatever else is called so lies elsewhere. */
async function run(program: string, words: string[]): Promise<string> {
  const file = path.join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', program)
  const options = { timeout: LIMIT_MS, windowsHide: true }
  return (await promisify(execFile)(file, words, options)).stdout
}

/** The SID in a line of `whoami /user /fo csv /nh`: `"computer\name","S-1-5-21-…"`. */
export function userIn(line: string): string | null {
  return /,"(S-1-[\d-]+)"\s*$/.exec(line)?.[1] ?? null
}

/** icacls saves UTF-16, two bytes a letter. */
export function textOf(saved: Uint8Array): string {
  const bytes = Buffer.from(saved)
  return bytes.toString(bytes.includes(0) ? 'utf16le' : 'utf8')
}

/** SYSTEM, administrators, whoever owns or makes something, the local administrator; each as short name or SID. */
const TRUSTED = ['SY', 'BA', 'OW', 'CO', 'LA', 'S-1-5-18', 'S-1-5-32-544', 'S-1-3-4', 'S-1-3-0']
/** Programs that the user installed, boxed in: they are nobody else (`AC`: all of them). */
const OF_APPS = /^(AC|S-1-15-)/
/** Entries that allow: sort; flags; rights; two kinds of objects; who. */
const ALLOWED = /\((?:A|OA|XA);[^;()]*;[^;()]*;[^;()]*;[^;()]*;([^;()]+)/g

/** `saved`: what icacls saved, or any text with an access list. `user`: the user's SID. */
export function strangersIn(saved: string, user: string): string[] | null {
  const list = /D:([A-Z_]*)((?:\(.*\))?)/.exec(saved)
  if (list === null) return null
  if (list[1]!.includes('NO_ACCESS_CONTROL')) return ['everyone']
  const found = [...list[2]!.matchAll(ALLOWED)].map(([, who]) => who!)
  const strangers = found.filter(
    (who) => who !== user && !TRUSTED.includes(who) && !OF_APPS.test(who),
  )
  return [...new Set(strangers)]
}
