// KMZ as people pack it: which document is shown, links inside the archive, and archives made to do harm.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { isZip, linkedDocument, readKmz } from '../../src/sources/kmz.ts'
import { runProgram } from '../support/program.ts'
import { describeWithSharedData, sharedData } from '../support/shared-data.ts'

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'sisrua-kmz-'))
afterAll(() => fs.rmSync(root, { recursive: true, force: true }))

const kml = (body: string) =>
  `<kml xmlns="http://www.opengis.net/kml/2.2"><Document>${body}</Document></kml>`
const place = (name: string) =>
  `<Placemark><name>${name}</name><LineString><coordinates>-45,-22 -45.001,-22.001</coordinates></LineString></Placemark>`
const link = (href: string) =>
  `<NetworkLink><name>n</name><Link><href>${href}</href></Link></NetworkLink>`

/** An archive of files in the order given, packed by Python. */
function pack(name: string, files: [string, string][]): Uint8Array {
  const file = path.join(root, name)
  const script =
    'import sys,json,zipfile\nz=zipfile.ZipFile(sys.argv[1],"w",zipfile.ZIP_DEFLATED)\nfor n,t in json.load(sys.stdin): z.writestr(n,t)\nz.close()'
  execFileSync('python3', ['-c', script, file], { input: JSON.stringify(files) })
  return fs.readFileSync(file)
}

describe('the document of a KMZ', () => {
  it.each([
    ['doc.kml wherever it stands', ['a.kml', 'sub/doc.kml', 'doc.kml'], 'doc.kml'],
    ['the first at the root without one', ['sub/x.kml', 'rede.kml', 'b.kml'], 'rede.kml'],
    ['the first anywhere when the root has none', ['pic.png', 'z/c.kml', 'a/a.kml'], 'z/c.kml'],
  ])('%s', async (_, names, main) => {
    const bytes = pack(
      'choice.kmz',
      names.map((name) => [name, kml(place(name))]),
    )
    expect(isZip(bytes)).toBe(true)
    const kmz = await readKmz(bytes)
    expect(kmz.main).toBe(main)
    expect([...kmz.documents.keys()]).toEqual(names.filter((name) => name.endsWith('.kml')))
  })

  it('finds linked documents from where the link stands, and none outside', async () => {
    const kmz = await readKmz(
      pack('links.kmz', [
        ['doc.kml', kml('')],
        ['files/a.kml', kml('')],
        ['files/b.kml', kml('')],
      ]),
    )
    expect(linkedDocument(kmz, 'doc.kml', 'files/a.kml')).toBe('files/a.kml')
    expect(linkedDocument(kmz, 'files/a.kml', './b.kml')).toBe('files/b.kml')
    expect(linkedDocument(kmz, 'files/a.kml', '..\\doc.kml')).toBe('doc.kml')
    expect(linkedDocument(kmz, 'doc.kml', '../../etc/passwd.kml')).toBeNull()
    expect(linkedDocument(kmz, 'doc.kml', 'http://example.com/files/a.kml')).toBeNull()
  })
})

describe('a harmful or broken KMZ is refused at once', () => {
  it.each([
    ['a bomb', () => pack('bomb.kmz', [['doc.kml', ' '.repeat(70 << 20)]]), /more than 64 MB/],
    ['no KML', () => pack('none.kmz', [['a.txt', 'x']]), /holds no KML/],
    ['cut short', () => pack('cut.kmz', [['doc.kml', kml('')]]).subarray(0, 60), /damaged/],
    [
      'too many files',
      () =>
        pack(
          'many.kmz',
          Array.from({ length: 10_001 }, (_, i) => [`${i}.png`, '']),
        ),
      /more than 10000 files/,
    ],
  ])('%s', async (_, make, words) => {
    await expect(readKmz(make())).rejects.toMatchObject({
      code: 'KML_INVALID',
      message: expect.stringMatching(words),
    })
  })

  it('one that says it is small and is not', async () => {
    const bytes = Buffer.from(pack('liar.kmz', [['doc.kml', ' '.repeat(1 << 20)]]))
    const central = bytes.indexOf('PK\u0001\u0002')
    bytes.writeUInt32LE(10, central + 24)
    await expect(readKmz(bytes)).rejects.toMatchObject({
      code: 'KML_INVALID',
      message: expect.stringMatching(/damaged/),
    })
  })
})

describe('prepare kml', () => {
  it('draws the main document and those it links to inside, each once', async () => {
    pack('linked.kmz', [
      ['files/tail.kml', kml(place('tail') + link('../doc.kml'))],
      ['doc.kml', kml(place('head') + link('files/tail.kml') + link('http://127.0.0.1:9/x.kml'))],
      ['files/apart.kml', kml(place('apart'))],
    ])
    const { code, stdout } = await runProgram(
      ['prepare', 'kml', path.join(root, 'linked.kmz'), '--json'],
      root,
    )
    expect(code).toBe(0)
    const names = JSON.parse(stdout).features.map(({ name }: { name: string }) => name)
    expect(names).toEqual(['head', 'tail'])
  })
})

describeWithSharedData('KMZ of other programs', () => {
  it('the network of a town: as many lines as GDAL finds', async () => {
    const file = sharedData('vector/bdgd/rede_mt.kmz')!
    const { code, stdout } = await runProgram(['prepare', 'geojson', file, '--json'], root)
    expect(code).toBe(0)
    expect(JSON.parse(stdout).features).toHaveLength(1_088)
  })

  it.each(['bad-too-large', 'overflow_unzOpenCurrentFile', 'overflow_unzReadCurrentFile'])(
    'the damaged archive %s costs an error',
    async (name) => {
      const bytes = fs.readFileSync(sharedData(`vector/kmz/lk_kmz_${name}.kmz`)!)
      await expect(readKmz(bytes)).rejects.toMatchObject({ code: 'KML_INVALID' })
    },
  )
})
