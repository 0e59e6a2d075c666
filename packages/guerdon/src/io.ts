/** Where a command reads and writes: the process, or a test. */
export interface Io {
  out(text: string): void
  err(text: string): void
  readonly stdin: AsyncIterable<Uint8Array>
  /** Errors go to a terminal that can redraw a line. */
  readonly terminal: boolean
}

/** The streams of this process. */
export const processIo: Io = {
  out: text => {
    process.stdout.write(text)
  },
  err: text => {
    process.stderr.write(text)
  },
  stdin: process.stdin,
  terminal: process.stderr.isTTY === true,
}
