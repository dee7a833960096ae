// Single facts about this database: the log's id, import markers, the last clean shutdown.
import type { Connection } from './sqlite.ts'

export function createMetaRows(connection: Connection) {
  const get = connection.prepare('SELECT value FROM meta WHERE key = ?').pluck()
  const set = connection.prepare(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  )
  const remove = connection.prepare('DELETE FROM meta WHERE key = ?')
  return {
    remove: (key: string) => void remove.run(key),
    get: (key: string) => get.get(key) as string | undefined,
    set: (key: string, value: string) => void set.run(key, value),
  }
}
