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
  block: string | null
  layer: Layer
}

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

  constructor(tags: TagColumns, template: LayerTemplate, themes: Iterable<ThemeName>) {
    this.tags = tags
    this.template = template
    this.themes = new Set(themes)
    const classes = group(OSM_CLASSES, (entry) => entry.key)
    const rules = group(template.rules, (entry) => firstKey(entry.match))
    for (const [i, text] of tags.strings.entries()) {
      const ofClass = classes.get(text)
      if (ofClass !== undefined) this.classesOf[i] = ofClass
      const ofRule = rules.get(text)
      if (ofRule !== undefined) this.rulesOf[i] = ofRule
    }
  }

  /** What the element with these tags is, or null when no asked-for theme draws it. */
  classify(tagStart: number, tagEnd: number, shape: OsmShape): Classified | null {
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
    return { theme: best.theme, key: best.key, value, block: best.block, layer }
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
