import { batchFromRollouts, GuerdonError } from '../index.ts'

/** What the rollouts bring beside the built-in columns. */
export const records = [{ name: 'rollout.score' as const, kind: 'number' as const }]

/** Rollouts: (outcome, score) = (1, 3), (0, −5), (failed, abstained). */
export const batch = batchFromRollouts([
  {
    id: 'a',
    group: 'g',
    prompt: 'p',
    response: 'one two',
    outcome: 1,
    columns: { score: 3 },
    turns: [
      { action: 'x', reward: 2 },
      { action: 'y', reward: 4 },
    ],
  },
  { id: 'b', group: 'g', prompt: 'p', response: 'one', outcome: 0, columns: { score: -5 } },
  { id: 'c', prompt: 'q', response: '', outcome: { status: 'failed', failure: { class: 'timeout', message: 'late' } } },
])

/** The error that `act` throws. */
export function refusal(act: () => unknown): GuerdonError {
  try {
    act()
  } catch (error) {
    if (error instanceof GuerdonError) return error
    throw error
  }
  throw new Error('expected a refusal')
}
