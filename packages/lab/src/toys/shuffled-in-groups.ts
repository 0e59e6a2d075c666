import type { Random } from '@guerdon/core'

/** A control's signals: those of each group of `groupSize` neighbours, given to the wrong ones of them. */
export function shuffledInGroups<T>(values: readonly T[], groupSize: number, random: Random): T[] {
  const shuffled: T[] = []
  for (let start = 0; start < values.length; start += groupSize) {
    shuffled.push(...random.shuffle(values.slice(start, start + groupSize)))
  }
  return shuffled
}
