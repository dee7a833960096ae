// Writers against their peers: DXF against dxf-writer and ezdxf, GeoJSON against JSON.stringify. CPU time; every side of every
// pair is a process of its own, A B A B …, warmed up alike. Run alone: node test/bench/peers-writers.ts
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { polylines } from './writer-sides.ts'

export interface WriterRow {
  name: string
  /** Median CPU milliseconds. */
  ours: number
  peer: number
  /** How many times faster than the peer: the median of the pairs' ratios. */
  ratio: number
  unit: 'ms'
}

const SIDES = path.join(import.meta.dirname, 'writer-sides.ts')

const EZDXF = `
import json, sys, time, io, ezdxf
offsets, coords = json.load(sys.stdin)
started = time.process_time()
doc = ezdxf.new('R2010')
space = doc.modelspace()
for name in ('VIA-A', 'VIA-B', 'EDI', 'HID'):
    doc.layers.add(name)
names = ('VIA-A', 'VIA-B', 'EDI', 'HID')
for i in range(len(offsets) - 1):
    points = [(coords[2 * v], coords[2 * v + 1]) for v in range(offsets[i], offsets[i + 1])]
    space.add_lwpolyline(points, dxfattribs={'layer': names[i & 3]})
doc.write(io.StringIO())
print((time.process_time() - started) * 1000)
`

/** CPU milliseconds of one round of a side. */
function sideMilliseconds(side: string, count: number): number {
  return Number(
    execFileSync(process.execPath, [SIDES, side, String(count)], { timeout: 120_000 }).toString(),
  )
}

function ezdxfMilliseconds(input: string): number {
  return Number(
    execFileSync('/usr/bin/python3', ['-c', EZDXF], { input, timeout: 300_000 }).toString(),
  )
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

function pairs(name: string, rounds: number, ours: () => number, peer: () => number): WriterRow {
  const own: number[] = []
  const other: number[] = []
  for (let i = 0; i < rounds; i++) {
    own.push(ours())
    other.push(peer())
  }
  const ratio = median(own.map((time, i) => other[i]! / time))
  return { name, ours: median(own), peer: median(other), ratio, unit: 'ms' }
}

/** All rows; ezdxf's is left out where Debian's python3-ezdxf is missing. */
export function benchWriters(count = 100_000, rounds = 5): WriterRow[] {
  const row = (name: string, ours: string, peer: string) =>
    pairs(
      name,
      rounds,
      () => sideMilliseconds(ours, count),
      () => sideMilliseconds(peer, count),
    )
  const rows = [
    row(`DXF bytes of ${count} polylines; dxf-writer`, 'dxf-plain', 'dxf-writer'),
    row(
      'the same, ours with source, class, name and highway of each as extended data; dxf-writer without',
      'dxf-attributes',
      'dxf-writer',
    ),
    row(
      `GeoJSON bytes of ${count} lines, both sides from the same degrees; JSON.stringify of the ready object tree`,
      'geojson',
      'json-stringify',
    ),
    row(
      'the same, ours from UTM metres with the way back to degrees; JSON.stringify from degrees',
      'geojson-projected',
      'json-stringify',
    ),
  ]
  const { offsets, coords } = polylines(count).paths
  const input = JSON.stringify([[...offsets], [...coords]])
  try {
    // Python needs no warming up; one pair, for it takes ten seconds.
    rows.push(
      pairs(
        `DXF of ${count} polylines; ezdxf`,
        1,
        () => sideMilliseconds('dxf-plain', count),
        () => ezdxfMilliseconds(input),
      ),
    )
  } catch {
    // No such judge here; the other rows still say something.
  }
  return rows
}

if (process.argv[1] === import.meta.filename) {
  for (const row of benchWriters()) {
    console.log(
      `${row.ratio.toFixed(1)} × (${row.ours.toFixed(0)} ms against ${row.peer.toFixed(0)} ms): ${row.name}`,
    )
  }
}
