/** One line of the log. No prompt, response, label, header or error text of user data is ever part of it. */
export interface LogEvent {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: string
  readonly requestId?: string
  readonly route?: string
  readonly run?: string
  readonly status?: number
  /** Milliseconds from the first byte to the answer. */
  readonly ms?: number
  readonly bytes?: number
  readonly replayed?: boolean
  /** Code of the error. */
  readonly code?: string
  /** Kind and call stack of an unexpected fault, without its message. */
  readonly trace?: string
  /** Facts of the process: port, recipe, folder. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>
}

/** Where events go. */
export type Log = (event: LogEvent) => void

/** A log that writes one JSON object a line. */
export function jsonLog(write: (line: string) => void): Log {
  return event => write(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`)
}

/** Kind and call stack of an error without its message, which may quote data. */
export function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const frames = (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line))
  return [error.name, ...frames.slice(0, 8).map(line => line.trim())].join(' | ')
}
