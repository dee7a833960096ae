#!/usr/bin/env node
// Starts the command line; everything else is in src/cli.
import { main } from '../src/cli/main.ts'

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
})
