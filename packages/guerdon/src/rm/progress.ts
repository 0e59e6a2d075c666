import cliProgress from 'cli-progress'
import type { Io } from '../io.ts'

/** Says on standard error how far long work is. */
interface Progress {
  update(done: number, total: number, now: string): void
  stop(): void
}

const LINE_EVERY_MS = 5000

/** A bar on a terminal; elsewhere a line every five seconds; nothing when `quiet`. */
function progressOf(io: Io, what: string, options: { readonly quiet: boolean }): Progress {
  if (options.quiet) return { update: () => undefined, stop: () => undefined }
  let lastLine = performance.now()
  let bar: cliProgress.SingleBar | undefined
  return {
    update(done, total, now) {
      if (io.terminal) {
        if (bar === undefined) {
          bar = new cliProgress.SingleBar(
            {
              format: `{bar} {value} of {total} ${what} · {eta_formatted} left{now}`,
              stream: process.stderr,
              hideCursor: true,
              clearOnComplete: true,
            },
            cliProgress.Presets.shades_grey,
          )
          bar.start(total, done - 1, { now })
        }
        bar.update(done, { now })
      } else if (performance.now() - lastLine >= LINE_EVERY_MS) {
        lastLine = performance.now()
        io.err(`${done} of ${total} ${what}${now}\n`)
      }
    },
    stop: () => bar?.stop(),
  }
}

/** Of training: updates, loss, and the held-out loss when it was last looked at. */
export function trainingProgress(io: Io, total: number, options: { readonly quiet: boolean }) {
  const progress = progressOf(io, 'updates', options)
  let heldOut = ''
  return {
    update(update: number, measured: { readonly loss: number; readonly heldOutLoss: number | null }): void {
      if (measured.heldOutLoss !== null) heldOut = ` · held out ${measured.heldOutLoss.toFixed(4)}`
      progress.update(update, total, ` · loss ${measured.loss.toFixed(4)}${heldOut}`)
    },
    stop: progress.stop,
  }
}

/** Of judging: responses. */
export function judgingProgress(io: Io, options: { readonly quiet: boolean }) {
  const progress = progressOf(io, 'responses', options)
  return { update: (done: number, total: number): void => progress.update(done, total, ''), stop: progress.stop }
}
