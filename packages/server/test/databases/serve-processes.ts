import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProgram } from '../start-program.ts'

const program = fileURLToPath(new URL('../../../guerdon/dist/cli.js', import.meta.url))

/** A recipe whose rewards depend on every batch its run has seen. */
const moments = '{ use: par, with: { shape: meanStd }, columns: { rollout.score: rollout.outcome } }'
const stateful = `name: moments\nsteps: [${moments}]\n`
/** The same with a step before it. */
export const longer = `name: moments\nsteps: [format, ${moments}]\n`
const stateless = 'name: plain\nsteps: [format]\n'

/** A `guerdon serve` in a process of its own. */
export interface Served {
  readonly child: ChildProcess
  readonly url: string
  /** What it wrote to standard error. */
  log(): string
}

/** Servers of the command line; `end` kills them all. */
export function createServes() {
  const folder = mkdtempSync(join(tmpdir(), 'guerdon-serves-'))
  const children: ChildProcess[] = []
  writeFileSync(join(folder, 'stateful.yaml'), stateful)
  writeFileSync(join(folder, 'stateless.yaml'), stateless)
  return {
    folder,
    start: async (
      store: string,
      { recipe = 'stateful', more = [] }: { readonly recipe?: string; readonly more?: readonly string[] } = {},
    ): Promise<Served> => {
      const parameters = ['serve', '--recipe', join(folder, `${recipe}.yaml`), '--port', '0', ...more]
      const served = startProgram([program, ...parameters], { ...process.env, GUERDON_STORE: store })
      children.push(served.child)
      await served.started
      return { child: served.child, url: /http:\S+/.exec(served.out())?.[0] ?? '', log: served.err }
    },
    end: () => {
      for (const child of children.splice(0)) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** An answer of `/v1/score`. */
export interface Scored {
  readonly status: number
  readonly retryAfter: string | null
  readonly replayed: boolean
  readonly text: string
  readonly update: number
  readonly items: unknown
}

/** Sends one rollout with an outcome that no other has. */
export async function score(url: string, run: string, number: number, key?: string): Promise<Scored> {
  const answer = await fetch(`${url}/v1/score?run=${run}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
    body: JSON.stringify({ rollouts: [{ id: `r${number}`, prompt: 'p', response: 'r', outcome: Math.sqrt(number) }] }),
  })
  const text = await answer.text()
  const body = answer.status === 200 ? JSON.parse(text) : { provenance: {} }
  return {
    status: answer.status,
    retryAfter: answer.headers.get('retry-after'),
    replayed: answer.headers.get('idempotency-replayed') === 'true',
    text,
    update: body.provenance.update,
    items: body.items,
  }
}
