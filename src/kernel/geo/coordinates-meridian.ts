// The UTM zone told by its central meridian, as Brazilian drawings do: "MC 45° W", "MC -45", "meridiano central 45º O".
import { unreadable } from './coordinates-reading.ts'

const NAMED = String.raw`\b(?:MC|M\.C\.|MERIDIANO CENTRAL|CENTRAL MERIDIAN)\s*[:=]?\s*`
const MERIDIAN = new RegExp(
  String.raw`${NAMED}(?:-\s*(\d{1,3})\s*°?|(\d{1,3})\s*(?:°\s*(?:0{1,2}'\s*)?(?:0{1,2}"\s*)?)?(?:W|O|WGR|OESTE|WEST)\b)`,
)

/**
 * The tidied text without the meridian, and the zone it means; null when none is named. Meridians are west of Greenwich; one without a
 * side is refused, as is one that is no zone's middle.
 */
export function takeMeridian(text: string): { text: string; zone: number | null } {
  if (!new RegExp(NAMED).test(text)) return { text, zone: null }
  const found = MERIDIAN.exec(text)
  if (found === null) {
    throw unreadable('the central meridian needs its side, for example "MC 45 W" or "MC -45"')
  }
  const degrees = Number(found[1] ?? found[2])
  const zone = (183 - degrees) / 6
  if (!Number.isInteger(zone) || zone < 1 || zone > 30) {
    throw unreadable(`${degrees}° W is the middle of no UTM zone; those are 3°, 9°, 15° …`)
  }
  const rest = `${text.slice(0, found.index)} ${text.slice(found.index + found[0].length)}`
  return { text: rest.replace(/\s+/g, ' ').replace(/^[\s,;/-]+|[\s,;/-]+$/g, ''), zone }
}
