// What a note of a result says to a person, in Brazilian Portuguese and English. `{name}` is filled from the note's data.

/** Note code of a pipeline → sentence. */
export const NOTE_TEXTS: Readonly<Record<string, { 'pt-BR': string; en: string }>> = {
  CRS_OUTSIDE_SIRGAS: {
    'pt-BR': 'O local fica fora da área do SIRGAS 2000; foi usado WGS 84 / UTM (EPSG:{epsg}).',
    en: 'The place lies outside the area of SIRGAS 2000; WGS 84 / UTM was used (EPSG:{epsg}).',
  },
  ZONE_CROSSED: {
    'pt-BR':
      'A área alcança o fuso vizinho; tudo está em EPSG:{epsg}. Pior erro de escala: {worstScaleErrorPpm} mm por km.',
    en: 'The area reaches into the neighbouring zone; everything is in EPSG:{epsg}. Worst scale error: {worstScaleErrorPpm} mm per km.',
  },
  DATUM_CHANGED: {
    'pt-BR':
      'As coordenadas vieram em EPSG:{epsg} e foram levadas ao SIRGAS 2000 ({operation}; exatidão {accuracyMeters} m).',
    en: 'The coordinates came in EPSG:{epsg} and were brought to SIRGAS 2000 ({operation}; accuracy {accuracyMeters} m).',
  },
  DATUM_GRID_NOT_USED: {
    'pt-BR':
      'A grade {grid} do IBGE não foi usada na mudança de datum; com ela (--grids) a exatidão seria melhor. Motivo: {reason}.',
    en: 'IBGE’s grid {grid} was not used for the change of datum; with it (--grids) the accuracy would be better. Reason: {reason}.',
  },
  TEXT_NOT_UTF8: {
    'pt-BR':
      'O arquivo não está em UTF-8; os textos foram lidos como Windows-1252. Confira os acentos.',
    en: 'The file is not UTF-8; its texts were read as Windows-1252. Check the accents.',
  },
  OSM_EMPTY: {
    'pt-BR': 'O OpenStreetMap não tem nada dos temas pedidos nesta área.',
    en: 'OpenStreetMap has nothing of the themes asked for in this area.',
  },
  OSM_WAYS_INCOMPLETE: {
    'pt-BR':
      '{count} linhas do OpenStreetMap vieram sem alguns de seus pontos e foram desenhadas sem eles.',
    en: '{count} ways of OpenStreetMap came without some of their nodes and are drawn without them.',
  },
  OSM_WAYS_EMPTY: {
    'pt-BR': '{count} linhas do OpenStreetMap vieram sem pontos e não foram desenhadas.',
    en: '{count} ways of OpenStreetMap came without nodes and are not drawn.',
  },
  OSM_RELATIONS_INCOMPLETE: {
    'pt-BR':
      '{count} áreas do OpenStreetMap estão incompletas; contornos que não fecham foram desenhados como linhas.',
    en: '{count} areas of OpenStreetMap are incomplete; outlines that do not close are drawn as lines.',
  },
  OSM_REMARK: {
    'pt-BR': 'O servidor Overpass observou: {remark}',
    en: 'The Overpass server remarked: {remark}',
  },
  DUPLICATES_REMOVED: {
    'pt-BR': '{segments} trechos repetidos foram desenhados uma só vez.',
    en: '{segments} repeated segments are drawn once.',
  },
  AREAS_DRAWN_ONCE: {
    'pt-BR': '{count} áreas mapeadas em dobro foram desenhadas uma só vez.',
    en: '{count} areas that were mapped twice are drawn once.',
  },
  DEM_MISSING: {
    'pt-BR': 'Nenhum arquivo de elevação cobre a área; não há altitudes nem curvas de nível.',
    en: 'No elevation file covers the area; there are no heights and no contours.',
  },
  DEM_VOIDS: {
    'pt-BR': '{missing} de {total} vértices ficaram sem altitude.',
    en: '{missing} of {total} vertices have no height.',
  },
  CONTOUR_ACCURACY_UNKNOWN: {
    'pt-BR':
      'A exatidão do modelo de elevação não foi declarada; a equidistância de {intervalMeters} m não pôde ser avaliada.',
    en: 'The accuracy of the elevation model is not stated; the interval of {intervalMeters} m could not be judged.',
  },
  CONTOUR_ACCURACY: {
    'pt-BR':
      'A equidistância de {intervalMeters} m atende à classe {pecClass} do PEC-PCD (EMQ {accuracyMeters} m).',
    en: 'The interval of {intervalMeters} m meets PEC-PCD class {pecClass} (RMSE {accuracyMeters} m).',
  },
  CONTOURS_INTERPOLATED: {
    'pt-BR':
      'A equidistância de {intervalMeters} m é menor do que o modelo sustenta (EMQ {accuracyMeters} m): curvas apenas interpoladas; classe B pede {classBMeters} m.',
    en: 'The interval of {intervalMeters} m is finer than the model supports (RMSE {accuracyMeters} m): contours are merely interpolated; class B asks for {classBMeters} m.',
  },
  SMOOTHING_SKIPPED: {
    'pt-BR': 'A área é grande demais para suavizar; as curvas não foram suavizadas.',
    en: 'The area is too large to be smoothed; the contours are not.',
  },
  BREAKLINES: {
    'pt-BR': '{used} linhas de quebra entraram na malha; {outside} ficam fora do círculo.',
    en: '{used} breaklines are in the mesh; {outside} lie outside the circle.',
  },
  BREAKLINES_DISAGREE: {
    'pt-BR':
      'Linhas de quebra se encontram em cotas diferentes em {count} lugares (até {differenceMeters} m, em E {easting} N {northing}); ali vale a média.',
    en: 'Breaklines meet at different heights in {count} places (up to {differenceMeters} m, at E {easting} N {northing}); the middle holds there.',
  },
  VOIDS_FILLED: {
    'pt-BR': '{filledCells} células sem altitude foram preenchidas por interpolação.',
    en: '{filledCells} cells without a height were filled by interpolation.',
  },
  GEOJSON_EMPTY_GEOMETRIES: {
    'pt-BR': '{count} feições do GeoJSON não têm geometria.',
    en: '{count} GeoJSON features have no geometry.',
  },
  GEOJSON_DEGENERATE: {
    'pt-BR': '{count} geometrias do GeoJSON têm poucos pontos distintos e não foram desenhadas.',
    en: '{count} GeoJSON geometries have too few different points and are not drawn.',
  },
  GEOJSON_RINGS_CLOSED: {
    'pt-BR': '{count} anéis do GeoJSON estavam abertos e foram fechados.',
    en: '{count} GeoJSON rings were open and have been closed.',
  },
  VERTICES_SNAPPED: {
    'pt-BR':
      '{moved} vértices foram movidos para coincidir com outros; {splits} foram inseridos onde uma linha termina em outra.',
    en: '{moved} vertices were moved onto others; {splits} were put in where one line ends on another.',
  },
  SPIKES_REMOVED: {
    'pt-BR': '{count} pontas de ida e volta foram removidas.',
    en: '{count} spikes (out and back) were removed.',
  },
  REPEATED_VERTICES_REMOVED: {
    'pt-BR': '{count} vértices repetidos no mesmo lugar foram removidos.',
    en: '{count} vertices repeated in place were removed.',
  },
  RINGS_CROSS_THEMSELVES: {
    'pt-BR':
      'Polígonos cruzam ou tocam a si mesmos em {count} lugares; o primeiro em E {easting} N {northing} (feição {feature}). Nada foi corrigido.',
    en: 'Polygons cross or touch themselves at {count} places; the first at E {easting} N {northing} (feature {feature}). Nothing was repaired.',
  },
  LINES_CROSS_THEMSELVES: {
    'pt-BR':
      'Linhas cruzam a si mesmas em {count} lugares; o primeiro em E {easting} N {northing} (feição {feature}).',
    en: 'Lines cross themselves at {count} places; the first at E {easting} N {northing} (feature {feature}).',
  },
  CROSSINGS_NOT_ALL_SEARCHED: {
    'pt-BR': 'Há linhas demais umas sobre as outras para procurar todos os cruzamentos.',
    en: 'Too many lines lie over one another to search all crossings.',
  },
  GEOJSON_OUTSIDE_PROJECTION: {
    'pt-BR':
      '{count} geometrias ficam longe demais para o sistema de coordenadas do desenho e não foram desenhadas; envie-as à parte.',
    en: '{count} geometries lie too far away for the coordinate system of the drawing and are not drawn; send them on their own.',
  },
  TERRAIN_AREA_TOO_LARGE: {
    'pt-BR': 'A área tem mais de {degrees} grau; sem altitudes do terreno. Envie-a em partes.',
    en: 'The area is wider than {degrees} degree; no heights of the terrain. Send it in parts.',
  },
}
