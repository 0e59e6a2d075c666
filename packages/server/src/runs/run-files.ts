import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { open, readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { GuerdonError } from '@guerdon/core'
import { lockFolder } from './lock.ts'
import { type FoundRun, type Reading, RUN_FORMAT, type RunStore, type SavedRun } from './run-store.ts'

/** One process writes a file: what it has written is what it knows. */
const REVISION = 'file'

/**
 * The states of runs in a folder, one file each, replaced as a whole; for this process alone. Throws `io` when it cannot be
 * used or another server has it. With `shared`, another process holds the lock and hands each run to one process only.
 */
export function openRunFiles(folder: string, { shared = false }: { readonly shared?: boolean } = {}): RunStore {
  const runs = join(folder, 'runs')
  if (shared) return filesIn(runs, () => undefined)
  try {
    mkdirSync(runs, { recursive: true })
  } catch (cause) {
    throw new GuerdonError('io', `expected a folder for the store; got ${folder}: ${words(cause)}`, { cause })
  }
  const lock = lockFolder(folder)
  for (const name of readdirSync(runs)) if (name.endsWith('.partial')) rmSync(join(runs, name), { force: true })
  return filesIn(runs, () => lock.release())
}

function filesIn(runs: string, close: () => void): RunStore {
  const fileOf = (run: string) => join(runs, `${run}.json`)
  const read = async (run: string, known?: string): Promise<Reading> =>
    known === undefined ? await readRun(fileOf(run)) : 'unchanged'
  return {
    check: async () => undefined,
    names: async () =>
      (await readdir(runs)).flatMap(name => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : [])),
    read,
    hold: async run => ({
      read: known => read(run, known),
      write: async saved => {
        await replace(fileOf(run), runs, JSON.stringify({ format: RUN_FORMAT, run, ...saved }))
        return REVISION
      },
      release: async () => undefined,
    }),
    close: async () => close(),
  }
}

async function readRun(file: string): Promise<FoundRun | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new GuerdonError('io', `expected to read ${file}; got: ${words(cause)}`, { file, cause })
  }
  let saved: Partial<SavedRun & { format: number }>
  try {
    saved = JSON.parse(text) as typeof saved
  } catch (cause) {
    throw new GuerdonError('state', `expected the saved state of a run; got a damaged file — ${file}`, { file, cause })
  }
  if (saved.format !== RUN_FORMAT || !Number.isInteger(saved.update) || typeof saved.state !== 'string') {
    throw new GuerdonError('version', `expected a run saved in format ${RUN_FORMAT}; got another — ${file}`, { file })
  }
  // Files of the first release have no answers.
  const answers = Array.isArray(saved.answers) ? saved.answers : []
  return { update: saved.update as number, state: saved.state, answers, revision: REVISION }
}

async function replace(file: string, folder: string, text: string): Promise<void> {
  try {
    // A name of its own: a worker that its server left behind may be at the same file.
    const written = `${file}.${process.pid}.partial`
    const partial = await open(written, 'w')
    try {
      await partial.writeFile(text)
      await partial.sync()
    } finally {
      await partial.close()
    }
    await rename(written, file)
    const entries = await open(folder, 'r')
    // Makes the new name itself durable.
    await entries.sync().finally(() => entries.close())
  } catch (cause) {
    throw new GuerdonError('io', `expected to save the state of a run; got: ${words(cause)} — ${file}`, { file, cause })
  }
}

function words(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
