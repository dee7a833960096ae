// GeoJSON and KML documents, and ways to damage them: seeded, so that a failure can be had again.

export const GEOJSON = [
  {
    type: 'FeatureCollection',
    features: [
      {
        type: 'Feature',
        properties: { name: 'Rua A', highway: 'residential', layer: 'VIA', width_m: 7 },
        geometry: {
          type: 'LineString',
          coordinates: [
            [-41.3235, -21.7634, 5],
            [-41.3225, -21.7634, 6],
            [-41.3225, -21.762],
          ],
        },
      },
      {
        type: 'Feature',
        properties: { name: 'Poste', rotation: 45, color: '255,0,0' },
        geometry: { type: 'Point', coordinates: [-41.3235, -21.7634] },
      },
      {
        type: 'Feature',
        properties: null,
        geometry: {
          type: 'MultiPolygon',
          coordinates: [
            [
              [
                [-41.32, -21.76],
                [-41.31, -21.76],
                [-41.31, -21.75],
                [-41.32, -21.75],
                [-41.32, -21.76],
              ],
              [
                [-41.318, -21.758],
                [-41.312, -21.758],
                [-41.312, -21.752],
                [-41.318, -21.758],
              ],
            ],
          ],
        },
      },
      {
        type: 'Feature',
        properties: { bridge: 'yes' },
        geometry: {
          type: 'GeometryCollection',
          geometries: [
            {
              type: 'MultiLineString',
              coordinates: [
                [
                  [-41.32, -21.76],
                  [-41.319, -21.759],
                ],
                [
                  [-41.319, -21.76],
                  [-41.32, -21.759],
                ],
              ],
            },
            {
              type: 'MultiPoint',
              coordinates: [
                [-41.33, -21.77],
                [-41.34, -21.78],
              ],
            },
          ],
        },
      },
    ],
  },
  {
    type: 'LineString',
    crs: { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::31983' } },
    coordinates: [
      [788547, 7634925],
      [788600, 7635000],
      [788547, 7634925],
      [788600.5, 7635100],
    ],
  },
  {
    type: 'MultiPoint',
    coordinates: [
      [180, 90],
      [-180, -90],
      [0, 0],
      [-179.9, -16],
      [179.9, -17],
    ],
  },
].map((document) => JSON.stringify(document))

export const KML = [
  '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>Obra</name><Folder><name>Rede</name><Placemark><name>A</name><styleUrl>#s</styleUrl><LineString><altitudeMode>absolute</altitudeMode><coordinates>-41.3235,-21.7634,5 -41.3225,-21.7634,6 -41.3225,-21.762,7</coordinates></LineString></Placemark></Folder><Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>-41.32,-21.76,0 -41.31,-21.76,0 -41.31,-21.75,0 -41.32,-21.76,0</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Document></kml>',
  '<kml><Placemark><MultiGeometry><Point><coordinates>-41.3,-21.7</coordinates></Point><LineString><coordinates>\n -41.3,-21.7,1\n -41.2,-21.7,2\n</coordinates></LineString></MultiGeometry><ExtendedData><Data name="layer"><value>L</value></Data></ExtendedData></Placemark></kml>',
]

/** Things that break readers. */
const SPLINTERS = [
  ...[
    'null',
    '[]',
    '{}',
    '""',
    '-0',
    '1e309',
    '-1e309',
    '1e-400',
    '180',
    '-180',
    '90',
    '-90.0000001',
  ],
  ...['NaN', 'Infinity', '"12,5"', '[[', ']]', '{"type":', '\u0000', '\ufffd', '\ud800', '\\u0000'],
  ...[
    '9007199254740993',
    '0.1e-10',
    ',',
    ':',
    '"',
    '<',
    '>',
    '&amp;',
    '&#0;',
    '<!--',
    ']]>',
    '<a/>',
  ],
  ...[
    '"__proto__":{"x":1},',
    '"constructor":1,',
    'Polygon',
    'LineString',
    '4326',
    '31983',
    '29193',
  ],
]

/** Whole numbers from 0 up to, not including, `below`; the same for the same seed. */
export function createDice(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** The text with one to three kinds of damage, as bytes that may be no UTF-8. */
export function mutate(text: string, dice: (below: number) => number): Uint8Array {
  let damaged = text
  for (let times = 1 + dice(3); times > 0; times--) {
    const at = dice(damaged.length + 1)
    const length = dice(12)
    switch (dice(30)) {
      case 0:
        damaged = damaged.slice(0, at)
        break
      case 1:
        damaged = damaged.slice(0, at) + damaged.slice(at + length)
        break
      case 2:
        damaged = damaged.slice(0, at) + SPLINTERS[dice(SPLINTERS.length)]! + damaged.slice(at)
        break
      case 3:
        // A piece repeated, up to 200 times.
        damaged =
          damaged.slice(0, at) +
          damaged.slice(at, at + 4 * length).repeat(1 + dice(200)) +
          damaged.slice(at)
        break
      case 4:
        damaged = damaged.slice(at) + damaged.slice(0, at)
        break
      case 5: {
        // Two values change places.
        const other = dice(damaged.length + 1)
        const [from, to] = at < other ? [at, other] : [other, at]
        damaged =
          damaged.slice(0, from) +
          damaged.slice(to, to + length) +
          damaged.slice(from + length, to) +
          damaged.slice(from, from + length) +
          damaged.slice(to + length)
        break
      }
      default: {
        // Another number, or one digit of it.
        const numbers = [...damaged.matchAll(/-?\d+(\.\d+)?/g)]
        const chosen = numbers[dice(numbers.length)]
        if (chosen === undefined) break
        const splinter =
          dice(2) === 0
            ? SPLINTERS[dice(SPLINTERS.length)]!
            : chosen[0].replace(/\d/, String(dice(10)))
        damaged =
          damaged.slice(0, chosen.index) + splinter + damaged.slice(chosen.index + chosen[0].length)
      }
    }
  }
  const bytes = new TextEncoder().encode(damaged)
  if (dice(4) === 0 && bytes.length > 0) bytes[dice(bytes.length)] = dice(256)
  return bytes
}
