// Our own linter of DXF text: what AutoCAD refuses and lenient readers let pass.

type Group = readonly [code: number, value: string]

/** Complaints about a DXF file; empty when it is sound. */
export function lintDxf(text: string): string[] {
  const complaints: string[] = []
  const lines = text.split('\n')
  if (lines.at(-1) !== '') complaints.push('no line break at the end')
  lines.pop()
  if (lines.length % 2 !== 0) complaints.push('odd number of lines')
  if (text.includes('\r') || text.includes('\0')) complaints.push('carriage return or zero')
  const groups: Group[] = []
  for (let i = 0; i + 1 < lines.length; i += 2) {
    if (!/^\d{1,4}$/.test(lines[i]!)) {
      complaints.push(`line ${i + 1}: not a group code: ${lines[i]}`)
      return complaints
    }
    groups.push([Number(lines[i]), lines[i + 1]!])
  }
  for (const [code, value] of groups) {
    const real =
      (code >= 10 && code < 60) || (code >= 110 && code < 150) || (code >= 210 && code < 240)
    const whole =
      (code >= 60 && code < 100) ||
      (code >= 170 && code < 180) ||
      (code >= 270 && code < 290) ||
      (code >= 370 && code < 390) ||
      code === 420
    if (real && !/^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(value))
      complaints.push(`group ${code}: ${value}`)
    if (whole && !/^-?\d+$/.test(value)) complaints.push(`group ${code}: ${value}`)
    if (code === 290 && !/^[01]$/.test(value)) complaints.push(`group ${code}: ${value}`)
  }

  const sections = groups
    .map((group, i) => (group[0] === 0 && group[1] === 'SECTION' ? groups[i + 1]![1] : null))
    .filter((name) => name !== null)
  if (sections.join() !== 'HEADER,CLASSES,TABLES,BLOCKS,ENTITIES,OBJECTS') {
    complaints.push(`sections: ${sections.join()}`)
  }
  if (groups.at(-1)?.[1] !== 'EOF') complaints.push('no EOF')
  const tables = groups
    .map((group, i) => (group[0] === 0 && group[1] === 'TABLE' ? groups[i + 1]![1] : null))
    .filter((name) => name !== null)
  if (tables.join() !== 'VPORT,LTYPE,LAYER,STYLE,VIEW,UCS,APPID,DIMSTYLE,BLOCK_RECORD') {
    complaints.push(`tables: ${tables.join()}`)
  }

  const records: { type: string; groups: Group[] }[] = []
  let body = false
  for (const group of groups) {
    if (group[0] === 2 && group[1] === 'TABLES') body = true
    if (group[0] === 0) records.push({ type: group[1], groups: [] })
    else if (body) records.at(-1)?.groups.push(group)
  }
  const handles = new Set<string>()
  const names = new Map<string, Set<string>>()
  for (const { type, groups: own } of records) {
    const handle = own.find(([code]) => code === (type === 'DIMSTYLE' ? 105 : 5))?.[1]
    if (handle === undefined) {
      if (own.length > 0 && type !== 'SECTION') complaints.push(`${type} without a handle`)
      continue
    }
    if (!/^[1-9A-F][0-9A-F]*$/.test(handle)) complaints.push(`handle ${handle}`)
    if (handles.has(handle)) complaints.push(`handle ${handle} twice`)
    handles.add(handle)
    const name = own.find(([code]) => code === 2)?.[1]
    if (name !== undefined && /^(LTYPE|LAYER|STYLE|APPID|BLOCK_RECORD)$/.test(type)) {
      const known = names.get(type) ?? new Set()
      names.set(type, known)
      const key = name.toLowerCase()
      if (known.has(key)) complaints.push(`${type} ${name} twice`)
      if (/[<>/\\":;?|=,`]|^$/.test(name)) complaints.push(`${type} name ${name}`)
      known.add(key)
    }
  }
  const seed = groups[groups.findIndex(([, value]) => value === '$HANDSEED') + 1]![1]
  for (const handle of handles) {
    if (Number.parseInt(handle, 16) >= Number.parseInt(seed, 16))
      complaints.push(`seed ${seed} ≤ ${handle}`)
  }
  const has = (table: string, name: string) => names.get(table)?.has(name.toLowerCase()) === true
  for (const { type, groups: own } of records) {
    const extended = own.findIndex(([code]) => code >= 1000)
    const plain = extended < 0 ? own : own.slice(0, extended)
    for (const [code, value] of plain) {
      if ((code >= 330 && code < 370) || code === 390) {
        if (value !== '0' && !handles.has(value)) complaints.push(`${type}: no object ${value}`)
      }
      if (code === 8 && type !== 'MATERIAL' && !has('LAYER', value))
        complaints.push(`${type}: no layer ${value}`)
      if (code === 6 && type !== 'LAYOUT' && type !== 'MATERIAL' && !has('LTYPE', value)) {
        complaints.push(`${type}: no line type ${value}`)
      }
      if (code === 7 && /TEXT/.test(type) && !has('STYLE', value))
        complaints.push(`no style ${value}`)
      if (code === 2 && /^(INSERT|BLOCK)$/.test(type) && !has('BLOCK_RECORD', value)) {
        complaints.push(`no block ${value}`)
      }
    }
    if (extended < 0) continue
    let total = 0
    for (const [code, value] of own.slice(extended)) {
      const bytes = Buffer.byteLength(value)
      total += bytes + 3
      if (bytes > 255) complaints.push(`extended string of ${bytes} bytes`)
      if (code === 1001 && !has('APPID', value)) complaints.push(`no application ${value}`)
    }
    if (total > 16_383) complaints.push(`${total} bytes of extended data`)
  }
  return complaints
}
