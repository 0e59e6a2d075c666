import { describeValue, type ErrorCode, type ErrorPath, formatPath, GuerdonError } from './errors.ts'

/** What to do about NaN and ±Infinity. */
export const missingHint = 'leave out what is missing (absent or null) instead of sending NaN or Infinity'

/** What is wrong with one rollout. */
export interface RolloutFault {
  readonly rollout: string
  readonly path: ErrorPath
  readonly expected: string
  readonly got: string
  readonly code?: ErrorCode
  readonly hint?: string
}

/** The error for a faulty rollout: `expected … ; got … — rollout "r7", turns[1].span`. */
export function rolloutError(fault: RolloutFault): GuerdonError {
  const field = fault.path.length > 0 ? `, ${formatPath(fault.path)}` : ''
  return new GuerdonError(
    fault.code ?? 'invalid_input',
    `expected ${fault.expected}; got ${fault.got} — rollout ${describeValue(fault.rollout)}${field}`,
    {
      path: fault.path,
      rollout: fault.rollout,
      expected: fault.expected,
      got: fault.got,
      ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    },
  )
}
