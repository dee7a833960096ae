// One program per data folder: eight processes start at once, the winner is killed, round after round.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, it } from 'vitest'

const ROUNDS = 4
const STARTERS = 8
const folder = mkdtempSync(path.join(tmpdir(), 'sisrua-lock-'))
let children: ChildProcess[] = []
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const SCRIPT = `
const { takeInstanceLock } = await import(${JSON.stringify(new URL('../../src/store/lock.ts', import.meta.url).href)})
try {
  takeInstanceLock(process.argv[1])
  console.log('won')
  setTimeout(() => {}, 60_000)
} catch (error) {
  console.log(error.code)
}`

function launch(): Promise<{ child: ChildProcess; word: string }> {
  const child = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    SCRIPT,
    path.join(folder, 'instance.lock'),
  ])
  children.push(child)
  return new Promise((resolve) => {
    let word = ''
    child.stdout!.on('data', (chunk) => {
      word += chunk
      if (word.includes('\n')) resolve({ child, word: word.trim() })
    })
    // Not at its exit: what it said may still be on its way.
    child.once('close', () => resolve({ child, word: word.trim() }))
  })
}

it(`${ROUNDS} rounds of ${STARTERS} simultaneous starts: exactly one winner each, also after kill -9`, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    children = []
    const starts = await Promise.all(Array.from({ length: STARTERS }, launch))
    expect(starts.map((start) => start.word).sort()).toEqual([
      ...Array.from({ length: STARTERS - 1 }, () => 'ALREADY_RUNNING'),
      'won',
    ])
    const { child } = starts.find((start) => start.word === 'won')!
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
})
