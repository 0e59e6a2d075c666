import { InvalidArgumentError } from 'commander'

/** An option's value as a whole number ≥ 0. */
export function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('expected a whole number ≥ 0')
  return value
}
