import { type ErrorCode, type ErrorPath, GuerdonError } from '@guerdon/core'

/** Codes of what can go wrong with a request, besides those of `GuerdonError`. */
export type RequestErrorCode =
  | ErrorCode
  | 'too_large'
  | 'unsupported_media_type'
  | 'unauthorized'
  | 'conflict'
  | 'overloaded'
  | 'unscored'
  | 'shutdown'
  | 'cancelled'
  | 'forbidden'
  | 'unavailable'
  | 'not_found'

/** The further facts a refused request may carry. */
export interface RequestErrorDetails {
  readonly hint?: string
  readonly path?: ErrorPath
  /** Seconds after which it is worth trying again; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number
  /** The connection is closed after the answer, because the rest of its request was not read. */
  readonly close?: boolean
  /** Kind and call stack of a fault in another process, for the log. */
  readonly trace?: string
}

/** A request that is answered with an error status. */
export class RequestError extends Error {
  readonly status: number
  readonly code: RequestErrorCode
  readonly details: RequestErrorDetails

  constructor(status: number, code: RequestErrorCode, message: string, details: RequestErrorDetails = {}) {
    super(message)
    this.name = 'RequestError'
    this.status = status
    this.code = code
    this.details = details
  }
}

const statusOf: Readonly<Record<ErrorCode, number>> = {
  invalid_input: 422,
  invalid_option: 422,
  missing_column: 422,
  unknown_name: 404,
  shape_mismatch: 422,
  not_finite: 422,
  empty: 422,
  unsupported: 422,
  parse: 400,
  version: 409,
  state: 500,
  io: 503,
  aborted: 503,
  timeout: 504,
  internal: 500,
}

/** Any thrown value as the error to answer with. What is not an error of ours is `internal` and tells nothing of itself. */
export function asRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error
  if (error instanceof GuerdonError) {
    return new RequestError(statusOf[error.code], error.code, error.message, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.path === undefined ? {} : { path: error.path }),
      ...(error.code === 'io' ? { retryAfterSeconds: 5 } : {}),
    })
  }
  return new RequestError(500, 'internal', 'the server met a fault of its own; its log has the trace')
}

/** The body of an error answer: `{ error: { code, message, hint, path } }`. */
export function errorBody({ code, message, details: { hint, path } }: RequestError): string {
  return JSON.stringify({ error: { code, message, hint, path } })
}
