import cliProgress from 'cli-progress'
import type { Io } from '../io.ts'
import { formatCount } from './format.ts'

/** Says on standard error how far a long reading is. */
export interface ReadingProgress {
  update(rollouts: number, bytes: number): void
  stop(): void
}

/** Nothing before this, so that short work stays quiet. */
const QUIET_MS = 2000
const LINE_EVERY_MS = 5000

/** A bar on a terminal, a line now and then elsewhere; `size` is the number of bytes to come, if known. */
export function readingProgress(io: Io, size: number | undefined): ReadingProgress {
  const started = performance.now()
  let lastLine = started + QUIET_MS - LINE_EVERY_MS
  let bar: cliProgress.SingleBar | undefined
  return {
    update: (rollouts, bytes) => {
      const now = performance.now()
      if (now - started < QUIET_MS) return
      if (io.terminal && size !== undefined) {
        if (bar === undefined) {
          bar = new cliProgress.SingleBar(
            {
              format: '{bar} {percentage} % · {rollouts} rollouts',
              stream: process.stderr,
              hideCursor: true,
              clearOnComplete: true,
            },
            cliProgress.Presets.shades_grey,
          )
          bar.start(size, bytes, { rollouts: formatCount(rollouts) })
        }
        bar.update(bytes, { rollouts: formatCount(rollouts) })
      } else if (now - lastLine >= LINE_EVERY_MS) {
        lastLine = now
        const share = size === undefined ? '' : `${Math.floor((100 * bytes) / Math.max(size, 1))} %, `
        io.err(`${share}${formatCount(rollouts)} rollouts\n`)
      }
    },
    stop: () => bar?.stop(),
  }
}
