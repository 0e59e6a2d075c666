#!/usr/bin/env node
import { processIo } from './io.ts'
import { main } from './main.ts'

// A reader such as `head` may close the pipe early: that is its right, not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

// A command may have set an exit code of its own.
const code = await main(process.argv.slice(2), processIo)
if (code !== 0) process.exitCode = code
