// Kills this process before the n-th statement on a database, wherever it stands: alone, in a text of many, in a prepared one.
import path from 'node:path'
import Database from 'better-sqlite3'

/** The statements of a text, each with its comments; bodies of triggers stay whole. */
export function statementsOf(sql: string): string[] {
  const found: string[] = []
  let from = 0
  for (let at = 0; at < sql.length; at++) {
    const two = sql.slice(at, at + 2)
    if (two === '--') at = endOf(sql, '\n', at)
    else if (two === '/*') at = endOf(sql, '*/', at)
    else if (sql[at] === "'" || sql[at] === '"') at = endOf(sql, sql[at]!, at + 1)
    else if (sql[at] === ';') {
      const text = sql.slice(from, at + 1)
      if (/\bCREATE\s+TRIGGER\b/i.test(text) && !/\bEND\s*;$/i.test(text)) continue
      found.push(text)
      from = at + 1
    }
  }
  const rest = sql.slice(from)
  return /\S/.test(rest.replace(/--.*/g, '')) ? [...found, rest] : found
}

function endOf(sql: string, end: string, from: number): number {
  const at = sql.indexOf(end, from)
  return at === -1 ? sql.length : at + end.length - 1
}

/** Counts the statements that write, or stand among those, on connections to files of this name; kills before number `killAt`. */
export function killAtStatement(name: string, killAt: number): { count(): number } {
  let count = 0
  const step = (): void => {
    count++
    if (count === killAt) process.kill(process.pid, 'SIGKILL')
  }
  const isWatched = (db: Database.Database): boolean =>
    path.basename(db.name) === name && !db.readonly
  const { exec, pragma, prepare } = Database.prototype
  Database.prototype.exec = function (this: Database.Database, sql: string) {
    if (!isWatched(this)) return exec.call(this, sql)
    for (const one of statementsOf(sql)) {
      step()
      exec.call(this, one)
    }
    return this
  }
  Database.prototype.pragma = function (
    this: Database.Database,
    sql: string,
    options?: Database.PragmaOptions,
  ) {
    if (isWatched(this)) step()
    return pragma.call(this, sql, options)
  }
  Database.prototype.prepare = function (this: Database.Database, sql: string) {
    const statement = prepare.call(this, sql)
    if (!isWatched(this) || statement.reader) return statement
    const run = statement.run.bind(statement)
    statement.run = (...given: unknown[]) => {
      step()
      return (run as (...all: unknown[]) => Database.RunResult)(...given)
    }
    return statement
  } as typeof prepare
  return { count: () => count }
}
