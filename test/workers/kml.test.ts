import { describe, expect, test } from 'vitest'
import { convertKml } from '../../src/workers/kml-task.ts'

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
    ['all zero, absolute: sea level', '-41,-21,0 -41,-22,0', 'absolute', 0],
    ['heights without a mode stay', '-41,-21,0 -41,-22,7', '', 0],
  ])('altitudes: %s', (_, coordinates, mode, expected) => {
    const inside = mode === '' ? '' : `<altitudeMode>${mode}</altitudeMode>`
    const { features } = convert(document(placemark('a', coordinates, inside)))
    expect(features[0].geometry.coordinates[0][2]).toBe(expected)
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
})
