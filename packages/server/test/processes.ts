import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProgram } from './start-program.ts'

// These servers run the compiled package in processes of their own.
const script = fileURLToPath(new URL('counting-server.mjs', import.meta.url))

/** A server of counting-server.mjs. */
export interface StartedServer {
  readonly child: ChildProcess
  readonly url: string
  /** What it wrote when it did not start. */
  readonly error: string
}

/** Servers on one folder of their own; `end` kills them all and removes it. */
export function createServers() {
  const folder = mkdtempSync(join(tmpdir(), 'guerdon-server-'))
  const children: ChildProcess[] = []
  return {
    folder,
    start: async (
      options: {
        readonly workers?: number
        readonly deadlineMs?: number
        readonly store?: boolean
        /** Folder of the records of scored batches. */
        readonly records?: string
      } = {},
    ) => {
      const { workers = 0, deadlineMs = 60_000, store = true, records = '' } = options
      const parameters = [script, store ? folder : '', String(workers), String(deadlineMs), records]
      const program = startProgram(parameters)
      children.push(program.child)
      await program.started
      return { child: program.child, url: program.out().trim(), error: program.err() } satisfies StartedServer
    },
    end: () => {
      for (const child of children.splice(0)) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Sends one batch of a run; the answer is how many batches the run has seen. */
export async function count(url: string, run: string, how: { readonly response?: string; readonly key?: string } = {}) {
  const { response = 'r', key } = how
  const answer = await fetch(`${url}/adapters/slime?run=${run}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
    body: JSON.stringify({ prompt: 'p', response, label: null }),
  })
  if (answer.status !== 200) throw new Error(`status ${answer.status}: ${await answer.text()}`)
  return Number(await answer.text())
}
