#!/usr/bin/env node
// Starts the command line; everything else is in src/cli.
import { runProcess } from '../src/cli/main.ts'

void runProcess(process.argv.slice(2))
