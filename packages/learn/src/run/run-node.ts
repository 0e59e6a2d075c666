import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GuerdonError } from '@guerdon/core'
import type { Learner, RunSink } from './learner.ts'
import { assertSameOwner } from './learner-state.ts'
import { parseRunLog, pointLine, runHeader } from './run-log.ts'

/** A run in a folder. */
export interface Run extends RunSink {
  close(): void
}

const logName = 'run.jsonl'
const checkpointName = 'checkpoint.safetensors'

/**
 * Opens or goes on with the run of a folder: `run.jsonl`, a point an update, and `checkpoint.safetensors`, the last state
 * kept. If there is a checkpoint, the learner is restored from it and points after it are taken back, so that a run killed
 * at any moment ends with the same bytes as one that was not. One process at a time may write to a folder.
 *
 * @throws shape_mismatch when the folder holds a run of another learner or other settings; parse, version for damaged or
 * foreign files; state when the log ends before its checkpoint
 */
export function openRun(folder: string, learner: Learner): Run {
  mkdirSync(folder, { recursive: true })
  const logPath = join(folder, logName)
  const checkpointPath = join(folder, checkpointName)
  const log = existsSync(logPath) ? parseRunLog(readFileSync(logPath, 'utf8'), logPath) : null
  if (log) assertSameOwner(learner, log)
  if (existsSync(checkpointPath)) learner.restore(new Uint8Array(readFileSync(checkpointPath)))
  const done = learner.updates()
  const points = log?.points.slice(0, done) ?? []
  if (points.length < done) {
    throw new GuerdonError('state', `expected ${done} points before the checkpoint; the log has ${points.length}`, {
      file: logPath,
      hint: 'log and checkpoint are not of one run: restore the log, or start again in an empty folder',
    })
  }
  const kept = runHeader(learner) + points.map(({ update, point }) => pointLine(update, point)).join('')
  replaceFile(logPath, kept)
  const file = openSync(logPath, 'a')
  return {
    points,
    append: (update, point) => writeFileSync(file, pointLine(update, point)),
    checkpoint: (_update, bytes) => {
      // the points must be safe before the state that counts on them
      fsyncSync(file)
      replaceFile(checkpointPath, bytes)
    },
    close: () => closeSync(file),
  }
}

/** Whoever looks at `path`, also after a crash, sees the old contents or the new ones, whole. */
function replaceFile(path: string, contents: string | Uint8Array): void {
  const next = openSync(`${path}.next`, 'w')
  writeFileSync(next, contents)
  fsyncSync(next)
  closeSync(next)
  renameSync(`${path}.next`, path)
}
