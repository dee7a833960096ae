// The layers a drawing really uses, numbered in the order of first use.
import type { Layer } from './drawing.ts'

/** Collects layers; equal names (without regard to case) are one layer. */
export class LayerList {
  readonly layers: Layer[] = []
  private readonly byName = new Map<string, number>()
  private readonly byObject = new Map<Layer, number>()

  /** Number of the layer in the drawing. */
  indexOf(layer: Layer): number {
    const known = this.byObject.get(layer)
    if (known !== undefined) return known
    const key = layer.name.toLowerCase()
    let index = this.byName.get(key)
    if (index === undefined) {
      const { name, aci, lineweight, linetype } = layer
      index = this.layers.push({ name, aci, lineweight, linetype }) - 1
      this.byName.set(key, index)
    }
    this.byObject.set(layer, index)
    return index
  }
}
