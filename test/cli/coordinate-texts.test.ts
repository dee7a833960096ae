// One table of texts through the parser, `sisrua crs parse` and GET /api/v1/tools/geocode: all three read it alike.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseCoordinates } from '../../src/kernel/geo/coordinates-text.ts'
import { REFUSED, SAME_PLACES } from '../support/coordinate-texts.ts'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'

const ACCEPTED = SAME_PLACES.flatMap(({ texts, ...place }) =>
  texts.map((text) => ({ text, ...place })),
)
const TEXTS = [...ACCEPTED.map(({ text }) => text), ...REFUSED.map(([text]) => text)]

interface Answer {
  lat?: number
  lon?: number
  code?: string
  message?: string
}

/** The command itself, once per text, in one process. */
const COMMANDS = `
import { Command } from 'commander'
import { registerCrs } from './src/cli/crs.ts'
const texts = JSON.parse(await new Response(process.stdin).text())
const write = process.stdout.write.bind(process.stdout)
const answers = []
for (const text of texts) {
  let said = ''
  process.stdout.write = (piece) => { said += piece; return true }
  const program = new Command('sisrua').exitOverride()
  registerCrs(program)
  try {
    await program.parseAsync(['crs', 'parse', '--json', '--', text], { from: 'user' })
    answers.push(JSON.parse(said))
  } catch (error) { answers.push({ code: error.code, message: error.message }) }
}
write(JSON.stringify(answers))
`

describe('coordinates as engineers write them', () => {
  it(`reads ${ACCEPTED.length} texts and refuses ${REFUSED.length}`, () => {
    expect(ACCEPTED.length + REFUSED.length).toBeGreaterThan(250)
    expect(new Set(TEXTS).size).toBe(TEXTS.length)
  })

  it.each(ACCEPTED)('$text is $place', ({ text, lat, lon, within }) => {
    const read = parseCoordinates(text)
    expect(Math.abs(read.lat - lat)).toBeLessThanOrEqual(within)
    expect(Math.abs(read.lon - lon)).toBeLessThanOrEqual(within)
  })

  it.each(REFUSED)('refuses "%s": %s', (text, reason) => {
    expect(() => parseCoordinates(text)).toThrowError(
      expect.objectContaining({
        code: 'COORDINATES_UNREADABLE',
        message: expect.stringContaining(reason),
      }),
    )
  })
})

describe('the command line and the route', () => {
  let daemon: TestDaemon
  let said: Answer[]
  beforeAll(async () => {
    daemon = await startDaemon()
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', COMMANDS],
      {
        cwd: path.resolve(import.meta.dirname, '../..'),
        input: JSON.stringify(TEXTS),
        encoding: 'utf8',
        timeout: 60_000,
        maxBuffer: 1 << 26,
      },
    )
    expect(stderr).toBe('')
    said = JSON.parse(stdout)
  }, 90_000)
  afterAll(() => daemon.stop())

  it('answer every text alike', async () => {
    const bad: unknown[] = []
    let same = 0
    let refused = 0
    for (const [i, text] of TEXTS.entries()) {
      const { status, json } = await daemon.call(
        'GET',
        `/api/v1/tools/geocode?query=${encodeURIComponent(text)}`,
      )
      const cli = said[i]!
      if (status === 200 && cli.code === undefined) {
        // The command rounds to 12 decimals.
        const near =
          Math.abs(json.latitude - cli.lat!) < 1e-11 && Math.abs(json.longitude - cli.lon!) < 1e-11
        if (near) same++
        else bad.push([text, json, cli])
      } else if (status >= 400 && cli.code !== undefined) {
        // Without two numbers the route takes the text for a name, and there is no geocoder here; too long or empty texts stop at the gate.
        const isName = (text.match(/\d+/g) ?? []).length < 2
        const atGate = text.trim() === '' || text.length > 200
        if (isName || atGate || json.code === cli.code) refused++
        else bad.push([text, json, cli])
      } else bad.push([text, status, json, cli])
    }
    expect(bad).toEqual([])
    expect([same, refused]).toEqual([ACCEPTED.length, REFUSED.length])
  }, 60_000)

  it('take a zone as hint when the text leaves it out', async () => {
    const query = encodeURIComponent('E 788547 N 7634925')
    const bare = await daemon.call('GET', `/api/v1/tools/geocode?query=${query}`)
    expect(bare.json.code).toBe('COORDINATES_UNREADABLE')
    const hinted = await daemon.call('GET', `/api/v1/tools/geocode?query=${query}&zone=23`)
    expect(hinted.json).toMatchObject({ epsg: 31983, source: 'coordinates' })
    const wrong = await daemon.call('GET', `/api/v1/tools/geocode?query=${query}&zone=61`)
    expect(wrong.status).toBe(422)
  })
})
