import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { AppError } from '../../src/base/errors.ts'
import { convertKml } from '../../src/workers/kml-task.ts'
import { describeWithSharedData, sharedData } from '../support/shared-data.ts'

const placemark = (name: string, coordinates: string, inside = '') =>
  `<Placemark><name>${name}</name><LineString>${inside}<coordinates>${coordinates}</coordinates></LineString></Placemark>`
const document = (body: string) =>
  `<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>${body}</Document></kml>`

// biome-ignore lint/suspicious/noExplicitAny: a document of any shape
function convert(text: string): any {
  return JSON.parse(new TextDecoder().decode(convertKml(new TextEncoder().encode(text))))
}

describe('KML', () => {
  test('folders become layers, the whole path stays readable, and a layer of its own wins', () => {
    const own = `<Placemark><name>c</name><ExtendedData><Data name="layer"><value>EIXO</value></Data></ExtendedData><Point><coordinates>-41,-21</coordinates></Point></Placemark>`
    const { features } = convert(
      document(
        `${placemark('a', '-41,-21 -41,-22')}<Folder><name>Obra</name><Folder><name> Rede </name>${placemark('b', '-41,-21 -41,-22')}${own}</Folder></Folder>`,
      ),
    )
    expect(
      features.map(({ properties }: { properties: Record<string, unknown> }) => [
        properties.name,
        properties.folder,
        properties.layer,
      ]),
    ).toEqual([
      ['a', undefined, undefined],
      ['b', 'Obra/Rede', 'Rede'],
      ['c', 'Obra/Rede', 'EIXO'],
    ])
  })

  test.each([
    ['all zero, no mode: none were given', '-41,-21,0 -41,-22,0', '', undefined],
    ['all zero, clamped', '-41,-21,0 -41,-22,0.0', 'clampToGround', undefined],
    ['clamped: what is there is not meant', '-41,-21,10 -41,-22,12', 'clampToGround', undefined],
    ['above the ground: lies on it', '-41,-21,10 -41,-22,12', 'relativeToGround', undefined],
    ['all zero, absolute: sea level', '-41,-21,0 -41,-22,0', 'absolute', 0],
    ['heights without a mode stay', '-41,-21,0 -41,-22,7', '', 0],
  ])('altitudes: %s', (_, coordinates, mode, expected) => {
    const inside = mode === '' ? '' : `<altitudeMode>${mode}</altitudeMode>`
    const { features } = convert(document(placemark('a', coordinates, inside)))
    expect(features[0].geometry.coordinates[0][2]).toBe(expected)
  })

  test('the height above the ground is kept as data', () => {
    const mode = '<altitudeMode>relativeToGround</altitudeMode>'
    const own = '<ExtendedData><Data name="TENSAO"><value>13.8</value></Data></ExtendedData>'
    const line = placemark('a', '-41,-21,10 -41,-22,12', mode)
    const heightOf = (text: string) => convert(document(text)).features[0].properties
    expect(heightOf(line)).toMatchObject({ height_above_ground: '12' })
    expect(heightOf(line.replace('</name>', `</name>${own}`))).toMatchObject({
      height_above_ground: '12',
      TENSAO: '13.8',
    })
  })

  test('the mode of a polygon holds for its rings', () => {
    const polygon = (mode: string) =>
      document(
        `<Placemark><Polygon>${mode}<outerBoundaryIs><LinearRing><coordinates>0,0,0 1,0,0 1,1,0 0,0,0</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>`,
      )
    const first = (text: string) => convert(text).features[0].geometry.coordinates[0][0]
    expect(first(polygon(''))).toEqual([0, 0])
    expect(first(polygon('<altitudeMode>absolute</altitudeMode>'))).toEqual([0, 0, 0])
  })

  test('a file of network links alone is refused with what to do', () => {
    const link =
      '<NetworkLink><name>n</name><Link><href>http://example.com/a.kml</href></Link></NetworkLink>'
    expect(() => convert(document(link))).toThrow(/links to other files/)
    expect(convert(document(link + placemark('a', '-41,-21 -41,-22'))).features).toHaveLength(1)
  })

  test('elements may carry a prefix of KML’s namespace', () => {
    const plain = document(placemark('<![CDATA[a <kml:b>]]>', '-41,-21 -41,-22'))
    const prefixed = plain
      .replace(' xmlns=', ' xmlns:k.m-l=')
      .replace(/<(\/?)(?=\w)/g, '<$1k.m-l:')
      .replace('<k.m-l:kml:b>', '<kml:b>')
    expect(prefixed).toContain('<k.m-l:Placemark>')
    expect(convert(prefixed)).toEqual(convert(plain))
  })

  const encoded = (encoding: string, bytes: (text: string) => Uint8Array) => {
    const text = document(placemark('Ligação São João', '-41,-21 -41,-22'))
    const declared = text.replace('?>', ` encoding="${encoding}"?>`)
    return JSON.parse(new TextDecoder().decode(convertKml(bytes(declared)))).features[0].properties
  }
  const latin1 = (text: string) => Buffer.from(text, 'latin1')
  test.each([
    ['ISO-8859-1', latin1],
    ['windows-1252', latin1],
    ['utf-8', latin1],
    ['UTF-8', (text: string) => Buffer.from(text)],
    ['ISO-8859-1', (text: string) => Buffer.from(text)],
    ['UTF-16', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
  ])('accents survive a file that declares %s (case %#)', (encoding, bytes) => {
    // What says UTF-8 and is not loses its accents, as in a browser; nothing else does.
    const lost = encoding === 'utf-8'
    expect(encoded(encoding, bytes).name).toBe(
      lost ? 'Liga\ufffd\ufffdo S\ufffdo Jo\ufffdo' : 'Ligação São João',
    )
  })

  test('an encoding that nobody knows is refused', () => {
    expect(() => encoded('klingon', latin1)).toThrow(/encoding klingon/)
  })

  test('spaces beside commas are forgiven, a position that is none is named', () => {
    const spaced = convert(document(placemark('a', ' -41, -21 ,0\n\t-41 , -22, 5 ')))
    expect(spaced.features[0].geometry.coordinates).toEqual([
      [-41, -21, 0],
      [-41, -22, 5],
    ])
    expect(() => convert(document(placemark('a', '-41,-21 abc -41,-22')))).toThrow(/"abc"/)
    expect(() => convert(document(placemark('a', '-41,-21,-41,-22')))).toThrow(/position/)
  })

  test('long runs of anything take linear time', () => {
    const start = process.cpuUsage()
    const long = 400_000
    for (const text of [' '.repeat(long), '1'.repeat(long), ','.repeat(long), '1.'.repeat(long)]) {
      expect(() => convert(document(placemark('a', `-41,-21 ${text} x`)))).toThrow(AppError)
    }
    const open = document(placemark('a', '-41,-21 -41,-22')).replace('xmlns=', 'xmlns:kml=')
    expect(() => convert(open + '<!--'.repeat(long))).toThrow(AppError)
    // Quadratic time would be minutes.
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(20)
  })
})

describeWithSharedData('KML of other programs', () => {
  const expected = JSON.parse(readFileSync(sharedData('vector/EXPECTED_OGR.json')!, 'utf8'))
  const folder = sharedData('vector/kml')!
  test.each(readdirSync(folder).filter((name) => name.endsWith('.kml')))('%s', (name) => {
    const bytes = readFileSync(path.join(folder, name))
    const found = expected.files?.[`kml/${name}`] ?? expected[`kml/${name}`]
    const drawn = (found?.layers ?? []).some((layer: { vertices: number }) => layer.vertices > 0)
    const debug = vi.spyOn(console, 'debug')
    try {
      const { features } = JSON.parse(new TextDecoder().decode(convertKml(bytes)))
      expect(features.length).toBeGreaterThan(0)
    } catch (error) {
      // What GDAL draws, we draw; the rest is refused in words.
      expect(error).toBeInstanceOf(AppError)
      expect([name, drawn]).toEqual([name, false])
    } finally {
      expect(debug).not.toHaveBeenCalled()
      debug.mockRestore()
    }
  })
})
