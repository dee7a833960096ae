// Decides for one element after another what it is and on which layer it goes, with the texts of one file looked up once.
import type { Layer } from './drawing.ts'
import type { LayerRule, LayerTemplate, TagMatch } from './layers.ts'
import type { OsmClass, OsmShape } from './osm-classes.ts'
import { OSM_CLASSES, valueFits } from './osm-classes.ts'
import type { ThemeName } from './themes.ts'

/** Tags as pairs of numbers into one list of texts. */
export interface TagColumns {
  tagKeys: Int32Array
  tagValues: Int32Array
  strings: readonly string[]
}

/** What an element is. */
export interface Classified {
  theme: ThemeName
  /** Its place in the table of classes and the number of its deciding tag. */
  key: string
  value: string
  /** `key=value`. */
  name: string
  block: string | null
  layer: Layer
}

const SHAPE_NUMBERS: Readonly<Record<OsmShape, number>> = { point: 0, line: 1, area: 2 }

interface Ordered<T> {
  order: number
  item: T
}

/** Classifies the elements of one file. Rules are found by key, so the time does not depend on how many there are. */
export class Classifier {
  private readonly tags: TagColumns
  private readonly template: LayerTemplate
  private readonly themes: ReadonlySet<ThemeName>
  /** Text number of a key → what may apply, in the order of its table. */
  private readonly classesOf: (Ordered<OsmClass>[] | undefined)[] = []
  private readonly rulesOf: (Ordered<LayerRule>[] | undefined)[] = []
  /** Per text: 1 = as a key it has a say in class or layer. */
  private readonly hasSay: Uint8Array
  /** Per shape and key: value → answer, for elements on which one tag has a say. */
  private readonly known: (Map<number, Classified | null> | undefined)[][] = [[], [], []]
  private readonly made = new Map<string, Classified[]>()

  constructor(tags: TagColumns, template: LayerTemplate, themes: Iterable<ThemeName>) {
    this.tags = tags
    this.template = template
    this.themes = new Set(themes)
    const classes = group(OSM_CLASSES, (entry) => entry.key)
    const rules = group(template.rules, (entry) => firstKey(entry.match))
    const asked = new Set([...classes.keys(), ...rules.keys()])
    for (const { match } of template.rules) for (const key in match) asked.add(key)
    const { strings } = tags
    this.hasSay = new Uint8Array(strings.length)
    for (let i = 0; i < strings.length; i++) {
      const text = strings[i]!
      if (!asked.has(text)) continue
      this.hasSay[i] = 1
      this.classesOf[i] = classes.get(text)
      this.rulesOf[i] = rules.get(text)
    }
  }

  /** What the element with these tags is, or null when no asked-for theme draws it. Equal answers are one object. */
  classify(tagStart: number, tagEnd: number, shape: OsmShape): Classified | null {
    const { tagKeys, tagValues } = this.tags
    // Most elements have one tag that any table asks about: then key, value and shape decide, and were mostly seen before.
    let only = -1
    for (let t = tagStart; t < tagEnd; t++) {
      if (this.hasSay[tagKeys[t]!] === 0) continue
      if (only >= 0) return this.decide(tagStart, tagEnd, shape)
      only = t
    }
    if (only < 0) return null
    const known = this.known[SHAPE_NUMBERS[shape]]!
    const key = tagKeys[only]!
    const value = tagValues[only]!
    let byValue = known[key]
    if (byValue === undefined) {
      byValue = new Map()
      known[key] = byValue
    }
    let found = byValue.get(value)
    if (found === undefined) {
      found = this.decide(tagStart, tagEnd, shape)
      byValue.set(value, found)
    }
    return found
  }

  private decide(tagStart: number, tagEnd: number, shape: OsmShape): Classified | null {
    const { tagKeys, tagValues, strings } = this.tags
    let best: OsmClass | null = null
    let bestOrder = Number.POSITIVE_INFINITY
    let value = ''
    for (let t = tagStart; t < tagEnd; t++) {
      const candidates = this.classesOf[tagKeys[t]!]
      if (candidates === undefined) continue
      const text = strings[tagValues[t]!]!
      for (const { order, item } of candidates) {
        if (order >= bestOrder) break
        // A theme that was not asked for does not stand in the way of one that was.
        if (!this.themes.has(item.theme)) continue
        if (!item.shapes.includes(shape) || !valueFits(item.values, text)) continue
        best = item
        bestOrder = order
        value = text
        break
      }
    }
    if (best === null) return null
    const layer = this.layerOf(tagStart, tagEnd, shape)
    const { theme, key, block } = best
    return this.shared({ theme, key, value, name: `${key}=${value}`, block, layer })
  }

  /** The first object that said the same. */
  private shared(found: Classified): Classified {
    let alike = this.made.get(found.name)
    if (alike === undefined) {
      alike = []
      this.made.set(found.name, alike)
    }
    for (const one of alike) {
      if (one.layer === found.layer && one.theme === found.theme && one.block === found.block) {
        return one
      }
    }
    alike.push(found)
    return found
  }

  private layerOf(tagStart: number, tagEnd: number, shape: OsmShape): Layer {
    const { tagKeys, tagValues, strings } = this.tags
    let best: LayerRule | null = null
    let bestOrder = Number.POSITIVE_INFINITY
    for (let t = tagStart; t < tagEnd; t++) {
      const candidates = this.rulesOf[tagKeys[t]!]
      if (candidates === undefined) continue
      for (const { order, item } of candidates) {
        if (order >= bestOrder) break
        if (item.shapes !== null && !item.shapes.includes(shape)) continue
        if (!this.matches(item.match, tagStart, tagEnd, strings[tagValues[t]!]!)) continue
        best = item
        bestOrder = order
        break
      }
    }
    if (best !== null) return best
    const { special } = this.template
    if (shape === 'point') return special.points
    return shape === 'line' ? special.otherLines : special.otherAreas
  }

  private matches(match: TagMatch, tagStart: number, tagEnd: number, firstValue: string): boolean {
    let first = true
    for (const key in match) {
      const value = first ? firstValue : this.tag(tagStart, tagEnd, key)
      first = false
      if (value === null || !wanted(match[key]!, value)) return false
    }
    return true
  }

  /** Value of a tag, or null. */
  tag(tagStart: number, tagEnd: number, key: string): string | null {
    const { tagKeys, tagValues, strings } = this.tags
    for (let t = tagStart; t < tagEnd; t++) {
      if (strings[tagKeys[t]!] === key) return strings[tagValues[t]!]!
    }
    return null
  }
}

function wanted(match: string | string[], value: string): boolean {
  if (match === '*') return value !== 'no'
  return typeof match === 'string'
    ? match === value
    : match.includes(value) || (match.includes('*') && value !== 'no')
}

function firstKey(match: TagMatch): string {
  return Object.keys(match)[0] ?? ''
}

function group<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, Ordered<T>[]> {
  const groups = new Map<string, Ordered<T>[]>()
  for (const [order, item] of items.entries()) {
    const key = keyOf(item)
    const list = groups.get(key)
    if (list === undefined) groups.set(key, [{ order, item }])
    else list.push({ order, item })
  }
  return groups
}
