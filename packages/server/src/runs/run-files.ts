import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { GuerdonError } from '@guerdon/core'
import { lockFolder } from './lock.ts'
import type { StoredAnswer } from './stored-answers.ts'

/** A run as it is kept: how many batches it has seen, and the recipe's state after them. */
export interface SavedRun {
  readonly update: number
  /** What `recipe.saveState` wrote. */
  readonly state: string
  /** The latest answers to requests with a key, oldest first; absent in files of the first release. */
  readonly answers?: readonly StoredAnswer[]
}

/** The states of runs in a folder, one file each, replaced as a whole. */
export interface RunFiles {
  /** The names of the runs there are. */
  names(): string[]
  /** `undefined` for a run that was never saved. Throws `state` for a damaged file. */
  read(run: string): SavedRun | undefined
  /** Resolves when the state is on the disk. Throws `io`. */
  write(run: string, saved: SavedRun): Promise<void>
  /** Lets other processes use the folder. */
  close(): void
}

const FORMAT = 1

/**
 * Opens a folder for this process alone. Throws `io` when it cannot be used or another server has it. With `shared`, another
 * process holds the lock and hands each run to one process only.
 */
export function openRunFiles(folder: string, { shared = false }: { readonly shared?: boolean } = {}): RunFiles {
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

function filesIn(runs: string, close: () => void): RunFiles {
  return {
    names: () => readdirSync(runs).flatMap(name => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : [])),
    read: run => readRun(join(runs, `${run}.json`)),
    write: (run, saved) => replace(join(runs, `${run}.json`), runs, JSON.stringify({ format: FORMAT, run, ...saved })),
    close,
  }
}

function readRun(file: string): SavedRun | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
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
  if (saved.format !== FORMAT || !Number.isInteger(saved.update) || typeof saved.state !== 'string') {
    throw new GuerdonError('version', `expected a run saved in format ${FORMAT}; got another — ${file}`, { file })
  }
  const answers = Array.isArray(saved.answers) ? saved.answers : []
  return { update: saved.update as number, state: saved.state, answers }
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
