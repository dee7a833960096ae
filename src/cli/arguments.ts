// Readers for option values: text → what a command works with. What does not fit is PARAMS_INVALID, naming the option.
import { InvalidArgumentError } from 'commander'

/** A finite number; decimal point or comma. */
export function decimal(text: string): number {
  const value = Number(text.trim().replace(',', '.'))
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError('It must be a number.')
  }
  return value
}

/** `31984` or `EPSG:31984`. */
export function epsgCode(text: string): number {
  const found = /^(?:epsg:)?(\d{4,6})$/i.exec(text.trim())
  if (found === null) throw new InvalidArgumentError('It must be an EPSG code, e.g. 31984.')
  return Number(found[1])
}

/** Words separated by commas or spaces. */
export function wordList(text: string): string[] {
  return text.split(/[\s,;]+/).filter((word) => word !== '')
}
