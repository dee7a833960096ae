// The list of projects page by page: each project that is there all the while comes once, whatever others do between two pages.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { startDaemon, type TestDaemon, TOKEN } from '../support/daemon.ts'
import { createStillClock } from '../support/job-house.ts'
import { runProgram } from '../support/program.ts'

let house: TestDaemon
let clock: ReturnType<typeof createStillClock>
beforeEach(async () => {
  clock = createStillClock()
  house = await startDaemon({}, { clock })
})
afterEach(() => house.stop())

const PROJECTS = '/api/v1/projects'
const name = (n: number): string => `P${String(n).padStart(4, '0')}`
const create = (id: string) =>
  house.call('POST', PROJECTS, { project_id: id, project_name: `Rua ${id}` })
const change = async (id: string) => {
  const { version } = (await house.call('GET', `${PROJECTS}/${id}`)).json
  return house.call('PUT', `${PROJECTS}/${id}`, { version, project_name: 'changed' })
}
const idsOf = (answer: { json: { projects: { project_id: string }[] } }): string[] =>
  answer.json.projects.map(({ project_id }) => project_id)

/** Twelve projects; the ids of all pages of four, with `between` after each page. */
async function walk(
  how: 'cursor' | 'offset',
  between: (page: number) => Promise<unknown> = async () => {},
): Promise<string[]> {
  for (let n = 1; n <= 12; n++) {
    await create(name(n))
    clock.advance(10)
  }
  const seen: string[] = []
  let query: string | null = how === 'cursor' ? '&order=created' : '&offset=0'
  for (let page = 1; query !== null && page < 20; page++) {
    const answer = await house.call('GET', `${PROJECTS}?limit=4${query}`)
    expect(answer.status).toBe(200)
    seen.push(...idsOf(answer))
    await between(page)
    const { next, count } = answer.json
    if (how === 'cursor') query = next === null ? null : `&cursor=${next}`
    else query = count < 4 ? null : `&offset=${4 * page}`
    clock.advance(10)
  }
  return seen
}

const all = Array.from({ length: 12 }, (_, i) => name(12 - i))
/** After the first page one that comes later is changed; after the second, one that was seen. */
const changes = (page: number) => change(page === 1 ? 'P0002' : 'P0012')

describe('pages of projects', () => {
  it('hold all of them once, the newest first', async () => {
    expect(await walk('cursor')).toEqual(all)
  })

  it('and neither skip nor repeat one that is changed meanwhile', async () => {
    expect(await walk('cursor', changes)).toEqual(all)
  })

  test('control: by offset they do', async () => {
    const seen = await walk('offset', changes)
    expect(seen).not.toContain('P0002')
    expect(new Set(seen).size).toBeLessThan(seen.length)
  })

  it('nor when others are removed, made and made again, and the clock is set back', async () => {
    const seen = await walk('cursor', async (page) => {
      if (page > 2) return
      clock.set(clock.now() - 3_600_000)
      await house.call('DELETE', `${PROJECTS}/${name(13 - page)}`)
      await house.call('DELETE', `${PROJECTS}/${name(page)}`)
      await create(`new-${page}`)
      if (page === 2) await create('P0012')
    })
    expect(seen).toEqual(all.filter((id) => id !== 'P0001' && id !== 'P0002'))
  })

  it('are of one kind: an offset is no cursor, and what is no cursor is refused', async () => {
    await create('P1')
    for (const query of [
      'cursor=',
      'cursor=abc',
      'cursor=-1',
      'cursor=1e3',
      `cursor=${'9'.repeat(16)}`,
      'cursor=5&offset=0',
      'cursor=5&order=changed',
      'order=created&offset=1',
      'order=name',
    ]) {
      const answer = await house.call('GET', `${PROJECTS}?${query}`)
      expect([query, answer.status, answer.json.code]).toEqual([query, 422, 'PARAMS_INVALID'])
    }
    // The older way is as it was, without a word more.
    const { json } = await house.call('GET', `${PROJECTS}?limit=1&offset=0`)
    expect(Object.keys(json)).toEqual(['count', 'projects'])
  })
})

test('`sisrua project list` gives the newest thousand, with --all every one, the last changed first', async () => {
  const made = Array.from({ length: 1_030 }, (_, n) => name(n))
  for (let n = 0; n < made.length; n += 50) {
    await Promise.all(made.slice(n, n + 50).map(create))
  }
  clock.advance(1_000)
  await change('P0003')
  const home = mkdtempSync(path.join(tmpdir(), 'sisrua-pages-'))
  const list = async (...args: string[]) => {
    const daemon = ['--url', `http://127.0.0.1:${house.port}`, '--token-stdin']
    const { stdout } = await runProgram(['project', 'list', ...args, ...daemon], home, {
      input: TOKEN,
    })
    return stdout.trimEnd().split('\n')
  }
  try {
    expect(await list()).toHaveLength(1_000)
    const ids = (await list('--all')).map((line) => line.split('\t')[0])
    expect(ids).toEqual(['P0003', ...made.filter((id) => id !== 'P0003')])
    const document = JSON.parse((await list('--all', '--json')).join('\n'))
    expect([document.count, document.next]).toEqual([made.length, null])
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
