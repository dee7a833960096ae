// Prints the README's tables that come out of the code: `node scripts/readme-tables.ts`; test/house.test.ts compares.

import { ERRORS, type ErrorCode } from '../src/base/errors.ts'
import { EXIT } from '../src/base/exit-codes.ts'
import { STATUS } from '../src/http/problem.ts'

/** Error codes with HTTP status and title, several a line. */
export function errorTable(): string {
  const rows = (Object.keys(ERRORS) as ErrorCode[]).map(
    (code) => `| ${code} | ${STATUS[code]} | ${ERRORS[code].title} |`,
  )
  return ['| code | HTTP | title |', '| --- | --- | --- |', ...rows].join('\n')
}

/** Exit codes by number. */
export function exitTable(): string {
  const rows = Object.entries(EXIT).map(([name, code]) => `| ${code} | ${name} |`)
  return ['| exit | meaning |', '| --- | --- |', ...rows].join('\n')
}

if (import.meta.main) console.log(`${exitTable()}\n\n${errorTable()}`)
