// The structure of a DXF file without its entities, a line a record: what a change of the scaffold is seen by.

/**
 * Header variables and classes by name; every record of TABLES, BLOCKS and OBJECTS with its handle, owner, name and subclass markers;
 * the entries of dictionaries below them. Entities and entities inside blocks are left out.
 */
export function outlineDxf(text: string): string {
  const lines = text.split('\n')
  const groups: [number, string][] = []
  for (let i = 0; i + 1 < lines.length; i += 2) groups.push([Number(lines[i]), lines[i + 1]!])
  const outline: string[] = []
  let section = ''
  let at = 0
  while (at < groups.length) {
    const [code, type] = groups[at]!
    let end = at + 1
    while (end < groups.length && groups[end]![0] !== 0) end++
    const own = groups.slice(at + 1, end)
    if (type === 'SECTION') {
      section = own[0]![1]
      outline.push(section)
      for (const [key, value] of own.slice(1)) if (key === 9) outline.push(`  ${value}`)
    } else if (code === 0 && section !== 'ENTITIES') {
      outline.push(...recordLines(section, type, own))
    }
    at = end
  }
  return `${outline.join('\n')}\n`
}

function recordLines(section: string, type: string, own: [number, string][]): string[] {
  const first = (code: number) => own.find(([key]) => key === code)?.[1]
  if (section === 'CLASSES' && type === 'CLASS') return [`  ${first(1)} ${first(2)}`]
  if (section === 'BLOCKS' && type !== 'BLOCK' && type !== 'ENDBLK' && type !== 'ENDSEC') return []
  const handle = first(5) ?? first(105)
  const parts = [type]
  if (first(2) !== undefined) parts.push(`"${first(2)}"`)
  if (handle !== undefined) parts.push(`#${handle}`)
  if (first(330) !== undefined) parts.push(`of #${first(330)}`)
  parts.push(...own.filter(([code]) => code === 100).map(([, marker]) => marker))
  const found = [`  ${parts.join(' ')}`]
  if (type !== 'DICTIONARY' && type !== 'ACDBDICTIONARYWDFLT') return found
  own.forEach(([code, value], i) => {
    if (code === 3) found.push(`    ${value} → #${own[i + 1]![1]}`)
  })
  return found
}
