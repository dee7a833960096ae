// What the tags of an element say, found by the numbers of their texts.

import type { Classified } from '../cad/classify.ts'
import type { Scalar } from '../cad/drawing.ts'
import { buildingHeightMeters, buildingLevels } from '../cad/height.ts'
import { roadWidthMeters } from '../cad/width.ts'
import type { OsmData } from '../formats/osm-data.ts'
import { NODE, WAY } from '../formats/osm-data.ts'
import type { OsmFeatures } from '../formats/osm-features.ts'

/** Attributes that few features have tags for, as bits. */
export const ASKED = { name: 1, width: 2, height: 4, direction: 8 } as const

const ASKED_TAGS: readonly (readonly [string, number])[] = [
  ...['name', 'ref'].map((tag) => [tag, ASKED.name] as const),
  ...['width', 'est_width', 'lanes'].map((tag) => [tag, ASKED.width] as const),
  ...['height', 'building:height', 'est_height', 'building:levels', 'levels'].map(
    (tag) => [tag, ASKED.height] as const,
  ),
  ['direction', ASKED.direction],
]

/** Metres and storeys; null where nothing is said. */
export interface BuildingFigures {
  height: number | null
  levels: number | null
}

const NO_FIGURES: BuildingFigures = { height: null, levels: null }

/** Tags and identities of the features. Holds on to nothing else of the answer: its geometry may go. */
export class OsmAttributes {
  readonly keys: Int32Array
  readonly values: Int32Array
  readonly texts: readonly string[]
  readonly ids: Float64Array
  readonly versions: Int32Array
  readonly elementTypes: Int32Array
  readonly tagStart: Int32Array
  readonly tagEnd: Int32Array
  /** Text → its number, for the keys that were asked about. */
  private readonly numbers = new Map<string, number>()
  /** Per text: what an attribute is read from it as a key, `ASKED` combined. */
  private readonly asked: Uint8Array
  /** Key and value of the one tag → what it says of a building. */
  private readonly buildings = new Map<number, BuildingFigures>()

  constructor(data: OsmData, features: OsmFeatures) {
    this.keys = data.tagKeys
    this.values = data.tagValues
    this.texts = data.strings
    this.ids = features.ids
    this.versions = features.versions
    this.elementTypes = features.elementTypes
    this.tagStart = features.tagStart
    this.tagEnd = features.tagEnd
    this.asked = new Uint8Array(this.texts.length)
    for (const [tag, bit] of ASKED_TAGS) {
      const key = this.numberOf(tag)
      if (key >= 0) this.asked[key]! |= bit
    }
  }

  /** Which attributes feature `i` has any tags for. */
  askedOf(i: number): number {
    const end = this.tagEnd[i]!
    let bits = 0
    for (let t = this.tagStart[i]!; t < end; t++) bits |= this.asked[this.keys[t]!]!
    return bits
  }

  /** The number of a text; -1 when the answer does not hold it. */
  numberOf(text: string): number {
    let number = this.numbers.get(text)
    if (number === undefined) {
      number = this.texts.indexOf(text)
      this.numbers.set(text, number)
    }
    return number
  }

  /** Number of the value of key number `key` of feature `i`, or -1. */
  valueOf(i: number, key: number): number {
    const end = this.tagEnd[i]!
    for (let t = this.tagStart[i]!; t < end; t++) if (this.keys[t] === key) return this.values[t]!
    return -1
  }

  /** Value of a tag of feature `i`, or null. */
  tag(i: number, key: string): string | null {
    const value = this.valueOf(i, this.numberOf(key))
    return value < 0 ? null : this.texts[value]!
  }

  /** `node`, `way` or `relation`. */
  typeOf(i: number): string {
    const type = this.elementTypes[i]!
    return type === NODE ? 'node' : type === WAY ? 'way' : 'relation'
  }

  /** `way/123`. */
  source(i: number): string {
    return `${this.typeOf(i)}/${this.ids[i]!}`
  }

  /** Road width in metres of feature `i`; null for what is no road. */
  width(i: number, { key, value }: Classified): number | null {
    return key === 'highway' ? roadWidthMeters(value, (tag) => this.tag(i, tag)) : null
  }

  /** Height in metres and storeys of feature `i`, as its tags say. */
  building(i: number): BuildingFigures {
    let only = -1
    for (let t = this.tagStart[i]!; t < this.tagEnd[i]!; t++) {
      if ((this.asked[this.keys[t]!]! & ASKED.height) === 0) continue
      if (only >= 0) return this.measure(i)
      only = t
    }
    if (only < 0) return NO_FIGURES
    // Most buildings state one thing, and there are few different ones.
    const key = this.keys[only]! * 2 ** 26 + this.values[only]!
    let figures = this.buildings.get(key)
    if (figures === undefined) {
      figures = this.measure(i)
      this.buildings.set(key, figures)
    }
    return figures
  }

  private measure(i: number): BuildingFigures {
    const tagOf = (key: string) => this.tag(i, key)
    return { height: buildingHeightMeters(tagOf), levels: buildingLevels(tagOf) }
  }

  properties(i: number): Record<string, Scalar> {
    const properties: Record<string, Scalar> = {}
    for (let t = this.tagStart[i]!; t < this.tagEnd[i]!; t++) {
      const key = this.texts[this.keys[t]!]!
      // A tag of this name would change the object's prototype instead of being stored.
      if (key !== '__proto__') properties[key] = this.texts[this.values[t]!]!
    }
    return properties
  }
}
