// A feature of an OSM drawing. Attributes are read from the element's tags when a writer asks for them, so that a hundred thousand
// features cost no hundred thousand filled objects.

import type { Classified } from '../cad/classify.ts'
import type { Feature, FeatureKind, HeightFigures, PackedElement, Scalar } from '../cad/drawing.ts'
import { ASKED, type OsmAttributes } from './osm-attributes.ts'

/** One path of an element in the drawing. `place` counts within its kind and finds the heights. */
export class OsmFeature implements Feature, PackedElement {
  readonly kind: FeatureKind
  path: number
  layer: number
  mergedSources: string[] | null = null
  polygon = -1
  hole = false
  readonly place: number
  private readonly element: number
  private readonly classified: Classified
  readonly figures: HeightFigures | null
  private readonly attributes: OsmAttributes
  /** `ASKED` bits of the element. */
  private readonly asked: number

  constructor(
    kind: FeatureKind,
    path: number,
    layer: number,
    place: number,
    element: number,
    classified: Classified,
    figures: HeightFigures | null,
    attributes: OsmAttributes,
  ) {
    this.kind = kind
    this.path = path
    this.layer = layer
    this.place = place
    this.element = element
    this.classified = classified
    this.figures = figures
    this.attributes = attributes
    this.asked = attributes.askedOf(element)
  }

  get source(): string {
    return this.attributes.source(this.element)
  }

  get version(): number | null {
    const version = this.attributes.versions[this.element]!
    return version > 0 ? version : null
  }

  get class(): string {
    return this.classified.name
  }

  get name(): string | null {
    if ((this.asked & ASKED.name) === 0) return null
    return this.attributes.tag(this.element, 'name') ?? this.attributes.tag(this.element, 'ref')
  }

  get highway(): string | null {
    return this.classified.key === 'highway' ? this.classified.value : null
  }

  get width(): number | null {
    return this.kind === 'line' ? this.attributes.width(this.element, this.classified) : null
  }

  get height(): number | null {
    if ((this.asked & ASKED.height) === 0 || !this.isBuilding()) return null
    return this.attributes.building(this.element).height
  }

  get levels(): number | null {
    if ((this.asked & ASKED.height) === 0 || !this.isBuilding()) return null
    return this.attributes.building(this.element).levels
  }

  private isBuilding(): boolean {
    const { key } = this.classified
    return key === 'building' || key === 'building:part'
  }

  get block(): string | null {
    return this.kind === 'point' ? this.classified.block : null
  }

  get blockFile(): null {
    return null
  }

  get rotation(): number | null {
    if (this.kind !== 'point') return null
    if ((this.asked & ASKED.direction) === 0) return 0
    return rotationOf(this.attributes.tag(this.element, 'direction'))
  }

  get scale(): number | null {
    return this.kind === 'point' ? 1 : null
  }

  get color(): null {
    return null
  }

  get elevation(): number | null {
    return this.figures === null ? null : known(this.figures.mean[this.place]!)
  }

  get minElevation(): number | null {
    return this.figures === null ? null : known(this.figures.low[this.place]!)
  }

  get maxElevation(): number | null {
    return this.figures === null ? null : known(this.figures.high[this.place]!)
  }

  get slope(): number | null {
    return this.figures === null || this.kind !== 'line'
      ? null
      : known(this.figures.slope[this.place]!)
  }

  get text(): null {
    return null
  }

  get textHeight(): null {
    return null
  }

  get properties(): Record<string, Scalar> {
    return this.attributes.properties(this.element)
  }

  get packed(): PackedElement {
    return this
  }

  get type(): string {
    return this.attributes.typeOf(this.element)
  }

  get id(): number {
    return this.attributes.ids[this.element]!
  }

  get keys(): Int32Array {
    return this.attributes.keys
  }

  get values(): Int32Array {
    return this.attributes.values
  }

  get texts(): readonly string[] {
    return this.attributes.texts
  }

  get from(): number {
    return this.attributes.tagStart[this.element]!
  }

  get to(): number {
    return this.attributes.tagEnd[this.element]!
  }
}

function known(meters: number): number | null {
  return Number.isNaN(meters) ? null : meters
}

/** `direction=90` (degrees clockwise from north) as radians counter-clockwise from east; 0 for anything else. */
function rotationOf(direction: string | null): number {
  if (direction === null || !/^\s*\d{1,3}(\.\d+)?\s*$/.test(direction)) return 0
  const degrees = 90 - Number(direction)
  return ((((degrees % 360) + 360) % 360) * Math.PI) / 180
}
