import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A server in a process of its own. */
export interface StartedProgram {
  readonly child: ChildProcess
  /** Resolves when it has written a line, or ended. */
  readonly started: Promise<void>
  /** What it wrote to standard output. */
  out(): string
  /** What it wrote to standard error. */
  err(): string
}

/** Starts a Node program. */
export function startProgram(parameters: readonly string[], env = process.env): StartedProgram {
  const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'pipe'], env })
  let out = ''
  let err = ''
  child.stdout.on('data', part => {
    out += part
  })
  child.stderr.on('data', part => {
    err += part
  })
  const closed = once(child, 'close')
  const untilStarted = async () => {
    while (!out.includes('\n')) {
      const ended = await Promise.race([closed, new Promise(resolve => setTimeout(resolve, 10))])
      if (ended !== undefined) break
    }
  }
  return { child, started: untilStarted(), out: () => out, err: () => err }
}
