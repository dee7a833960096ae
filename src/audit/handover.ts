// What the key of an epoch signs for the key of the next one.

/** No checkpoint can read like it: its second line is no number. */
export function handoverText(name: string, vkey: string, seq: number): string {
  return `${name}\nhandover\n${vkey}\n${seq}\n`
}
