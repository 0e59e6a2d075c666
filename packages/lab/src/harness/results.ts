import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { GuerdonError } from '@guerdon/core'
import type { Budget, FinishedRun } from './experiment.ts'

/** What a results folder holds, written when it is made. */
export interface Manifest {
  readonly experiment: string
  readonly version: number
  readonly budget: Budget
  /** What it ran on: enough to judge times by, nothing that names a machine. */
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string; readonly platform: string }
}

/** The folder of one experiment at one budget: a manifest, one file a finished run, one folder a seed for shared work. */
export interface ResultsFolder {
  readonly path: string
  readonly manifest: Manifest
}

/** The shape of this machine. */
export function machineShape(): Manifest['machine'] {
  const processors = cpus()
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
  }
}

/**
 * Opens a results folder, making it when it is not there. Finished runs in it are kept and will not be run again.
 *
 * @throws version when the folder was written by another experiment, version or budget
 */
export function openResults(path: string, wanted: Omit<Manifest, 'machine'>): ResultsFolder {
  const file = join(path, 'manifest.json')
  const found = readJson(file) as Manifest | undefined
  if (found !== undefined) {
    for (const key of ['experiment', 'version', 'budget'] as const) {
      if (found[key] !== wanted[key]) {
        throw new GuerdonError(
          'version',
          `expected results of ${key} ${wanted[key]} in ${path}; found ${key} ${found[key]}`,
          {
            path: [file, key],
            hint: 'choose another folder with --results, or clear this one with --fresh',
          },
        )
      }
    }
    return { path, manifest: found }
  }
  mkdirSync(join(path, 'runs'), { recursive: true })
  const manifest: Manifest = { ...wanted, machine: machineShape() }
  writeAtomic(file, JSON.stringify(manifest, null, 2))
  return { path, manifest }
}

/** Removes everything a results folder holds. Refuses a folder that is not one. */
export function clearResults(path: string): void {
  if (!exists(path)) return
  if (!exists(join(path, 'manifest.json')) && readdirSync(path).length > 0) {
    throw new GuerdonError('invalid_input', `expected a results folder; ${path} has files but no manifest.json`, {
      hint: 'point --results at a folder of results, or at one that does not exist yet',
    })
  }
  rmSync(path, { recursive: true, force: true })
}

/** The folder for work that the arms of a seed share. */
export function seedFolder(results: string, seed: number): string {
  const folder = join(results, 'prepared', String(seed))
  mkdirSync(folder, { recursive: true })
  return folder
}

/** True when a seed's shared work is complete. */
export function isPrepared(results: string, seed: number): boolean {
  return exists(join(results, 'prepared', String(seed), 'done'))
}

/** Marks a seed's shared work as complete. */
export function markPrepared(results: string, seed: number): void {
  writeAtomic(join(seedFolder(results, seed), 'done'), '')
}

/** Stores a finished run; it is either there whole or not at all. */
export function saveRun(results: string, run: FinishedRun): void {
  writeAtomic(join(results, 'runs', `${run.arm}--${run.seed}.json`), JSON.stringify(run))
}

/** The finished run of an arm under a seed, if there is one. */
export function loadRun(results: string, arm: string, seed: number): FinishedRun | undefined {
  return readJson(join(results, 'runs', `${arm}--${seed}.json`)) as FinishedRun | undefined
}

function readJson(file: string): unknown {
  if (!exists(file)) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new GuerdonError('parse', `expected JSON in ${file}`, {
      cause,
      hint: 'remove the file; its run will be repeated',
    })
  }
}

/** Writes beside the target and renames, so that a crash leaves either the old content or the new. */
export function writeAtomic(file: string, content: string | Uint8Array): void {
  const temporary = `${file}.${process.pid}.partial`
  try {
    writeFileSync(temporary, content)
    renameSync(temporary, file)
  } catch (cause) {
    rmSync(temporary, { force: true })
    throw new GuerdonError('io', `could not write ${file}: ${(cause as Error).message}`, {
      cause,
      hint: 'finished runs are kept; free space or choose another folder with --results and run the command again',
    })
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
