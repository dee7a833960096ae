// B4: a large log exported and checked by two verifiers that share no code; the same two on bundles with one random change each
// must come to the same answer and name the same entry.
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { BundleVerdict } from '../../src/audit/bundle-findings.ts'
import { verifyBundle } from '../../src/audit/bundle-verify.ts'
import { PYTHON_VERIFIER } from '../../src/audit/python-verifier.ts'
import { createAuditHouse } from '../support/audit-house.ts'
import { OWNER } from '../support/job-house.ts'
import { runPython, writeBundle } from './support/bundle.ts'
import {
  type Chance,
  complain,
  createChance,
  type Experiment,
  withFolder,
} from './support/experiment.ts'

/** What the design allows for a million entries. Time is printed only: a busy machine is no fault of the verifier's. */
const WANTED_S = 15
const MOST_MB = 300

const FILES = [
  'manifest.json',
  'entries.ndjson',
  'data.ndjson',
  'leaves.bin',
  'checkpoints.ndjson',
  'keys.ndjson',
  'anchors.ndjson',
]

/** What no change may pass in; a note or a key more or less takes nothing away from the others. */
const BEARING = new Set(['manifest.json', 'entries.ndjson', 'data.ndjson', 'leaves.bin'])

/** One change: a bit, a byte, a line gone, doubled or moved, a tail gone, or a file gone. */
function mutate(folder: string, chance: Chance): { what: string; bears: boolean } {
  const name = FILES[chance.below(FILES.length)]!
  const file = path.join(folder, name)
  const bytes = readFileSync(file)
  const before = Buffer.from(bytes)
  const at = chance.below(bytes.length)
  const lines = bytes.toString('latin1').split('\n')
  const line = chance.below(Math.max(1, lines.length - 1))
  const kind = chance.below(7)
  const put = (text: string[]): void => writeFileSync(file, Buffer.from(text.join('\n'), 'latin1'))
  if (kind === 0) bytes[at]! ^= 1 << chance.below(8)
  else if (kind === 1) bytes[at] = 32 + chance.below(95)
  if (kind < 2) writeFileSync(file, bytes)
  else if (kind === 2) put(lines.filter((_, i) => i !== line))
  else if (kind === 3) put(lines.flatMap((text, i) => (i === line ? [text, text] : [text])))
  else if (kind === 4) put([...lines.slice(0, line), ...lines.slice(line, -1).reverse(), ''])
  else if (kind === 5) writeFileSync(file, bytes.subarray(0, at))
  else rmSync(file)
  const after = kind === 6 ? Buffer.alloc(0) : readFileSync(file)
  return {
    what: `${name} ${['bit', 'byte', 'line gone', 'line doubled', 'lines turned', 'cut', 'gone'][kind]} at ${at}`,
    bears: BEARING.has(name) && !after.equals(before),
  }
}

/** A log with all that a log can hold: two epochs, erased data, text beyond ASCII, runs closed. */
async function smallBundle(folder: string, entries: number): Promise<string> {
  const house = createAuditHouse({ dataFolder: folder, epochEntries: 1e9 })
  house.add(entries / 2, (i) => ({ name: `João "${i}"\u0001`, share: i / 7 }))
  house.ledger.rotate()
  house.add(entries / 2)
  house.ledger.erase([2, 3, 4, 9], 'asked for', OWNER)
  const bundle = writeBundle(path.join(folder, 'bundle'), house.ledger.bundle())
  await house.close()
  return bundle
}

async function large(folder: string, entries: number) {
  const house = createAuditHouse({ dataFolder: folder, epochEntries: 1e9 })
  for (let done = 0; done < entries; done += 5_000)
    house.add(5_000, (i) => ({ features: i, epsg: 31984 }))
  const bundle = writeBundle(path.join(folder, 'bundle'), house.ledger.bundle())
  const size = house.audit.head().size
  await house.close()
  const before = process.cpuUsage()
  const here = verifyBundle(bundle)
  const used = process.cpuUsage(before)
  const began = performance.now()
  const there = await runPython(path.join(bundle, 'verify.py'), bundle)
  const seconds = (performance.now() - began) / 1000
  const peak = Math.round((there.peakKilobytes * 1024) / 1e6)
  return {
    agree: here.code === 0 && there.code === 0 && here.size === size && there.size === size,
    fits: peak < MOST_MB,
    entries: size,
    'bundle MB': Math.round(
      FILES.reduce((sum, name) => sum + statSync(path.join(bundle, name)).size, 0) / 1e6,
    ),
    'here, CPU s': ((used.user + used.system) / 1e6).toFixed(1),
    [`Python, s (wanted < ${WANTED_S})`]: seconds.toFixed(1),
    'Python, CPU s': there.cpuSeconds.toFixed(1),
    [`Python, peak MB (asserted < ${MOST_MB})`]: peak,
  }
}

const same = (here: BundleVerdict, there: { code: number; first_bad: number | null }): boolean =>
  here.code === there.code && here.firstBad === there.first_bad

export const b4: Experiment = {
  id: 'B4',
  title: 'Two verifiers without common code agree on a large export and on altered ones',
  run: (options) =>
    withFolder('b4', async (folder) => {
      const mutants = options.trials ?? (options.quick ? 40 : 1_000)
      const chance = createChance(options.seed)
      const { agree, fits, ...figures } = await withFolder('b4-large', (place) =>
        large(place, options.quick ? 20_000 : 1_000_000),
      )
      const bundle = await smallBundle(folder, 300)
      // The control: the Python verifier with its eyes shut to signatures and leaves.
      const blind = path.join(folder, 'blind.py')
      const shut = PYTHON_VERIFIER.replace(/if leaves\[.*\n/, 'pass\n').replace(
        'return text if note[-1]',
        'return text if True or note[-1]',
      )
      writeFileSync(blind, shut)
      execFileSync('/usr/bin/python3', ['-m', 'py_compile', blind])
      let failures = (agree ? 0 : 1) + (fits ? 0 : 1)
      let blindDiffers = 0
      const codes = new Map<number, number>()
      const work = path.join(folder, 'mutant')
      for (let i = 0; i < mutants; i++) {
        rmSync(work, { recursive: true, force: true })
        cpSync(bundle, work, { recursive: true })
        const { what, bears } = mutate(work, chance)
        const here = verifyBundle(work)
        const [there, shutEyed] = await Promise.all([
          runPython(path.join(bundle, 'verify.py'), work),
          i % 10 === 0 || mutants < 100 ? runPython(blind, work) : null,
        ])
        codes.set(here.code, (codes.get(here.code) ?? 0) + 1)
        if (shutEyed !== null && !same(here, shutEyed)) blindDiffers++
        if (!same(here, there) || (bears && here.code === 0)) {
          failures++
          complain(
            'B4',
            options.seed,
            i,
            `${what}: ${JSON.stringify(here)} ${JSON.stringify(there)}`,
          )
        }
      }
      return {
        trials: mutants + 1,
        failures,
        control: {
          expected: 'a verifier that looks at neither leaves nor signatures comes to other answers',
          seen: `${blindDiffers} other answers from a verifier made blind`,
          ok: blindDiffers > 0,
        },
        figures: {
          ...figures,
          'altered bundles by code': [...codes]
            .map(([code, n]) => `${code}: ${n}`)
            .sort()
            .join(', '),
        },
      }
    }),
}
