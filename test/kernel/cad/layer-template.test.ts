import { describe, expect, it } from 'vitest'
import { parseLayerTemplate, validLayerName } from '../../../src/kernel/cad/layer-template.ts'
import { DEFAULT_LAYER_TEMPLATE } from '../../../src/kernel/cad/layers.ts'

describe('parseLayerTemplate', () => {
  it('gives the default for null', () =>
    expect(parseLayerTemplate(null)).toBe(DEFAULT_LAYER_TEMPLATE))

  it('has one look per layer name in the default', () => {
    const looks = new Map<string, string>()
    const all = [...DEFAULT_LAYER_TEMPLATE.rules, ...Object.values(DEFAULT_LAYER_TEMPLATE.special)]
    for (const { name, aci, lineweight, linetype } of all) {
      const look = `${aci} ${lineweight} ${linetype}`
      expect(looks.get(name) ?? look, name).toBe(look)
      expect(validLayerName(name)).toBe(name)
      looks.set(name, look)
    }
  })

  it('puts the rules of the user first and settles one look per name, whatever its case', () => {
    const { rules } = parseLayerTemplate({
      rules: [
        { match: { building: '*' }, shapes: ['area'], layer: 'Casas', aci: 3, lineweight: 25 },
        { match: { amenity: ['school'] }, layer: 'CASAS', aci: 5 },
      ],
    })
    expect(rules[0]).toMatchObject({
      name: 'Casas',
      aci: 3,
      lineweight: 25,
      linetype: 'Continuous',
      shapes: ['area'],
    })
    expect(rules[1]).toMatchObject({ name: 'Casas', aci: 3, lineweight: 25 })
    expect(rules.length).toBe(2 + DEFAULT_LAYER_TEMPLATE.rules.length)
    expect(parseLayerTemplate({ replace: true }).rules).toEqual([])
  })

  it("reads the stock plugin's layers.json", () => {
    const { rules } = parseLayerTemplate({
      highway: { primary: { layer: 'SISRUA_Vias', aci: 3, lineweight: 30 } },
    })
    expect(rules[0]).toMatchObject({
      match: { highway: 'primary' },
      name: 'SISRUA_Vias',
      aci: 3,
      lineweight: 30,
    })
  })

  it.each([
    ['text', 'template', 'must be an object'],
    [{ rules: 5 }, 'rules', 'must be a list'],
    [{ rules: [{ layer: 'A' }] }, 'rules[0].match', 'must be an object'],
    [{ rules: [{ match: {}, layer: 'A' }] }, 'rules[0].match', 'names no tag'],
    [{ rules: [{ match: { highway: 5 }, layer: 'A' }] }, 'rules[0].match.highway', 'text'],
    [{ rules: [{ match: { a: 'b' }, layer: '***' }] }, 'rules[0].layer', 'empty'],
    [{ rules: [{ match: { a: 'b' }, layer: 'A', aci: 0 }] }, 'rules[0].aci', '1 to 255'],
    [
      { rules: [{ match: { a: 'b' }, layer: 'A', lineweight: 12 }] },
      'rules[0].lineweight',
      'hundredths',
    ],
    [{ rules: [{ match: { a: 'b' }, layer: 'A', shapes: ['hole'] }] }, 'rules[0].shapes', 'area'],
    [{ special: { roads: {} } }, 'special.roads', 'not known'],
  ])('refuses %j and names %s', (json, where, problem) => {
    expect(() => parseLayerTemplate(json)).toThrow(
      expect.objectContaining({ code: 'LAYERS_INVALID', message: expect.stringContaining(where) }),
    )
    expect(() => parseLayerTemplate(json)).toThrow(problem)
  })
})
