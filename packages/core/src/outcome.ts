/** Why an item could not be scored. Stable; new classes are added, none change meaning. */
export const failureClasses = [
  'timeout',
  'parse',
  'range',
  'type',
  'transport',
  'sandbox',
  'memory',
  'output_limit',
  'refusal',
  'quota',
  'invalid_input',
  'too_large',
  'shutdown',
  'bug',
] as const
export type FailureClass = (typeof failureClasses)[number]

/** One failed scoring: its class, a sentence for people, and the component it happened in. */
export interface Failure {
  readonly class: FailureClass
  readonly message: string
  readonly component?: string
}

/** What became of scoring one item. A failure or an abstention is never a number. */
export type Outcome =
  | { readonly status: 'scored'; readonly value: number }
  | { readonly status: 'abstained'; readonly reason?: string }
  | { readonly status: 'failed'; readonly failure: Failure }

/** An item that has a number. */
export function scored(value: number): Outcome {
  return Number.isFinite(value) ? { status: 'scored', value } : failed('range', `expected a finite score; got ${value}`)
}

/** An item a component has nothing to say about; it leaves the statistics without being an error. */
export function abstained(reason?: string): Outcome {
  return reason === undefined ? { status: 'abstained' } : { status: 'abstained', reason }
}

/** An item that should have a number and has none. */
export function failed(failureClass: FailureClass, message: string, component?: string): Outcome {
  const failure: Failure =
    component === undefined ? { class: failureClass, message } : { class: failureClass, message, component }
  return { status: 'failed', failure }
}
