// A street as the wire's CadFeature: ten metres long, at its own easting, with the id of its source.
export const way = (n: number, layer = 'RUAS') => ({
  feature_type: 'Polyline',
  layer,
  source_id: `way/${n}`,
  coords_xy: [
    [n, 0],
    [n, 10],
  ],
})
